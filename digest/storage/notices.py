"""Notices: single letters, with the same moves as deliveries. In doubt once, they are sent once more."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, exists, func, insert, null, or_, select, update

from digest.model.delivery import About, Attempt, DeliveryId, DeliveryState, Outcome
from digest.model.notice import Duty, NoticeKind
from digest.storage.clock import database_now
from digest.storage.notice_tables import notice
from digest.storage.outbox import RetryPolicy
from digest.storage.tables import worker
from subscribers import rows
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.suppression import EVERYWHERE
from subscribers.tables import newsletter, subscription, suppression

_S = DeliveryState
_GONE = "the reader left, paused or is suppressed"
#: How long a doubt waits before the letter is sent once more.
_DOUBT_WAITS = timedelta(minutes=1)


def queue_up(
    connection: Connection,
    kind: NoticeKind,
    *,
    newsletter_id: int,
    subscriber_id: int,
    subscription_id: int | None,
    recipient: str,
    address_hash: str,
) -> DeliveryId:
    """Have a letter sent, in the transaction that made it necessary."""
    at = {"not_before": database_now(), "queued_at": database_now()}
    values = {
        "kind": kind,
        "newsletter_id": newsletter_id,
        "subscriber_id": subscriber_id,
        "subscription_id": subscription_id,
        "recipient": recipient,
        "address_hash": address_hash,
        "state": _S.QUEUED,
    }
    made = connection.execute(insert(notice).values(**values, **at).returning(notice.c.id))
    return DeliveryId(made.scalar_one())


def queue_for(connection: Connection, kind: NoticeKind, held: Subscription, address_hash: str) -> DeliveryId:
    """Have a letter about a subscription sent to its holder."""
    return queue_up(
        connection,
        kind,
        newsletter_id=rows.newsletter_id(connection, held.newsletter),
        subscriber_id=held.subscriber_id,
        subscription_id=held.id,
        recipient=held.email,
        address_hash=address_hash,
    )


def waiting(connection: Connection) -> tuple[bool, datetime | None]:
    """Whether one is due now; if not, when the next that waits, or that others have leased, comes due."""
    due = notice.c.not_before <= database_now()
    if connection.scalar(select(exists().where(_open(), notice.c.state == _S.QUEUED, due))):
        return True, None
    states = notice.c.state.in_((_S.QUEUED, _S.LEASED))
    return False, connection.scalar(select(func.min(notice.c.not_before)).where(_open(), states))


def lease(connection: Connection, token: str, *, limit: int) -> list[Duty]:
    """Take up to `limit` that are due, the oldest first; those that may not go any more are closed on the way."""
    queued = (_open(), notice.c.state == _S.QUEUED, notice.c.not_before <= database_now())
    closed = {"state": _S.SUPPRESSED, "settled_at": database_now(), "reason": _GONE}
    connection.execute(update(notice).where(*queued, ~_permitted()).values(closed))
    ids = connection.scalars(
        select(notice.c.id)
        .where(*queued)
        .order_by(notice.c.not_before, notice.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    dated = func.coalesce(notice.c.dated_at, database_now())
    taken = update(notice).where(notice.c.id.in_(ids)).values(state=_S.LEASED, lease_token=token, dated_at=dated)
    connection.execute(taken)
    slug = select(newsletter.c.slug).where(newsletter.c.id == notice.c.newsletter_id).scalar_subquery()
    rows = connection.execute(select(notice, slug.label("slug")).where(notice.c.id.in_(ids)).order_by(notice.c.id))
    return [_duty(row) for row in rows]


def give_back(connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
    """Return leases; nothing was handed over, so it does not count as a try."""
    _move(connection, token, ids, {_S.LEASED}, state=_S.QUEUED, lease_token=None)


def mark(connection: Connection, token: str, ids: Collection[DeliveryId]) -> set[DeliveryId]:
    """Mark notices as in flight, just before their final dots. Only those it returns may go out.

    Asked again at the last moment: people unsubscribe, and are suppressed, while a letter waits.
    """
    mine = (notice.c.id.in_(list(ids)), notice.c.lease_token == token, notice.c.state == _S.LEASED)
    marked = update(notice).where(*mine, _permitted()).values(state=_S.IN_FLIGHT).returning(notice.c.id)
    return {DeliveryId(i) for i in connection.scalars(marked)}


def settle(connection: Connection, token: str, attempts: Sequence[Attempt], retry: RetryPolicy) -> None:
    """Write down how attempts ended."""
    for each in attempts:
        ids, handover = (each.delivery_id,), each.handover
        match handover.outcome:
            case Outcome.ACCEPTED:
                _move(connection, token, ids, {_S.IN_FLIGHT, _S.UNKNOWN}, state=_S.ACCEPTED, **_OVER)
            case Outcome.FAILED:
                _move(connection, token, ids, _OPEN, state=_S.FAILED, **_OVER, reason=handover.diagnostic)
            case Outcome.DEFERRED:
                _defer(connection, token, each, retry)
            case Outcome.UNKNOWN:
                _doubt(connection, notice.c.id.in_(ids) & (notice.c.lease_token == token), _SILENCE)
            case Outcome.WITHHELD:
                closed = {"state": _S.SUPPRESSED, "settled_at": database_now(), "reason": _GONE}
                _move(connection, token, ids, {_S.LEASED}, ~_permitted(), **closed)
                give_back(connection, token, ids)


def recover(connection: Connection) -> tuple[int, int]:
    """Sweep up after workers that have ended: how many leases came back, and how many letters were in doubt."""
    alive = select(worker.c.token).where(worker.c.ended_at.is_(None))
    orphaned = notice.c.lease_token.is_not(None) & notice.c.lease_token.not_in(alive)
    leased = update(notice).where(orphaned, notice.c.state == _S.LEASED).values(state=_S.QUEUED, lease_token=None)
    returned = connection.execute(leased).rowcount
    return returned, _doubt(connection, orphaned, "the worker stopped before the reply")


def bounce(connection: Connection, ids: Collection[DeliveryId], *, reason: str) -> list[str]:
    """Note that letters came back after they were accepted, or had been in doubt. Returns to whom these were.

    One may come back before its outcome is written down, or while it waits to be sent once more.
    """
    came = notice.c.state.in_((_S.ACCEPTED, _S.UNKNOWN, _S.IN_FLIGHT))
    waits_again = notice.c.state.in_((_S.QUEUED, _S.LEASED)) & (notice.c.doubts > 0)
    came_back = notice.c.id.in_(list(ids)) & (came | waits_again)
    values = {"state": _S.BOUNCED, "settled_at": database_now(), "lease_token": null(), "reason": reason}
    return list(connection.scalars(update(notice).where(came_back).values(values).returning(notice.c.recipient)))


def count_waiting(connection: Connection) -> int:
    """How many wait, or are on their way."""
    return connection.execute(select(func.count()).select_from(notice).where(*_waits())).scalar_one()


def doubt_waiting(connection: Connection, *, reason: str) -> None:
    """Call unknown all that waits: it may have gone out already. None of it is sent once more."""
    over = {"settled_at": database_now(), "lease_token": null(), "doubts": notice.c.doubts + 1}
    connection.execute(update(notice).where(*_waits()).values(state=_S.UNKNOWN, reason=reason, **over))


def expire(connection: Connection, *, older_than: timedelta) -> int:
    """Close what has waited longer than anybody waits for it."""
    old = (_open(), notice.c.state == _S.QUEUED, notice.c.queued_at < database_now(-older_than))
    values = {"state": _S.EXPIRED, "settled_at": database_now(), "reason": "waited too long"}
    return connection.execute(update(notice).where(*old).values(values)).rowcount


def forget(connection: Connection, *, older_than: timedelta) -> int:
    """Remove what was settled long ago: it has served its purpose, and holds addresses."""
    return connection.execute(delete(notice).where(notice.c.settled_at < database_now(-older_than))).rowcount


def forget_people(connection: Connection, subscriber_ids: Collection[int]) -> None:
    """Remove all letters to people who were forgotten; none that waits goes out."""
    connection.execute(delete(notice).where(notice.c.subscriber_id.in_(list(subscriber_ids))))


def forget_address(connection: Connection, address_hash: str) -> None:
    """Remove all letters to an address that was erased, whoever asked for them."""
    connection.execute(delete(notice).where(notice.c.address_hash == address_hash))


#: Before the dot a notice is leased, after it in flight; a doubt that a late reply resolves was unknown meanwhile.
_OPEN = {_S.LEASED, _S.IN_FLIGHT, _S.UNKNOWN}
_SILENCE = "no reply after the final dot"
_OVER: dict[str, Any] = {"settled_at": database_now(), "tries": notice.c.tries + 1, "lease_token": null()}


def _open() -> ColumnElement[bool]:
    return notice.c.settled_at.is_(None)


def _waits() -> tuple[ColumnElement[bool], ...]:
    return _open(), notice.c.state.in_((_S.QUEUED, _S.LEASED, _S.IN_FLIGHT))


def _permitted() -> ColumnElement[bool]:
    """Whether it may go out at this moment: nobody stopped the address, and it still says what is so."""
    own = select(newsletter.c.slug).where(newsletter.c.id == notice.c.newsletter_id)
    slug = own.correlate(notice).scalar_subquery()  # by itself it looks no further than the EXISTS around it
    stopped = exists().where(
        suppression.c.address_hash == notice.c.address_hash,
        or_(suppression.c.scope == EVERYWHERE, suppression.c.scope == slug),
        suppression.c.lifted_at.is_(None),
    )
    wanted = case(
        (notice.c.kind == NoticeKind.CONFIRM, _subscription_is(SubscriptionState.PENDING)),
        (
            notice.c.kind == NoticeKind.WELCOME,
            _subscription_is(SubscriptionState.ACTIVE, SubscriptionState.PAUSED),
        ),
        else_=notice.c.id.is_not(None),
    )
    return ~stopped & wanted


def _subscription_is(*states: SubscriptionState) -> ColumnElement[bool]:
    return exists().where(subscription.c.id == notice.c.subscription_id, subscription.c.state.in_(states))


def _defer(connection: Connection, token: str, each: Attempt, retry: RetryPolicy) -> None:
    """Later; what is about us does not use up a reader's tries."""
    tries: int | None = connection.scalar(select(notice.c.tries).where(notice.c.id == each.delivery_id))
    counts = 0 if each.handover.about is About.US else 1
    if tries is None:  # forgotten meanwhile
        return
    if tries + counts >= retry.attempts:
        _move(connection, token, (each.delivery_id,), _OPEN, state=_S.FAILED, **_OVER, reason=each.handover.diagnostic)
        return
    later = {"not_before": database_now(retry.wait(tries)), "tries": tries + counts, "reason": each.handover.diagnostic}
    states = {_S.LEASED, _S.IN_FLIGHT}
    _move(connection, token, (each.delivery_id,), states, state=_S.QUEUED, lease_token=None, **later)


