"""The ledger, to be read: what was to go to whom, when it was handed over, and what was answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from digest.model.delivery import DeliveryState
from digest.model.issue import IssueId
from digest.storage.tables import attempt, delivery
from subscribers.prepared import written
from subscribers.tables import subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery and its last attempt."""

    id: int
    #: None once the reader was erased.
    email: str | None
    state: DeliveryState
    tries: int
    settled_at: datetime | None
    #: Why it stands where it stands; empty where the state says all.
    reason: str
    #: Of the last attempt; None before the first, or when no reply came.
    reply_code: int | None
    enhanced_code: str | None
    diagnostic: str | None
    #: By which way out it was tried last; None before the first try.
    transport: str | None
    attempted_at: datetime | None


def due_at(connection: Connection, issue_id: IssueId) -> tuple[datetime, datetime] | None:
    """When the first and the last of an issue's deliveries that wait are due; None where none waits."""
    queued = (delivery.c.issue_id == issue_id) & (delivery.c.state == written(DeliveryState.QUEUED))
    # Each asked for by itself, so that the index gives it at once.
    first, last = (connection.scalar(select(end(delivery.c.not_before)).where(queued)) for end in (func.min, func.max))
    return (first, last) if first and last else None


def entries(connection: Connection, issue_id: IssueId, *states: DeliveryState) -> Iterator[Entry]:
    """The deliveries of an issue, in some states or all, one by one in memory that does not grow."""
    last = (
        select(attempt.c.delivery_id, func.max(attempt.c.id).label("id")).group_by(attempt.c.delivery_id)
    ).subquery()
    query = (
        select(
            delivery.c.id,
            subscriber.c.email,
            delivery.c.state,
            delivery.c.tries,
            delivery.c.settled_at,
            delivery.c.reason,
            attempt.c.reply_code,
            attempt.c.enhanced_code,
            attempt.c.diagnostic,
            attempt.c.transport,
            attempt.c.ended_at.label("attempted_at"),
        )
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .outerjoin(last, last.c.delivery_id == delivery.c.id)
        .outerjoin(attempt, attempt.c.id == last.c.id)
        .where(delivery.c.issue_id == issue_id)
        .order_by(delivery.c.id)
    )
    if states:
        query = query.where(delivery.c.state.in_(states))
    for row in connection.execution_options(yield_per=1000).execute(query).mappings():
        yield Entry(**{**row, "state": DeliveryState(row["state"])})
