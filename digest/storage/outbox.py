"""The outbox: deliveries and their moves. Every move is a compare-and-set on (id, state, lease token)."""

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    func,
    not_,
    select,
    true,
    update,
)

from digest.model.delivery import DeliveryId, DeliveryState
from digest.model.issue import IssueId, IssueState
from digest.storage.clock import database_now
from digest.storage.tables import delivery, issue
from subscribers import audience
from subscribers.given import Among, as_list
from subscribers.instants import as_instant, as_read
from subscribers.prepared import BoundStatement, Prepared, PreparedQuery, written
from subscribers.tables import Id, Instant, newsletter, preference, subscriber, subscription

_S = DeliveryState


#: No wait between two tries is longer.
LONGEST_WAIT = timedelta(hours=6)


class Duty(NamedTuple):
    """A leased delivery with what its message needs of the reader."""

    id: DeliveryId
    issue_id: IssueId
    variant_id: int
    subscription_id: int
    email: str
    name: str
    #: When the reader said yes, for "why you get this".
    since: datetime
    topics: str
    cadence: str
    #: How often it was tried before.
    tries: int
    #: The Date of the message, the same in every attempt.
    dated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a deferred delivery is tried again, and how often."""

    attempts: int
    first_wait: timedelta

    def wait(self, tries: int) -> timedelta:
        """Doubles with each try, with a quarter of jitter so that the deferred do not come back all at once."""
        base: timedelta = min(self.first_wait * (1 << min(tries, 20)), LONGEST_WAIT)
        return base * random.uniform(1, 1.25)  # noqa: S311  spread, not secrecy


def lease(connection: Connection, token: str, *, limit: int, closed: Collection[int] = ()) -> list[Duty]:
    """Take up to `limit` deliveries that are due, the oldest issue first. What readers who left would have got is
    closed on the way. Of `closed` newsletters nothing may leave now."""
    # Of the database's clock, and the same for each row: a letter's Date is what its delivery says for good.
    at = as_read(_NOW.run(connection)[0][0])
    duties: list[Duty] = []
    for issue_id in with_something_due(connection, closed):
        while len(duties) < limit and (found := _due(connection, issue_id, at, limit - len(duties))):
            _take(connection, token, found, at)
            duties += [duty for duty, permitted in found if permitted]
            gone = [duty.id for duty, permitted in found if not permitted]
            if not gone:
                break
            refuse_forbidden(connection, token, gone)
    return duties


def refuse_forbidden(connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
    """Close those of our leases whose readers may not be written to any more: they left, or are suppressed."""
    closed = {"settled_at": database_now(), "reason": "the reader left, paused or is suppressed"}
    move(connection, token, ids, {_S.LEASED}, _S.SUPPRESSED, ~permitted(), **closed)


def give_back(connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
    """Return leases; nothing was handed over, so it does not count as a try."""
    move(connection, token, ids, {_S.LEASED}, _S.QUEUED, lease_token=None)


def let_go(connection: Connection, subscriber_id: int) -> None:
    """Put a reader's letters back that are about to leave, as they bear what was true of the reader a moment ago."""
    theirs = of_reader(subscriber_id) & (delivery.c.state == _S.LEASED)
    connection.execute(update(delivery).where(theirs).values(state=_S.QUEUED, lease_token=None))


def mark(connection: Connection, token: str, ids: Collection[DeliveryId]) -> set[DeliveryId]:
    """Mark deliveries as in flight, just before their final dots. Only those it returns may go out.

    Asked again at the last moment: people unsubscribe, and issues are cancelled, between publishing and sending.
    """
    *before, last = marking(connection, token, ids)
    for statement in before:
        statement.run(connection)
    return marked(last.run(connection))


def marking(connection: Connection, token: str, ids: Collection[DeliveryId]) -> tuple[BoundStatement, ...]:
    """What `mark` does, one after the other; of what the last returns, `marked` tells which may go out.

    Whoever is just leaving or being erased is to finish first: on PostgreSQL a statement that had to wait for a row
    goes on with what it saw of the others before the wait. SQLite has one writer at a time.
    """
    given = as_list(ids)
    last = BoundStatement(_MARK, {"ids": given, "token": token})
    return (last,) if connection.dialect.name == "sqlite" else (BoundStatement(_AWAIT, {"ids": given}), last)


def marked(rows: Iterable[Sequence[Any]]) -> set[DeliveryId]:
    """Which may go out."""
    return {DeliveryId(int(row[0])) for row in rows}


def with_something_due(connection: Connection, closed: Collection[int]) -> list[IssueId]:
    """The issues that go out and have a delivery that is due, the oldest first; none of `closed` newsletters."""
    return [IssueId(i) for (i,) in _SOMETHING_DUE.run(connection, ids=as_list(closed))]


def _due(connection: Connection, issue_id: IssueId, at: datetime, limit: int) -> list[tuple[Duty, bool]]:
    """The first deliveries of an issue that are due, and whether their readers may be written to."""
    rows = _DUE.run(connection, issue_id=issue_id, most=limit)
    return [
        (
            Duty._make((*plain, as_read(since), topics, cadence, tries, as_read(dated_at) if dated_at else at)),
            bool(permitted),
        )
        for *plain, since, topics, cadence, tries, dated_at, permitted in rows
    ]


