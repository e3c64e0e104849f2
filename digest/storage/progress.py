"""Progress: how far issues have come, asked so that a million deliveries may be looked at every few seconds."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, func, select

from digest.model.delivery import DeliveryState, Outcome
from digest.model.issue import IssueId
from digest.storage.clock import database_now
from digest.storage.tables import attempt, delivery, worker
from subscribers.prepared import written

_S = DeliveryState
#: So many of the latest tries are looked at for what servers say.
_LATEST = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What servers said to several of the latest tries."""

    times: int
    outcome: Outcome
    reply_code: int | None
    enhanced_code: str
    #: The words of one of them.
    diagnostic: str


def still_open(connection: Connection, issue_id: IssueId) -> dict[DeliveryState, int]:
    """How many of an issue wait, are leased or in flight, out of the small indexes that hold just these."""
    mine = delivery.c.issue_id == issue_id
    queued = select(func.count()).select_from(delivery).where(mine, delivery.c.state == written(_S.QUEUED))
    held = (
        select(delivery.c.state, func.count())
        # By a sum, so that no plan looks through the whole issue for the few that are held.
        .where(delivery.c.lease_token.is_not(None), delivery.c.issue_id + 0 == issue_id)
        .where(delivery.c.state.in_((_S.LEASED, _S.IN_FLIGHT)))
        .group_by(delivery.c.state)
    )
    found = {DeliveryState(state): count for state, count in connection.execute(held)}
    waits: int = connection.execute(queued).scalar_one()
    return {_S.QUEUED: waits, _S.LEASED: found.get(_S.LEASED, 0), _S.IN_FLIGHT: found.get(_S.IN_FLIGHT, 0)}


def lately_said(connection: Connection, issue_id: IssueId, *, most: int = 5) -> list[Said]:
    """What servers said to the latest tries that they did not accept, the most frequent first."""
    newest: int = connection.scalar(select(func.max(attempt.c.id))) or 0
    times = func.count().label("times")
    codes = (attempt.c.outcome, attempt.c.reply_code, attempt.c.enhanced_code)
    # Asked of each try, so that no plan begins with all deliveries of the issue.
    of_issue = select(delivery.c.issue_id).where(delivery.c.id == attempt.c.delivery_id).scalar_subquery()
    rows = connection.execute(
        select(times, *codes, func.max(attempt.c.diagnostic).label("diagnostic"))
        .where(attempt.c.id > newest - _LATEST, attempt.c.outcome.in_((Outcome.DEFERRED, Outcome.FAILED)))
        .where(of_issue == issue_id)
        .group_by(*codes)
        .order_by(times.desc(), attempt.c.reply_code)
        .limit(most)
    ).mappings()
    return [Said(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]


def workers_alive(connection: Connection, *, dead_after: timedelta) -> int:
    """How many workers have shown of late that they live."""
    lives = worker.c.ended_at.is_(None) & (worker.c.beat_at > database_now(-dead_after))
    alive: int = connection.execute(select(func.count()).select_from(worker).where(lives)).scalar_one()
    return alive
