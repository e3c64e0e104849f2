"""Watch: an issue on its way, looked at again and again without being a burden to the database.

What waits is counted at each look, out of small indexes; what became of the rest is counted seldom, the more seldom the
longer it takes.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from digest.errors import WrongState
from digest.flow.hours import Closed, closed
from digest.flow.house import House
from digest.flow.standing import OPEN, present_troubles
from digest.model.delivery import DeliveryState
from digest.model.issue import FROZEN, Issue, IssueState
from digest.storage import issues, ledger, progress, tally
from digest.storage.progress import Said
from digest.storage.troubles import Trouble

_S = DeliveryState
#: A full count may take one part in so many of the time.
_SHARE = 20
_LEAST_SECONDS = 2.0
#: The rate is that of so many seconds.
_RATE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of an issue at one moment."""

    issue: Issue
    #: In each state; they sum to what was expected. What is over may be known a little less freshly than what is open.
    counts: dict[DeliveryState, int]
    #: Deliveries that ended in a second, of late; None until that is known.
    per_second: float | None
    #: Until nothing waits any more, if it goes on like this; None where nobody can know.
    left: timedelta | None
    said: list[Said]
    workers: int
    closed: Closed | None
    troubles: tuple[Trouble, ...]

    @property
    def expected(self) -> int:
        """How many deliveries there are."""
        return self.issue.expected or 0

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(self.counts[state] for state in OPEN)

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self.open == 0 or self.issue.state is not IssueState.PUBLISHED


class Speed:
    """How fast a number grows, over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, at: float, number: int) -> None:
        """So much it was at that second."""
        self._seen.append((at, number))
        while len(self._seen) > 2 and at - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()

    @property
    def per_second(self) -> float | None:
        """None until it was seen twice."""
        (first_at, first), (last_at, last) = (self._seen[0], self._seen[-1]) if self._seen else ((0.0, 0), (0.0, 0))
        return max(0.0, (last - first) / (last_at - first_at)) if last_at > first_at else None


class Watch:
    """Looks at one issue again and again."""

    def __init__(self, house: House, issue_name: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """Raises UnknownName, and WrongState for an issue that is not out yet."""
        self._house, self._now, self._speed = house, now, Speed()
        with house.store.read() as connection:
            issue = issues.find(connection, issue_name)
        if issue.state not in FROZEN:
            raise WrongState(
                f"{issue.name} is {issue.state}, so nothing of it is on its way.",
                remedy=f"Once it is approved: digest publish {issue.name}.",
            )
        self._id = issue.id
        self._counts: dict[DeliveryState, int] = {}
        self._count_again_at = float("-inf")

    def look(self) -> Look:
        """What there is to be seen now."""
        with self._house.store.read() as connection:
            issue = issues.find(connection, str(self._id))
            if issue.state is not IssueState.PUBLISHED:  # what has left the queue need not have left for its reader
                self._count_again_at = float("-inf")
            counts = self._counted(connection, issue.expected or 0)
            waits = counts[_S.QUEUED] > 0
            self._speed.add(self._now(), (issue.expected or 0) - sum(counts[state] for state in OPEN))
            hours = [each for each in closed(self._house, connection) if waits and each.slug == issue.newsletter]
            dead_after = timedelta(seconds=self._house.settings.delivery.dead_after_seconds)
            return Look(
                issue=issue,
                counts=counts,
                per_second=self._speed.per_second,
                left=self._left(connection, issue, counts[_S.QUEUED], hours),
                said=progress.lately_said(connection, issue.id),
                workers=progress.workers_alive(connection, dead_after=dead_after),
                closed=hours[0] if hours else None,
                troubles=tuple(present_troubles(self._house, connection)) if waits else (),
            )

    def _counted(self, connection: Connection, expected: int) -> dict[DeliveryState, int]:
        """All states: what is open is fresh, and what has gone since the last full count is taken for accepted."""
        if self._now() >= self._count_again_at:
            began = self._now()
            self._counts = tally.counts(connection, self._id)
            self._count_again_at = self._now() + max(_LEAST_SECONDS, (self._now() - began) * _SHARE)
            return self._counts
        fresh = self._counts | progress.still_open(connection, self._id)
        gone = expected - sum(fresh.values())
        if gone < 0 or not any(fresh[state] for state in OPEN):  # some came back into the queue, or it is the end
            self._count_again_at = float("-inf")
            return self._counted(connection, expected)
        return fresh | {_S.ACCEPTED: fresh[_S.ACCEPTED] + gone}

    def _left(self, connection: Connection, issue: Issue, waits: int, hours: list[Closed]) -> timedelta | None:
        """By the rate, and not before the last is due."""
        rate = self._speed.per_second
        due = ledger.due_at(connection, issue.id)
        if not rate or not due or hours or issue.held_at:
            return None
        return max(timedelta(seconds=waits / rate), due[1] - datetime.now(UTC))


def on_their_way(house: House) -> list[str]:
    """The issues of which something is not over, oldest first."""
    with house.store.read() as connection:
        out = issues.listed(connection, None, IssueState.PUBLISHED)
        return [each.name for each in reversed(out) if any(progress.still_open(connection, each.id).values())]
