"""Lessons: items as they are learned from, and by which of their words they are weighed."""

import re
from dataclasses import dataclass
from itertools import pairwise

#: A title says in ten words what the text says in three hundred.
_TITLE_WEIGHT = 3
_WORD = re.compile(r"[^\W\d_][\w'’]*\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An item as it is learned from and suggested for."""

    title: str
    text: str
    #: The source's own labels.
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson(Piece):
    """An item on which an editor decided. Of a topic in neither set it teaches nothing."""

    #: Topics it was put under, or left under.
    topics: frozenset[str] = frozenset()
    #: Topics it was kept out of.
    against: frozenset[str] = frozenset()


def words_of(piece: Piece) -> list[str]:
    """Its words, pairs of neighbours, and the source's labels as they are; title and labels three times."""
    found = [f"{label.strip().lower()} (label)" for label in piece.categories] * _TITLE_WEIGHT
    for part in (*[piece.title] * _TITLE_WEIGHT, piece.text):
        words = _WORD.findall(part.lower())
        found += words
        found += map(" ".join, pairwise(words))
    return found
