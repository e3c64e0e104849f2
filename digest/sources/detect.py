"""Detection: what kind of source some bytes are, and the reader for it."""

import re
from typing import Protocol

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import captures, feeds, jsonitems
from digest.sources.decoding import decode

_JSON = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"\d])")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|div|p|h[1-6]|ul|table|article|section)\b", re.IGNORECASE)


class Reader(Protocol):
    """Turns the bytes of one kind of source into items."""

    def __call__(self, data: bytes, *, base: str | None = None) -> list[FoundItem]:
        """All items, or UnreadableSource."""


def kinds() -> dict[str, Reader]:
    """The readers by the name of the kind they read."""
    return {"feed": feeds.read, "json": _read_json, "capture": _read_capture}


def read(data: bytes, *, base: str | None = None) -> list[FoundItem]:
    """The items in bytes of any kind; UnreadableSource when they are of none."""
    return kinds()[kind_of(data)](data, base=base)


def kind_of(data: bytes) -> str:
    """The kind of the bytes, by their beginning and not by what they are called."""
    text = decode(data)
    if not text.strip():
        raise UnreadableSource("it is empty.", line=1, remedy="Check the file or the address.")
    if _JSON.match(text):
        return "json"
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return "capture"
    root = feeds.root_of(text)
    if root == "html" or (root not in feeds.ROOTS and _HTML.search(text[:2000])):
        remedy = "Give the address of its feed, or save the page as plain text."
        raise UnreadableSource("it is an HTML page, not a feed.", line=1, remedy=remedy)
    return "feed"


def _read_json(data: bytes, *, base: str | None = None) -> list[FoundItem]:
    return jsonitems.read(decode(data), base=base)


def _read_capture(data: bytes, *, base: str | None = None) -> list[FoundItem]:
    """A captured page has lost its links, so there is nothing to make absolute with `base`."""
    return captures.read(decode(data))
