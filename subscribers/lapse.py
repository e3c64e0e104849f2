"""Lapse: what was asked for and never confirmed is forgotten after a time. Who asks again begins anew."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, case, exists, func, insert, or_, select, update

from subscribers import former
from subscribers.consent import ConsentKind, EndReason, SubscriptionState
from subscribers.tables import consent, newsletter, subscriber, subscription, suppression

#: So many are forgotten with one statement.
_AT_ONCE = 1000
_State = SubscriptionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """What one batch forgot."""

    #: How many subscriptions have ended, by newsletter.
    newsletters: Mapping[str, int]
    #: The people of whom nothing is left, as they were subscribed to nothing else.
    people: Sequence[int]


def lapse(
    connection: Connection, *, asked_before: datetime, now: datetime, channel: str, unless: ColumnElement[bool]
) -> Iterator[Lapsed]:
    """End what has waited for a yes since before an instant, and forget who has nothing else, a batch at a time.

    Nobody is suppressed: they have refused nothing. `unless` is a condition on `subscriber` that spares people.
    """
    while ended := _end(connection, asked_before, now, unless):
        same = {"kind": ConsentKind.LAPSED, "at": now, "channel": channel, "detail": ""}
        events = [{"subscriber_id": row.subscriber_id, "newsletter_id": row.newsletter_id, **same} for row in ended]
        connection.execute(insert(consent), events)
        people = _forget(connection, {row.subscriber_id for row in ended}, now)
        yield Lapsed(newsletters=_counted(connection, ended), people=people)


def _end(
    connection: Connection, asked_before: datetime, now: datetime, unless: ColumnElement[bool]
) -> Sequence[Row[tuple[int, int]]]:
    asked_since = exists().where(
        consent.c.subscriber_id == subscription.c.subscriber_id,
        consent.c.newsletter_id == subscription.c.newsletter_id,
        consent.c.at >= asked_before,
    )
    old = (
        select(subscription.c.id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.state == _State.PENDING, subscription.c.created_at < asked_before, ~asked_since, ~unless)
        .order_by(subscription.c.created_at)
        .limit(_AT_ONCE)
    )
    # Who had left before and then asked again stays somebody who has left.
    reason = case((subscription.c.ended_at.is_(None), EndReason.LAPSED), else_=subscription.c.end_reason)
    ended_at = func.coalesce(subscription.c.ended_at, now, type_=subscription.c.ended_at.type)
    return connection.execute(
        update(subscription)
        .where(subscription.c.id.in_(old.scalar_subquery()), subscription.c.state == _State.PENDING)
        .values(state=_State.ENDED, ended_at=ended_at, end_reason=reason)
        .returning(subscription.c.subscriber_id, subscription.c.newsletter_id)
    ).all()


def _forget(connection: Connection, ids: Collection[int], now: datetime) -> Sequence[int]:
    """Those who have nothing else; where their address is suppressed it stays so, but for what repeats the address."""
    else_ = or_(subscription.c.state != _State.ENDED, subscription.c.end_reason != EndReason.LAPSED)
    has_more = exists().where(subscription.c.subscriber_id == subscriber.c.id, else_)
    alone = (subscriber.c.id.in_(ids), subscriber.c.email.is_not(None), ~has_more)
    hashes = select(subscriber.c.address_hash).where(*alone)
    blank = {"evidence": "", "lifted_because": ""}
    connection.execute(update(suppression).where(suppression.c.address_hash.in_(hashes)).values(blank))
    forgotten = {"email": None, "address_hash": None, "name": "", "language": "", "erased_at": now}
    gone = connection.scalars(update(subscriber).where(*alone).values(forgotten).returning(subscriber.c.id)).all()
    former.forget(connection, gone)
    return gone


def _counted(connection: Connection, ended: Sequence[Row[tuple[int, int]]]) -> Mapping[str, int]:
    counts = Counter(row.newsletter_id for row in ended)
    names = select(newsletter.c.id, newsletter.c.slug).where(newsletter.c.id.in_(counts))
    return {slug: counts[number] for number, slug in connection.execute(names)}