def _doubt(connection: Connection, which: ColumnElement[bool], reason: str) -> int:
    """Once more after the first doubt: a second copy does less harm than none. After the second it stays open."""
    in_flight = update(notice).where(which, notice.c.state == _S.IN_FLIGHT)
    counted = {"doubts": notice.c.doubts + 1, "tries": notice.c.tries + 1, "reason": reason}
    again = {"state": _S.QUEUED, "lease_token": null(), "not_before": database_now(_DOUBT_WAITS), **counted}
    once = connection.execute(in_flight.where(notice.c.doubts == 0).values(again)).rowcount
    # It keeps its token, so that a late reply can still close it.
    twice = in_flight.values(state=_S.UNKNOWN, settled_at=database_now(), **counted)
    return once + connection.execute(twice).rowcount


def _move(
    connection: Connection,
    token: str,
    ids: Collection[DeliveryId],
    states: set[DeliveryState],
    *also: ColumnElement[bool],
    **values: Any,
) -> None:
    mine = (notice.c.id.in_(list(ids)), notice.c.lease_token == token, notice.c.state.in_(states))
    connection.execute(update(notice).where(*mine, *also).values(values))


def _duty(row: Any) -> Duty:
    return Duty(
        id=DeliveryId(row.id),
        kind=NoticeKind(row.kind),
        newsletter=row.slug,
        subscriber_id=row.subscriber_id,
        subscription_id=row.subscription_id,
        recipient=row.recipient,
        dated_at=row.dated_at,
    )
