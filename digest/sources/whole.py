"""Whole items only: what every reader asks of an item before it hands it over."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from digest.errors import UnreadableSource
from digest.model.addresses import one_spelling
from digest.model.item import FoundItem, Image
from digest.sources import languages
from digest.sources.markup import text_of
from digest.sources.pictures import pictures_in, without_doubles
from digest.sources.sanitize import (
    HTML_CAP,
    LINK_CAP,
    clean_html,
    clean_line,
    count_words,
    fold,
    is_too_long,
    letters,
    plain_line,
)
from digest.sources.tracking import canonical, plain_guid

_LEAD = 80
#: A summary longer than this is cut.
LEAD_CAP = 500
#: How summaries that were cut end.
_CUT_OFF = re.compile(r"\s*(?:\[[^\[\]]{0,20}\]|…|\.\.\.)$")
#: A date outside these is a slip or a trap; the item then has none.
_EARLIEST, _LATEST = 1900, 2200
#: What a program writes that does not know the date.
_NEVER = (1970, 1, 1)


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
    lead: str = "",
    images: tuple[Image, ...] = (),
) -> FoundItem:
    """An item with its body cleaned and its words counted; UnreadableSource, saying `where`, when a part is missing.

    A missing title is made of the first words, as RSS and JSON Feed allow none; readers that must have one ask first.
    `images` are those that the source names beside the text; the pictures within it follow them. A language that the
    source does not name is guessed.
    """
    if is_too_long(html):
        raise _refusal(f"the text of {where} is longer than {HTML_CAP:,} characters.", line, "Shorten it.")
    link = canonical(link) if link else None
    body_html = clean_html(html, base or link)
    body_text = text_of(body_html)
    title = plain_line(title) or first_words(body_text)
    if not title:
        raise _refusal(f"{where} has neither a title nor a text.", line, "Give it a title.")
    if not body_text and not link:
        raise _refusal(f"{where} has neither a text nor a link.", line, "Complete it or take it out.")
    counted = count_words(body_text) if body_text and not excerpt else None
    return FoundItem(
        title=title,
        guid=plain_guid(guid, link) if guid and len(guid) <= LINK_CAP else None,
        link=link,
        published=published if _is_likely(published) else None,
        people=people,
        body_html=body_html,
        body_text=body_text,
        word_count=counted if word_count is None else word_count,
        excerpt=excerpt,
        categories=categories,
        lead=_lead(lead, body_text),
        images=without_doubles((*images, *pictures_in(html, base or link))),
        language=languages.tag(language) or languages.guessed(title, body_text),
    )


def _refusal(what: str, line: int | None, remedy: str) -> UnreadableSource:
    return UnreadableSource(what, line=line, remedy=remedy)


def told_apart(items: Sequence[FoundItem]) -> list[FoundItem]:
    """The items of one document without a guid that several of them bear though they are not the same.

    They are known by their links then; where several have the same link as well, by link and title. Links that differ
    only in how they are written are the same.
    """
    shared = _borne_by_several((_name(item.guid), _name(item.link) or item.title) for item in items)
    own = [replace(item, guid=None) if _name(item.guid) in shared else item for item in items]
    crowded = _borne_by_several((_name(item.link), item.title) for item in own if not item.guid)
    return [
        replace(item, guid=f"{item.link} {item.title}") if not item.guid and _name(item.link) in crowded else item
        for item in own
    ]


def _name(known_by: str | None) -> str:
    return one_spelling(known_by or "")


def _borne_by_several(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """The names that stand beside more than one other thing."""
    beside: dict[str, set[str]] = {}
    for name, other in pairs:
        if name:
            beside.setdefault(name, set()).add(other)
    return {name for name, others in beside.items() if len(others) > 1}


def _is_likely(published: date | datetime | None) -> bool:
    if published is None or (published.year, published.month, published.day) == _NEVER:
        return False
    return _EARLIEST <= published.year <= _LATEST


def _lead(given: str, body: str) -> str:
    """A summary in one line of at most 500 characters; none when it only says how the text begins."""
    if not given:
        return ""
    # Cut before it is looked at: no honest one is so long.
    line = fold(given[: 20 * LEAD_CAP])
    if len(line) > LEAD_CAP:
        line = line[: LEAD_CAP - 1].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"
    said = letters(_CUT_OFF.sub("", line))
    return "" if letters(body[: 2 * LEAD_CAP]).startswith(said) else line


def first_words(text: str) -> str:
    """The beginning of a text, cut after a word, to stand for a title it does not have."""
    line = text.split("\n", 1)[0].removeprefix("• ")
    return line if len(line) <= _LEAD else line[:_LEAD].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def clean_lines(values: Iterable[str]) -> tuple[str, ...]:
    """Names or labels as clean lines, each once and none empty, at most 50; addresses are nobody's name."""
    lines = dict.fromkeys(clean_line(value) for value in values)
    return tuple(line for line in lines if line and not re.fullmatch(r"\S+@\S+", line))[:50]
