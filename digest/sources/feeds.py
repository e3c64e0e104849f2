"""Feeds: RSS and Atom, by feedparser, from bytes alone."""

import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from xml.sax import SAXParseException

import feedparser

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources.decoding import decode, line_at
from digest.sources.sanitize import clean_line, clean_link, fold, text_to_html
from digest.sources.whole import clean_lines, whole_item

FIND_FEED = "Give the address of an RSS or Atom feed."
#: The first element of RSS 2.0, Atom and RSS 1.0.
ROOTS = frozenset({"rss", "feed", "rdf"})

_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?P<subset>\[.*?\]\s*)?>\s*)*", re.DOTALL)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# feedparser takes a mail address for shorter than it is when its domain ends in more than four letters, and the rest
# of it for a name; as addresses are not kept anyway, they are taken out before.
_AUTHOR = re.compile(r"(<(?:author|dc:creator)>)([^<]{0,300})(?=</)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

# feedparser gives dictionaries of whatever the feed has; `Any` ends where `whole_item` begins.
_Entry = dict[str, Any]


def read(data: bytes, *, base: str | None = None) -> list[FoundItem]:
    """All entries of a feed, which may be none; UnreadableSource, naming the line when known, for anything else."""
    text = _CONTROLS.sub("", decode(data))
    _refuse_entities(text)
    _refuse_other(text)
    feed = _parsed(text, base)
    if not feed.get("version"):
        raise UnreadableSource("it is not an RSS or Atom feed.", line=_line(feed), remedy=FIND_FEED)
    if feed["bozo"] and not feed["entries"]:
        raise UnreadableSource("the feed is broken.", line=_line(feed), remedy="Correct its XML.")
    language = feed["feed"].get("language")
    return [_item(entry, number, base, language) for number, entry in enumerate(feed["entries"], 1)]


def root_of(text: str) -> str:
    """The name of the first element, without its prefix, in lower case; empty when there is none."""
    prolog = _PROLOG.match(text)
    root = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)").match(text, prolog.end() if prolog else 0)
    return root[1].lower() if root else ""


def _refuse_entities(text: str) -> None:
    """Raise for a document that defines entities of its own: no feed needs them, and they can grow without bound."""
    prolog = _PROLOG.match(text)
    if prolog and prolog["subset"]:
        line = line_at(text, prolog.start("subset"))
        raise UnreadableSource("the feed defines entities of its own.", line=line, remedy="Publish it without them.")


def _refuse_other(text: str) -> None:
    """Raise for what is no feed, and for one that was cut off; lesser faults are left for feedparser to forgive."""
    root = root_of(text)
    if root not in ROOTS:
        raise UnreadableSource("it is not an RSS or Atom feed.", line=1, remedy=FIND_FEED)
    if not re.search(rf"</(?:[\w.-]+:)?{root}\s*>\s*(?:<!--.*?-->\s*)*$", text[-2000:], re.IGNORECASE | re.DOTALL):
        last = line_at(text, len(text.rstrip()))
        raise UnreadableSource("the feed is cut off before its end.", line=last, remedy="Fetch it again.")


def _parsed(text: str, base: str | None) -> dict[str, Any]:
    # A stream, as feedparser would open bytes or text that happen to be a path or an address. The header makes it
    # read UTF-8 whatever the document declares, and the declaration is put on the first line so that lines agree.
    text = _AUTHOR.sub(lambda author: author[1] + _ADDRESS.sub("", author[2]), text)
    document = text if text.startswith("<?xml") else f"<?xml version='1.0'?>{text}"
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base or ""}
    stream = BytesIO(document.encode("utf-8", "replace"))
    feed: dict[str, Any] = feedparser.parse(
        stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    return feed


def _line(feed: dict[str, Any]) -> int | None:
    problem = feed.get("bozo_exception")
    return problem.getLineNumber() if isinstance(problem, SAXParseException) else None


def _item(entry: _Entry, number: int, base: str | None, language: str | None) -> FoundItem:
    body, excerpt = _body(entry)
    link = clean_link(str(entry.get("link", "")), base)
    return whole_item(
        title=clean_line(entry.get("title", "")),
        html=_html(body),
        where=f"entry {number} of the feed",
        base=body.get("base") or link or base,
        guid=fold(entry.get("id", "")),
        link=link,
        published=_published(entry),
        people=clean_lines(author.get("name", "").strip(" ()<>") for author in entry.get("authors", [])),
        excerpt=excerpt,
        categories=clean_lines(tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", [])),
        language=body.get("language") or language,
    )


def _body(entry: _Entry) -> tuple[_Entry, bool]:
    """The content, else the summary, and whether it is only that; a feed may well have neither."""
    for content in entry.get("content", []):
        if content.get("value", "").strip():
            return content, False
    summary = entry.get("summary_detail", {})
    return summary, bool(summary.get("value", "").strip())


def _html(body: _Entry) -> str:
    value: str = body.get("value", "")
    if body.get("type") != "text/plain":
        return value
    return text_to_html(part for part in re.split(r"\n\s*\n", value) if part.strip())


def _published(entry: _Entry) -> date | datetime | None:
    """When it was published, or else last changed: an instant, or a day where the feed names only a day."""
    for name, parsed in _dates(entry):
        if _DAY.fullmatch(name.strip()):
            return datetime.fromtimestamp(timegm(parsed), UTC).date()
        return datetime.fromtimestamp(timegm(parsed), UTC)
    return None


def _dates(entry: _Entry) -> Iterator[tuple[str, Any]]:
    for name in ("published", "updated"):
        # Past feedparser's own look-up, which would give one for the other with a warning.
        parsed = dict.get(entry, f"{name}_parsed")
        if parsed and 1900 <= parsed[0] < 2200:
            yield str(dict.get(entry, name, "")), parsed
