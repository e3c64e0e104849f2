"""Feeds: RSS and Atom of every version, by feedparser, from bytes alone."""

import re
from calendar import timegm
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from xml.sax import SAXParseException

import feedparser

from digest.errors import UnreadableSource
from digest.model.item import FoundItem, Image
from digest.sources.decoding import decode
from digest.sources.feeddates import moment
from digest.sources.feedtext import FIND_FEED, document_of, feed_in
from digest.sources.pictures import picture
from digest.sources.sanitize import clean_line, clean_link, fold, html_to_text, plain_to_html
from digest.sources.whole import clean_lines, whole_item

# A summary longer than this is no summary; what is beyond is not looked at.
_SUMMARY = 4000
_MARKUP = re.compile(r"</|<p>|<br|&\w+;")
_TEXTS = frozenset({"text/plain", "text/html", "application/xhtml+xml", "text", "html", "xhtml", ""})
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:[?#]|$)", re.IGNORECASE)
# What WordPress writes below every text: that the post was there first.
_FIRST_HERE, _FIRST = "<p>The post ", re.compile(r"\b(?:appeared first|first appeared) on\b")

# feedparser gives dictionaries of whatever the feed has; `Any` ends where `whole_item` begins. They are asked by
# `dict.get`, as their own look-up gives one thing for another, and takes its time.
_Entry = dict[str, Any]
_get = dict.get


def read(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    """All entries of a feed, which may be none; UnreadableSource, naming the line when known, for anything else.

    An entry of which nothing can be made is passed over, unless there is no other: it would hold up all news to come.
    """
    feed = _parsed(data, base, charset)
    language = _get(feed["feed"], "language")
    items: list[FoundItem] = []
    refused: list[UnreadableSource] = []
    for number, entry in enumerate(feed["entries"], 1):
        try:
            items.append(_item(entry, number, base, language))
        except UnreadableSource as problem:
            refused.append(problem)
    if refused and not items:
        raise refused[0]
    return items


def feed_name(data: bytes, *, charset: str = "") -> str:
    """What the feed calls itself, in one line; empty when it does not. UnreadableSource when it is none."""
    return clean_line(str(_get(_parsed(data, None, charset)["feed"], "title") or ""))


def _parsed(data: bytes, base: str | None, charset: str) -> _Entry:
    text, above = feed_in(decode(data, charset))
    feed = _asked(document_of(text), base)
    if not feed.get("version"):
        raise UnreadableSource("it is not an RSS or Atom feed.", line=_line(feed, above), remedy=FIND_FEED)
    if feed["bozo"] and not feed["entries"]:
        raise UnreadableSource("the feed is broken.", line=_line(feed, above), remedy="Correct its XML.")
    return feed


def _asked(document: bytes, base: str | None) -> _Entry:
    # A stream, as feedparser would open bytes or text that happen to be a path or an address. The header makes it
    # read UTF-8 whatever the document declares.
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base or ""}
    try:
        feed: _Entry = feedparser.parse(
            BytesIO(document), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as exc:  # it has stumbled over elements in strange places, over none that an honest feed has
        what = f"the feed makes its parser stumble ({type(exc).__name__})."
        raise UnreadableSource(what, remedy="Correct its XML.") from exc
    return feed


def _line(feed: _Entry, above: int) -> int | None:
    problem = feed.get("bozo_exception")
    line = problem.getLineNumber() if isinstance(problem, SAXParseException) else None
    return line + above if line else None


def _item(entry: _Entry, number: int, base: str | None, language: str | None) -> FoundItem:
    body, excerpt = _body(entry)
    link = _link(entry, base)
    return whole_item(
        title=clean_line(_get(entry, "title") or ""),
        html=_html(body),
        where=f"entry {number} of the feed",
        base=_get(body, "base") or link or base,
        guid=fold(_get(entry, "id") or ""),
        link=link,
        published=_published(entry),
        people=clean_lines(_names(entry)),
        excerpt=excerpt,
        categories=clean_lines(_get(tag, "label") or _get(tag, "term") or "" for tag in _get(entry, "tags", ())),
        language=_get(body, "language") or language,
        lead="" if excerpt else _summary(entry, body),
        images=tuple(_images(entry, base)),
    )


def _link(entry: _Entry, base: str | None) -> str | None:
    """Where the piece is, past FeedBurner's counting if need be."""
    for name in ("feedburner_origlink", "link"):
        link = clean_link(str(_get(entry, name) or ""), base)
        if link:
            return link
    return None


def _names(entry: _Entry) -> Iterator[str]:
    for author in _get(entry, "authors", ()):
        yield str(_get(author, "name") or "").strip(" ()<>")


def _body(entry: _Entry) -> tuple[_Entry, bool]:
    """The content, else the summary, and whether it is only that; a feed may well have neither."""
    for content in _get(entry, "content", ()):
        if _get(content, "type", "") in _TEXTS and _get(content, "value", "").strip():
            return content, False
    summary: _Entry = _get(entry, "summary_detail") or {}
    if not _get(summary, "value", "").strip():
        words = str(_get(entry, "told") or _get(entry, "shown") or "")
        summary = {"value": words, "type": "text/html" if _MARKUP.search(words) else "text/plain"}
    return summary, bool(summary["value"].strip())


def _html(body: _Entry) -> str:
    value: str = _get(body, "value", "")
    if _get(body, "type") != "text/plain":
        end = value.rfind(_FIRST_HERE, -_SUMMARY)
        return value[:end] if end >= 0 and _FIRST.search(value, end) else value
    return plain_to_html(value)


def _summary(entry: _Entry, body: _Entry) -> str:
    """The summary beside a content, as plain text."""
    summary = _get(entry, "summary_detail") or {}
    value = _get(summary, "value", "")
    if not value or value == _get(body, "value"):
        return ""
    return " ".join(html_to_text(_html({"value": value[:_SUMMARY], "type": _get(summary, "type")})).split())


def _images(entry: _Entry, base: str | None) -> Iterator[Image]:
    """The pictures that stand beside the text: the largest of each kind, as others are the same in small."""
    alt = str(_get(entry, "shown") or "") if _get(entry, "summary") else ""
    media = [each for each in _get(entry, "media_content", ()) if _is_picture(each)]
    shown = _largest(media) or _largest(_get(entry, "media_thumbnail", ()))
    enclosed = [link for link in _get(entry, "links", ()) if _get(link, "rel") == "enclosure" and _is_picture(link)]
    own = _get(entry, "image")
    for each in (*shown, *enclosed, *([own] if isinstance(own, dict) else [])):
        image = picture(str(_get(each, "url") or _get(each, "href") or ""), clean_line(alt), base)
        if image:
            yield image


def _is_picture(media: _Entry) -> bool:
    kind = str(_get(media, "medium") or _get(media, "type") or "")
    if kind:
        return kind.startswith("image")
    return _PICTURE.search(str(_get(media, "url") or _get(media, "href") or "")) is not None


def _largest(media: Iterable[_Entry]) -> list[_Entry]:
    """The widest alone where widths are given; else all."""
    every = list(media)
    sized = [each for each in every if _width(each)]
    return [max(sized, key=_width)] if sized else every


def _width(media: _Entry) -> int:
    width = str(_get(media, "width") or "")
    return int(width) if re.fullmatch(r"\d{1,5}", width, re.ASCII) else 0


def _published(entry: _Entry) -> date | datetime | None:
    """When it was published, or else last changed: an instant, or a day where the feed names only a day."""
    for name in ("published", "updated", "created"):
        given = str(_get(entry, name) or "")
        when = moment(given)
        if when is None and given and not given.isascii():
            when = _foreign(_get(entry, f"{name}_parsed"))
        if when:
            return when
    return None


def _foreign(parsed: Any) -> datetime | None:
    """What feedparser makes of dates in Greek, Hungarian and Korean."""
    return datetime.fromtimestamp(timegm(parsed), UTC) if parsed and 1900 <= parsed[0] < 2200 else None
