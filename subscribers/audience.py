"""The audience: who gets a newsletter, as a query."""

from collections.abc import Container
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from subscribers.consent import SubscriptionState
from subscribers.preferences import Preference, from_text
from subscribers.suppression import EVERYWHERE
from subscribers.tables import newsletter, preference, subscriber, subscription, suppression


def may_receive(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a subscription (joined with its subscriber and newsletter) gets mail at this moment."""
    over = and_(subscription.c.state == SubscriptionState.PAUSED, subscription.c.paused_until <= now)
    wants = or_(subscription.c.state == SubscriptionState.ACTIVE, over)
    return and_(wants, subscriber.c.email.is_not(None), ~suppressed())


def barred(connection: Connection) -> set[int]:
    """The subscriptions of which nothing may be sent, as their holder's address is suppressed."""
    held = select(subscription.c.id).join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
    held = held.join(newsletter, newsletter.c.id == subscription.c.newsletter_id)
    return set(connection.scalars(held.where(suppressed())))


def suppressed() -> ColumnElement[bool]:
    """Whether the subscriber's address is suppressed for the newsletter."""
    found = exists().where(
        suppression.c.address_hash == subscriber.c.address_hash,
        or_(suppression.c.scope == EVERYWHERE, suppression.c.scope == newsletter.c.slug),
        suppression.c.lifted_at.is_(None),
    )
    # Said outright: within two queries it would look for any subscriber that is suppressed, not for the one at hand.
    return found.correlate(subscriber, newsletter)


def choices(connection: Connection, newsletter_id: int) -> list[tuple[Preference, int]]:
    """What the readers of a newsletter have chosen, and how many of them each; those who left do not count."""
    rows = connection.execute(
        select(preference.c.topics, func.count())
        .join(subscription, subscription.c.preference_id == preference.c.id)
        .where(subscription.c.newsletter_id == newsletter_id, subscription.c.state != SubscriptionState.ENDED)
        .group_by(preference.c.topics)
    )
    return [(from_text(topics), count) for topics, count in rows]


def left_behind(connection: Connection, newsletter_id: int, there: Container[str]) -> dict[str, int]:
    """How many readers have chosen each cadence that is not `there`: they get nothing. Those who left do not count."""
    mine = subscription.c.newsletter_id == newsletter_id, subscription.c.state != SubscriptionState.ENDED
    query = select(subscription.c.cadence, func.count().label("readers")).where(*mine).group_by(subscription.c.cadence)
    return {row.cadence: row.readers for row in connection.execute(query) if row.cadence not in there}


def readers(newsletter_id: int, cadence: str, now: datetime) -> Select[Any]:
    """The readers of a newsletter at a cadence: subscription_id, subscriber_id, preference_id, language, first."""
    return (
        select(
            subscription.c.id.label("subscription_id"),
            subscription.c.subscriber_id,
            subscription.c.preference_id,
            subscriber.c.language,
            subscription.c.considered_at.is_(None).label("first"),
        )
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .join(newsletter, newsletter.c.id == subscription.c.newsletter_id)
        .where(
            subscription.c.newsletter_id == newsletter_id,
            subscription.c.cadence == cadence,
            may_receive(now),
        )
    )
