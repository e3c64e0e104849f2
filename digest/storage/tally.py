"""Tally: how many deliveries stand where, and when the next of them may go."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from digest.model.delivery import DeliveryState
from digest.model.issue import IssueId, IssueState
from digest.storage.outbox import first_due, going_out, issue_goes_out, with_something_due
from digest.storage.tables import delivery, issue
from subscribers.prepared import written

_S = DeliveryState
_NONE: Mapping[int, datetime] = {}


def counts(connection: Connection, issue_id: IssueId) -> dict[DeliveryState, int]:
    """How many deliveries of an issue are in each state; they sum to what was expected."""
    rows = connection.execute(
        select(delivery.c.state, func.count()).where(delivery.c.issue_id == issue_id).group_by(delivery.c.state)
    )
    found = {DeliveryState(state): count for state, count in rows}
    return {state: found.get(state, 0) for state in DeliveryState}


def next_due(connection: Connection, opens: Mapping[int, datetime] = _NONE) -> tuple[bool, datetime | None]:
    """Whether a delivery is due now; if not, when the next that waits, or that others have leased, comes due.

    `opens` says of newsletters of which nothing may leave now when it may again.
    """
    if with_something_due(connection, opens):
        return True, None
    rows = connection.execute(select(issue.c.newsletter_id, first_due()).where(*issue_goes_out()))
    queued = [max(at, opens.get(newsletter_id, at)) for newsletter_id, at in rows if at]
    leased = select(delivery.c.not_before).where(delivery.c.state == _S.LEASED, delivery.c.lease_token.is_not(None))
    return False, min([*queued, *connection.scalars(leased.where(going_out()))], default=None)


def has_waiting(connection: Connection, newsletter_id: int) -> bool:
    """Whether something of a newsletter waits that goes out."""
    waits = exists().where(delivery.c.issue_id == issue.c.id, delivery.c.state == written(_S.QUEUED))
    mine = select(issue.c.id).where(issue.c.newsletter_id == newsletter_id, *issue_goes_out(), waits)
    return connection.scalar(mine.limit(1)) is not None


def count_waiting(connection: Connection) -> int:
    """How many deliveries of published issues wait or are leased."""
    of_published = (
        select(func.count())
        .select_from(delivery)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(issue.c.state == IssueState.PUBLISHED)
    )
    queued = connection.execute(of_published.where(delivery.c.state == written(_S.QUEUED))).scalar_one()
    leased = of_published.where(delivery.c.state == _S.LEASED, delivery.c.lease_token.is_not(None))
    return queued + connection.execute(leased).scalar_one()
