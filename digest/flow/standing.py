"""Standing: where an issue and its deliveries stand, and what keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from digest.flow.hours import Closed, closed
from digest.flow.house import House
from digest.model.delivery import DeliveryState
from digest.model.issue import Issue
from digest.storage import issues, ledger, tally

_S = DeliveryState
#: A worker has still something to do with these.
OPEN = (_S.QUEUED, _S.LEASED, _S.IN_FLIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an issue stands."""

    issue: Issue
    #: How many deliveries are in each state; they sum to what was expected.
    counts: dict[DeliveryState, int]
    #: When the first and the last of those that wait are due; None where none waits.
    due: tuple[datetime, datetime] | None
    #: Why nothing leaves although something waits; None where it is the hour for it.
    closed: Closed | None

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(self.counts[state] for state in OPEN)


def standings(house: House, issue_name: str | None = None) -> list[Standing]:
    """Where one issue stands, or all of them. Raises UnknownName."""
    with house.store.read() as connection:
        found = [issues.find(connection, issue_name)] if issue_name else issues.listed(connection)
        not_now = {each.slug: each for each in closed(house, connection)}
        return [_standing(connection, issue, not_now.get(issue.newsletter)) for issue in found]


def _standing(connection: Connection, issue: Issue, not_now: Closed | None) -> Standing:
    counts = tally.counts(connection, issue.id)
    due = ledger.due_at(connection, issue.id) if counts[_S.QUEUED] else None
    return Standing(issue=issue, counts=counts, due=due, closed=not_now if due else None)


def hindered(found: Sequence[Standing]) -> list[Closed]:
    """Whose mail waits for its hours, each newsletter once."""
    return list({each.closed.slug: each.closed for each in found if each.closed}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in the outbox."""

    count: int
    #: When the first of it may go; None where something may at once, or nothing waits.
    next_at: datetime | None
    #: Newsletters of which something waits for their hours.
    closed: tuple[Closed, ...]


def waiting(house: House, *, any_hour: bool = False) -> Waiting:
    """What waits in the outbox, of all issues that go out."""
    with house.store.read() as connection:
        not_now = [] if any_hour else list(closed(house, connection))
        opens = {each.newsletter_id: each.opens_at for each in not_now}
        return Waiting(
            count=tally.count_waiting(connection),
            next_at=tally.next_due(connection, opens)[1],
            closed=tuple(each for each in not_now if tally.has_waiting(connection, each.newsletter_id)),
        )
