"""Standing: where an issue and its deliveries stand, and what keeps them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from digest.flow.hours import Closed, closed
from digest.flow.house import House
from digest.model.delivery import DeliveryState
from digest.model.issue import Issue
from digest.storage import issues, ledger, tally, troubles
from digest.storage.troubles import Trouble

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
    #: What keeps the mail servers by which it would leave.
    troubles: tuple[Trouble, ...]

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(self.counts[state] for state in OPEN)


def standings(house: House, issue_name: str | None = None) -> list[Standing]:
    """Where one issue stands, or all of them. Raises UnknownName."""
    with house.store.read() as connection:
        found = [issues.find(connection, issue_name)] if issue_name else issues.listed(connection)
        not_now = {each.slug: each for each in closed(house, connection)}
        kept = tuple(present_troubles(house, connection))
        return [_standing(connection, issue, not_now.get(issue.newsletter), kept) for issue in found]


def present_troubles(house: House, connection: Connection) -> Iterator[Trouble]:
    """Why mail servers that are in use are left in peace."""
    used = {each.name for each in house.ways_out()}
    return (each for each in troubles.listed(connection) if each.transport in used)


def _standing(connection: Connection, issue: Issue, not_now: Closed | None, kept: tuple[Trouble, ...]) -> Standing:
    counts = tally.counts(connection, issue.id)
    due = ledger.due_at(connection, issue.id) if counts[_S.QUEUED] else None
    is_open = any(counts[state] for state in OPEN)
    return Standing(
        issue=issue, counts=counts, due=due, closed=not_now if due else None, troubles=kept if is_open else ()
    )


def hindered(found: Sequence[Standing]) -> list[Closed]:
    """Whose mail waits for its hours, each newsletter once."""
    return list({each.closed.slug: each.closed for each in found if each.closed}.values())


def told(trouble: Trouble) -> str:
    """One line for a person: what keeps a mail server, since when, and what to do."""
    since, again = (f"{at.astimezone():%Y-%m-%d %H:%M:%S}" for at in (trouble.since, trouble.next_try_at))
    when = f"tried in vain {trouble.failures} times, again at {again}" if trouble.failures > 1 else f"again at {again}"
    return f"Nothing goes by “{trouble.transport}” since {since} ({when}): {trouble.what} {trouble.remedy}".rstrip()


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
