"""Preview paths: what the files of a letter's folder are called, which there are, and the letter as one of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from digest.web import sheets
from digest.web.forcing import Mode
from digest.web.looking import PICTURES, VIEWS, WIDTHS, Look

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: In a folder no header can keep scripts out and pictures off.
_POLICY = "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'"
_SOURCES = {"shown": "https: data:", "off": "'none'"}


def pictures_of(shown: sheets.Sheet) -> Sequence[str]:
    """With pictures and without; of a letter that has none, once."""
    return PICTURES if "<img" in shown.html else PICTURES[:1]


def views(look: Look, pictures: Sequence[str], *, headers: bool) -> Iterator[Look]:
    """Every look at a letter that has a page of its own."""
    for width in WIDTHS:
        for mode in Mode:
            for each in pictures:
                yield replace(look, width=width, mode=mode, pictures=each)
    for view in VIEWS[1:]:
        if view != "headers" or headers:
            yield replace(look, view=view)


def page_file(look: Look) -> str:
    """The page of a look; that of the usual one is the folder's first."""
    if look.view != VIEWS[0]:
        return f"{look.view}.html"
    usual = Look(reader=look.reader, topics=look.topics, letter=look.letter, language=look.language)
    return "index.html" if look == usual else f"{look.width}-{look.mode}{_off(look)}.html"


def compare_file(look: Look) -> str:
    """The page of a letter beside the one before."""
    return f"compare-{look.mode}.html"


def raw_file(look: Look) -> str:
    """The letter alone, for a frame."""
    return f"letter-{look.mode}{_off(look)}.html"


def _off(look: Look) -> str:
    return "-no-pictures" if look.pictures == "off" else ""


def copy(html: str, look: Look) -> bytes:
    """The letter alone as a file."""
    policy = _POLICY.format(pictures=_SOURCES[look.pictures])
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _HEAD.sub(lambda head: f"{head[0]}{meta}", sheets.copy(html, look), count=1).encode()