def _take(connection: Connection, token: str, found: Sequence[tuple[Duty, bool]], at: datetime) -> None:
    taken = as_list(duty.id for duty, _ in found)
    _LEASE.run(connection, ids=taken, token=token, at=as_instant(at, connection))


def permitted() -> ColumnElement[bool]:
    """Whether a delivery's reader may be written to now."""
    return exists().where(
        subscription.c.id == delivery.c.subscription_id,
        subscriber.c.id == subscription.c.subscriber_id,
        newsletter.c.id == subscription.c.newsletter_id,
        audience.may_receive(database_now()),
    )


def _asked_of_each(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that is looked up for each delivery in hand. PostgreSQL would make a join of it and begin with the
    issue, of whose many deliveries it may not have heard yet: it would go through all of them for one marker."""
    return condition.is_(true())


def going_out() -> ColumnElement[bool]:
    """Whether a delivery's issue goes out now: it is published, and nobody holds it."""
    return exists().where(issue.c.id == delivery.c.issue_id, *issue_goes_out())


def issue_goes_out() -> tuple[ColumnElement[bool], ...]:
    """Whether an issue goes out now: it is published, and nobody holds it."""
    return issue.c.state == IssueState.PUBLISHED, issue.c.held_at.is_(None)


def published() -> ColumnElement[bool]:
    """Whether a delivery's issue is out and was not cancelled."""
    return exists().where(issue.c.id == delivery.c.issue_id, issue.c.state == IssueState.PUBLISHED)


def first_due() -> ColumnElement[datetime]:
    """When the first delivery of an issue that waits is due; null where none waits.

    The index knows. Asked whether there is any, PostgreSQL would go through all that have left, as it expects to meet
    one soon.
    """
    first = select(func.min(delivery.c.not_before))
    return first.where(delivery.c.issue_id == issue.c.id, delivery.c.state == written(_S.QUEUED)).scalar_subquery()


def of_reader(subscriber_id: int) -> ColumnElement[bool]:
    """Whether a delivery is this reader's. Issue by issue, as deliveries are found by both together."""
    return and_(delivery.c.issue_id.in_(select(issue.c.id)), delivery.c.subscriber_id == subscriber_id)


def _ours(token: str, ids: Iterable[DeliveryId], states: Iterable[DeliveryState]) -> tuple[ColumnElement[bool], ...]:
    return delivery.c.id.in_(list(ids)), delivery.c.lease_token == token, delivery.c.state.in_(list(states))


def move(
    connection: Connection,
    token: str,
    ids: Collection[DeliveryId],
    states: set[DeliveryState],
    to: DeliveryState,
    *also: ColumnElement[bool],
    **values: Any,
) -> None:
    """Move those of these that are still ours and in one of these states, and that meet all conditions."""
    if ids:
        connection.execute(update(delivery).where(*_ours(token, ids, states), *also).values(state=to, **values))


_IDS = bindparam("ids", type_=String)
_GIVEN = Among(delivery.c.id, _IDS)

_NOW = Prepared(select(database_now()))

_SOMETHING_DUE = PreparedQuery(
    select(issue.c.id)
    .where(
        *issue_goes_out(),
        first_due() <= database_now(),
        not_(Among(issue.c.newsletter_id, _IDS)),
    )
    .order_by(issue.c.id)
)

_DUE = PreparedQuery(
    select(
        delivery.c.id,
        delivery.c.issue_id,
        delivery.c.variant_id,
        delivery.c.subscription_id,
        subscriber.c.email,
        subscriber.c.name,
        func.coalesce(subscription.c.confirmed_at, subscription.c.created_at),
        preference.c.topics,
        subscription.c.cadence,
        delivery.c.tries,
        delivery.c.dated_at,
        permitted(),
    )
    .join(subscription, subscription.c.id == delivery.c.subscription_id)
    .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    .join(preference, preference.c.id == subscription.c.preference_id)
    .where(
        delivery.c.issue_id == bindparam("issue_id", type_=Id),
        delivery.c.state == written(_S.QUEUED),
        delivery.c.not_before <= database_now(),
    )
    .order_by(delivery.c.not_before, delivery.c.id)
    .limit(bindparam("most", type_=Integer))
    # Two workers at once take different rows; SQLite has one writer at a time and leaves this out.
    .with_for_update(skip_locked=True, of=delivery)
)

_LEASE = Prepared(
    update(delivery)
    .where(_GIVEN)
    .values(
        state=written(_S.LEASED),
        lease_token=bindparam("token", type_=String),
        dated_at=func.coalesce(delivery.c.dated_at, bindparam("at", type_=Instant)),
    )
)

_AWAIT = Prepared(
    select(delivery.c.id)
    .join(subscription, subscription.c.id == delivery.c.subscription_id)
    .where(_GIVEN)
    # In one order whoever asks: two workers with letters to the same readers would wait for each other for ever.
    .order_by(delivery.c.subscription_id)
    # Whoever is erased has locked their subscription first, and their deliveries after it.
    .with_for_update(of=[subscription, delivery])
)

_MARK = Prepared(
    update(delivery)
    .where(
        _GIVEN,
        delivery.c.lease_token == bindparam("token", type_=String),
        delivery.c.state == written(_S.LEASED),
        _asked_of_each(permitted()),
        _asked_of_each(going_out()),
    )
    .values(state=written(_S.IN_FLIGHT))
    .returning(delivery.c.id)
)
