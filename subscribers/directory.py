"""The directory: finding people and what they subscribe to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select

from subscribers import address as addresses
from subscribers.consent import ConsentKind, ConsentRecord, SubscriptionState
from subscribers.errors import UnknownReader
from subscribers.preferences import Preference, from_text
from subscribers.suppression import Suppression, SuppressionReason
from subscribers.tables import consent, newsletter, preference, subscriber, subscription, suppression
from subscribers.tokens import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One person's subscription to one newsletter."""

    id: int
    subscriber_id: int
    email: str
    name: str
    #: BCP 47 tag; empty for the newsletter's own language.
    language: str
    newsletter: str
    state: SubscriptionState
    preference: Preference
    cadence: str
    created_at: datetime
    confirmed_at: datetime | None
    paused_until: datetime | None
    #: The day on which a pause began, until an issue was made for them after it; empty for no such day.
    away_since: str
    ended_at: datetime | None
    end_reason: str


def subscriptions(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The query of subscriptions with their people, oldest first."""
    return (
        select(
            subscription,
            subscriber.c.email,
            subscriber.c.name,
            subscriber.c.language,
            newsletter.c.slug.label("newsletter"),
            preference.c.topics,
        )
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .join(newsletter, newsletter.c.id == subscription.c.newsletter_id)
        .join(preference, preference.c.id == subscription.c.preference_id)
        .where(subscriber.c.email.is_not(None), *conditions)
        .order_by(subscription.c.id)
    )


def find(connection: Connection, subscription_id: int) -> Subscription | None:
    """The subscription of that id; None when its holder was erased."""
    row = connection.execute(subscriptions(subscription.c.id == subscription_id)).mappings().first()
    return None if row is None else _subscription(row)


def of_reader(connection: Connection, keys: Keys, email: str) -> list[Subscription]:
    """All subscriptions of one address. Raises AddressRefused or UnknownReader."""
    address = addresses.parse(email)
    known = subscriber.c.address_hash == addresses.keyed_hash(address, keys.address_key)
    rows = connection.execute(subscriptions(known)).mappings().all()
    if not rows:
        raise UnknownReader(f"Nobody is subscribed as {address.email}.", remedy="See: digest subscribers list.")
    return [_subscription(row) for row in rows]


def of_person(connection: Connection, subscriber_id: int) -> list[Subscription]:
    """All subscriptions of one person; none of somebody who was erased."""
    rows = connection.execute(subscriptions(subscriber.c.id == subscriber_id)).mappings().all()
    return [_subscription(row) for row in rows]


def stream(connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[Subscription]:
    """Subscriptions one by one, in memory that does not grow with their number."""
    result = connection.execution_options(yield_per=1000).execute(subscriptions(*conditions))
    for row in result.mappings():
        yield _subscription(row)


def history(connection: Connection, subscriber_id: int) -> list[ConsentRecord]:
    """How one person's consent came and went, oldest first."""
    rows = connection.execute(
        select(consent, newsletter.c.slug)
        .outerjoin(newsletter, newsletter.c.id == consent.c.newsletter_id)
        .where(consent.c.subscriber_id == subscriber_id)
        .order_by(consent.c.id)
    )
    return [
        ConsentRecord(kind=ConsentKind(r.kind), at=r.at, newsletter=r.slug or "", channel=r.channel, detail=r.detail)
        for r in rows
    ]


def suppressions_of(connection: Connection, keys: Keys, email: str) -> list[Suppression]:
    """The suppressions in force for one address."""
    hashed = addresses.keyed_hash(addresses.parse(email), keys.address_key)
    rows = connection.execute(
        select(suppression)
        .where(suppression.c.address_hash == hashed, suppression.c.lifted_at.is_(None))
        .order_by(suppression.c.id)
    )
    return [Suppression(reason=SuppressionReason(r.reason), scope=r.scope, evidence=r.evidence, at=r.at) for r in rows]


def _subscription(row: RowMapping) -> Subscription:
    values = {name: row[name] for name in Subscription.__slots__ if name in row}
    values["state"] = SubscriptionState(row["state"])
    return Subscription(preference=from_text(row["topics"]), **values)
