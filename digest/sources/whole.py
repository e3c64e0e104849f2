"""Whole items only: what every reader asks of an item before it hands it over."""

import re
from collections.abc import Iterable
from datetime import date, datetime

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources.markup import text_of
from digest.sources.sanitize import HTML_CAP, clean_html, clean_line, count_words, is_too_long

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_LEAD = 80
#: A date outside these is a slip or a trap; the item then has none.
_EARLIEST, _LATEST = 1900, 2200


def whole_item(
    *,
    title: str,
    html: str,
    where: str,
    base: str | None = None,
    line: int | None = None,
    guid: str | None = None,
    link: str | None = None,
    published: date | datetime | None = None,
    people: tuple[str, ...] = (),
    word_count: int | None = None,
    excerpt: bool = False,
    categories: tuple[str, ...] = (),
    language: str | None = None,
) -> FoundItem:
    """An item with its body cleaned and its words counted; UnreadableSource, saying `where`, when a part is missing.

    A missing title is made of the first words, as RSS and JSON Feed allow none; readers that must have one ask first.
    """
    if is_too_long(html):
        what = f"the text of {where} is longer than {HTML_CAP:,} characters."
        raise UnreadableSource(what, line=line, remedy="Shorten it or take it out.")
    body_html = clean_html(html, base or link)
    body_text = text_of(body_html)
    title = title or first_words(body_text)
    if not title:
        raise UnreadableSource(f"{where} has neither a title nor a text.", line=line, remedy="Give it a title.")
    if not body_text and not link:
        raise UnreadableSource(
            f"{where} has neither a text nor a link.", line=line, remedy="Complete it or take it out."
        )
    counted = count_words(body_text) if body_text and not excerpt else None
    return FoundItem(
        title=title,
        guid=guid or None,
        link=link,
        published=published if published and _EARLIEST <= published.year <= _LATEST else None,
        people=people,
        body_html=body_html,
        body_text=body_text,
        word_count=counted if word_count is None else word_count,
        excerpt=excerpt,
        categories=categories,
        language=language if language and _LANGUAGE.fullmatch(language) else None,
    )


def first_words(text: str) -> str:
    """The beginning of a text, cut after a word, to stand for a title it does not have."""
    line = text.split("\n", 1)[0].removeprefix("• ")
    return line if len(line) <= _LEAD else line[:_LEAD].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def clean_lines(values: Iterable[str]) -> tuple[str, ...]:
    """Names or labels as clean lines, each once and none empty, at most 50; addresses are nobody's name."""
    lines = dict.fromkeys(clean_line(value) for value in values)
    return tuple(line for line in lines if line and not re.fullmatch(r"\S+@\S+", line))[:50]
