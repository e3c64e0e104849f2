"""Stopping: deliveries that will never be handed over, as their issue was cancelled or their news is old."""

from datetime import timedelta

from sqlalchemy import Connection, exists, func, select, update

from digest.model.delivery import DeliveryState
from digest.model.issue import IssueId, IssueState
from digest.storage.clock import database_now
from digest.storage.tables import delivery, issue
from subscribers.prepared import written

_S = DeliveryState
#: So many of an issue's deliveries are asked for how long they have waited.
_TELLING = 1_000


def expire(connection: Connection, *, older_than: timedelta) -> int:
    """Close what has waited longer than the news is worth."""
    old = database_now(-older_than)
    queued = delivery.c.state == written(_S.QUEUED)
    # All of an issue came into the queue together but what was sent again, so that the first ones of each tell, and the
    # others need not be read.
    first = select(delivery.c.queued_at).where(delivery.c.issue_id == issue.c.id, queued)
    some = first.order_by(delivery.c.not_before, delivery.c.id).limit(_TELLING).correlate(issue).subquery()
    oldest = select(func.min(some.c.queued_at)).scalar_subquery()
    going_out = select(issue.c.id).where(issue.c.state == IssueState.PUBLISHED, oldest < old)
    values = {"state": _S.EXPIRED, "settled_at": database_now(), "reason": "waited too long"}
    return sum(
        connection.execute(
            update(delivery).where(delivery.c.issue_id == each, queued, delivery.c.queued_at < old).values(values)
        ).rowcount
        for each in connection.scalars(going_out).all()
    )


def cancel(connection: Connection, issue_id: IssueId) -> int:
    """Close what has not been handed over of an issue."""
    open_still = delivery.c.state.in_((_S.QUEUED, _S.LEASED))
    values = {"state": _S.CANCELLED, "settled_at": database_now(), "reason": "the issue was cancelled"}
    return connection.execute(
        update(delivery).where(delivery.c.issue_id == issue_id, open_still).values(values)
    ).rowcount


def cancel_stragglers(connection: Connection) -> int:
    """Close what came back into the queue in the moment in which its issue was cancelled: nobody would ever take it."""
    stopped = select(issue.c.id).where(issue.c.state == IssueState.CANCELLED)
    left = exists().where(delivery.c.issue_id == issue.c.id, delivery.c.state == written(_S.QUEUED))
    return sum(cancel(connection, IssueId(each)) for each in connection.scalars(stopped.where(left)).all())
