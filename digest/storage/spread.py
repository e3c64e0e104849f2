"""Spread: when each delivery of an issue is due, evenly over some times, and in no order of readers.

Who comes first is drawn by lot, so that no domain and no topic does. What is due within the same minute is due at its
beginning: workers then meet one variant after the other, and a slow issue needs one connection a minute, not one a
message.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, case, func

from digest.storage.clock import database_later

#: What is due within so many seconds is due at once.
SLOT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A time in which some of an issue are due."""

    #: How long after its publication it begins, in seconds.
    after: float
    #: How long it is.
    seconds: float


def due_at(over: Sequence[Share]) -> ColumnElement[datetime]:
    """When a row is due, in a statement that selects all rows that are spread."""
    total = int(sum(share.seconds for share in over))
    # The lot, from 0, as seconds into all the times taken together.
    place = (func.row_number().over(order_by=func.random()) - 1) * total // func.count().over()
    slot = place // SLOT_SECONDS * SLOT_SECONDS
    *others, (_, last) = _moves(over)
    within = [(slot < until, slot + by) for until, by in others]
    return database_later(case(*within, else_=slot + last) if within else slot + last)


def _moves(over: Sequence[Share]) -> Iterator[tuple[int, int]]:
    """For each time: until which second of all of them together it lasts, and how much later it really is."""
    ends = [0.0]
    for share in over:
        ends.append(ends[-1] + share.seconds)
    for share, (begins, until) in zip(over, pairwise(ends), strict=True):
        yield int(until), int(share.after - begins)
