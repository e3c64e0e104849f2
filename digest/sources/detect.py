"""Detection: what kind of source some bytes are, and the reader for it."""

import re
from typing import Protocol

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.model.source import Selectors
from digest.sources import captures, csvitems, feeds, feedtext, jsonfeed, jsonitems, jsonvalues
from digest.sources.decoding import decode
from digest.sources.sanitize import clean_line
from digest.sources.whole import told_apart

_JSON = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"\d])")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|div|p|h[1-6]|ul|table|article|section)\b", re.IGNORECASE)
# What a page has, and no text that only shows a tag.
_DOCUMENT = re.compile(r"<!doctype\s+html|<html\b", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)
#: Where HTML shows itself, if it is HTML, and where its title is.
_BEGINNING, _HEAD = 2000, 100_000


class Reader(Protocol):
    """Turns the bytes of one kind of source into items."""

    def __call__(self, data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
        """All items as they stand there, or UnreadableSource. `charset` is the one that the server named, if any."""


def kinds() -> dict[str, Reader]:
    """The readers by the name of the kind they read."""
    return {
        "feed": feeds.read,
        "json": _read_json,
        "csv": _read_csv,
        "capture": _read_capture,
        "page": _read_page,
        "article": _read_article,
    }


def read(
    data: bytes,
    *,
    base: str | None = None,
    charset: str = "",
    kind: str | None = None,
    selectors: Selectors | None = None,
) -> list[FoundItem]:
    """The items in bytes of a kind, or of whichever they are when it is none of these, told apart whatever the kind.

    Raises UnreadableSource. `base` is the address they come from and `charset` what its server named; only a page has
    `selectors`.
    """
    readers = kinds()
    kind = kind if kind in readers else kind_of(data, charset)
    if kind == "page":
        items = _read_page(data, base=base, charset=charset, selectors=selectors)
    else:
        items = readers[kind](data, base=base, charset=charset)
    return told_apart(items)


def kind_of(data: bytes, charset: str = "") -> str:
    """The kind of the bytes, by their beginning and not by what they are called."""
    text = decode(data, charset)
    if not text.strip():
        raise UnreadableSource("it is empty.", line=1, remedy="Check the file or the address.")
    if _JSON.match(text):
        return "json"
    if feedtext.is_feed(text):
        return "feed"
    if _is_page(text):
        return "page"
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        # Other XML: the reader of feeds says that it is none.
        return "feed"
    return "csv" if csvitems.is_table(text) else "capture"


def name_of(data: bytes, kind: str | None = None, charset: str = "") -> str:
    """What a feed or a page calls itself, in one line; empty where it does not, or cannot be read."""
    try:
        kind = kind or kind_of(data, charset)
        if kind == "feed":
            return feeds.feed_name(data, charset=charset)
        text = decode(data, charset)
        if kind == "json":
            document = jsonvalues.loaded(text)
            return jsonfeed.feed_name(document) if jsonfeed.is_feed(document) else ""
    except UnreadableSource:
        return ""
    title = _TITLE.search(text, 0, _HEAD) if kind in ("page", "article") else None
    return clean_line(title[1]) if title else ""


def _is_page(text: str) -> bool:
    begun = text.lstrip("\ufeff \t\r\n")[:_BEGINNING]
    if not begun.startswith("<"):
        return _DOCUMENT.search(begun) is not None
    if feedtext.root_of(text) == "html":
        return True
    return not begun.startswith("<?xml") and _HTML.search(begun) is not None


def _read_json(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    return jsonitems.read(decode(data, charset), base=base)


def _read_csv(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    return csvitems.read(decode(data, charset), base=base)


def _read_capture(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    """A captured page has lost its links, so there is nothing to make absolute with `base`."""
    return captures.read(decode(data, charset))


# A parser of HTML takes time and memory to load, and a house of feeds never needs one.


def _read_page(
    data: bytes, *, base: str | None = None, charset: str = "", selectors: Selectors | None = None
) -> list[FoundItem]:
    from digest.sources import pages

    return pages.read(data, base=base, charset=charset, selectors=selectors)


def _read_article(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    from digest.sources import articles

    return articles.read(data, base=base, charset=charset)
