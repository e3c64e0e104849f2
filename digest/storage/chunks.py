"""Chunks: long lists in pieces that every database takes as parameters of one statement."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

#: Far below what SQLite (32,766) and PostgreSQL (65,535) take, and enough for the way there and back not to count.
SIZE = 500


def chunks(values: Iterable[T], size: int = SIZE) -> Iterator[Sequence[T]]:
    """The values in their order, so many at a time."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece
