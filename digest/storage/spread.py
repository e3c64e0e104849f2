"""Spread: when each delivery of an issue is due, evenly over some times, and in no order of readers.

Readers are drawn in a sequence that mixes them at every scale, from a place that is drawn by lot: so no domain and no
topic comes first, and each hour has its share of all. What is due within the same minute is due at its beginning:
workers then meet one variant after the other, and a slow issue needs one connection a minute, not one a message.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import gcd

from sqlalchemy import ColumnElement, case

from digest.storage.clock import database_later

#: What is due within so many seconds is due at once.
SLOT_SECONDS = 60
#: Its multiples fill a circle evenly, however many of them there are: each falls into one of the widest gaps left.
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A time in which some of an issue are due."""

    #: How long after its publication it begins, in seconds.
    after: float
    #: How long it is.
    seconds: float


def due_at(number: ColumnElement[int], count: int, over: Sequence[Share]) -> ColumnElement[datetime]:
    """When a row is due that bears this number, from 1, of so many."""
    total = int(sum(share.seconds for share in over))
    step, first = _step(count), random.randrange(max(count, 1))  # noqa: S311  a lot, not a secret
    # As seconds into all the times taken together.
    place = (number * step + first) % max(count, 1) * total // max(count, 1)
    slot = place // SLOT_SECONDS * SLOT_SECONDS
    *others, (_, last) = _moves(over)
    within = [(slot < until, slot + by) for until, by in others]
    return database_later(case(*within, else_=slot + last) if within else slot + last)


def _step(count: int) -> int:
    """The golden part of so many, or the next that comes by every number once."""
    step = max(1, round(count * _GOLDEN))
    while gcd(step, count) != 1:
        step += 1
    return step


def _moves(over: Sequence[Share]) -> Iterator[tuple[int, int]]:
    """For each time: until which second of all of them together it lasts, and how much later it really is."""
    ends = [0.0]
    for share in over:
        ends.append(ends[-1] + share.seconds)
    for share, (begins, until) in zip(over, pairwise(ends), strict=True):
        yield int(until), int(share.after - begins)
