"""Twins: whether two sources have brought the same piece.

Marks are numbers that pieces share when they may be the same, so that a table can be asked for candidates; whether
two candidates are twins is decided by looking at both.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from heapq import nsmallest

from digest.model.addresses import one_spelling
from digest.model.item import FoundItem

#: A title with fewer words says too little to know a piece by: “Vacancies”, “Newsletter November”.
TELLING_TITLE = 4
#: Reprints of a titled piece appear within this time.
APART = timedelta(days=14)

#: Texts of the same title are of one piece when they share this much of their words in threes …
_ALIKE = 0.5
#: … or when the shorter one has this much of its words in threes from the longer one.
_WITHIN = 0.8
#: Texts under different titles must share this much, and have at least so many words.
_SAME, _LONG = 0.8, 40

#: Of a text only the beginning is looked at: so many words in so many characters.
_MOST_WORDS, _MOST_SIGNS = 1000, 10_000
_MARKED, _MARKED_BY = 5, 4
#: An excerpt is mostly the beginning of the piece, so the beginning has a mark of its own.
_BEGINNING = 50
# Scripts written without spaces are taken sign by sign.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_PLAIN_WORD = re.compile(r"[^\W_]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is compared of a piece."""

    title: str
    #: Without tracking parameters.
    link: str | None
    text: str
    published: date | datetime | None


def marks(item: FoundItem) -> frozenset[int]:
    """At most eight numbers of 64 bits, signed, one of which any twin of the item very probably has too.

    They are of its link, of its title when that is a telling one, of five of its text's words in fours whichever they
    are, and of one such four at its beginning.
    """
    return frozenset(_number(mark) for mark in _kept(item))


def are_twins(a: Sketch, b: Sketch) -> bool:
    """Whether the two are the same piece: by their link, by title and text, or by a long text alone."""
    link = _address(a.link)
    if link and link == _address(b.link):
        return True
    title = _words(a.title)
    titled = bool(title) and title == _words(b.title)
    if titled and not _near(a.published, b.published):
        titled = False
    first, second = _words(a.text), _words(b.text)
    if not titled and min(len(first), len(second)) < _LONG:
        return False
    return _alike(set(_runs(first, 3)), set(_runs(second, 3)), titled=titled)


def _kept(item: FoundItem) -> Iterator[str]:
    address, title = _address(item.link), _words(item.title)
    if address:
        yield f"link {address}"
    if len(title) >= TELLING_TITLE:
        yield f"title {' '.join(title)}"
    fours = list(dict.fromkeys(_runs(_words(item.body_text), _MARKED_BY)))
    yield from nsmallest(_MARKED, fours, key=_rank)
    yield from nsmallest(1, fours[:_BEGINNING], key=_rank)


def _rank(run: str) -> int:
    """An order that has nothing to do with what the words say, the same in every process."""
    return zlib.crc32(run.encode())


def _number(mark: str) -> int:
    return int.from_bytes(blake2b(mark.encode(), digest_size=8).digest(), "big", signed=True)


def _address(link: str | None) -> str:
    """The link as far as it tells a page apart: without scheme, “www.” and final slash; none for a bare host."""
    bare = one_spelling(link or "").removeprefix("https://")
    return bare if "/" in bare or "?" in bare else ""


def _words(text: str) -> list[str]:
    folded = text[:_MOST_SIGNS].casefold()
    return (_PLAIN_WORD if folded.isascii() else _WORD).findall(folded)[:_MOST_WORDS]


def _runs(words: list[str], length: int) -> Iterable[str]:
    """Each run of so many words."""
    return map(" ".join, zip(*(words[at:] for at in range(length)), strict=False))


def _near(a: date | datetime | None, b: date | datetime | None) -> bool:
    if a is None or b is None:
        return True
    return abs(_day(a) - _day(b)) <= APART


def _day(when: date | datetime) -> date:
    return when.date() if isinstance(when, datetime) else when


def _alike(first: set[str], second: set[str], *, titled: bool) -> bool:
    """Whether two texts share enough of their words in threes."""
    shared, fewer = len(first & second), min(len(first), len(second))
    if not fewer:
        return False
    overlap = shared / (len(first) + len(second) - shared)
    return overlap >= (_ALIKE if titled else _SAME) or (titled and shared / fewer >= _WITHIN)
