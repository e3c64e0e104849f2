"""Received: a delivery that was made once, with what its letter needs of its reader."""

from sqlalchemy import Connection, func, select

from digest.model.delivery import DeliveryId
from digest.storage.outbox import Duty
from digest.storage.tables import delivery
from subscribers.tables import preference, subscriber, subscription


def find(connection: Connection, delivery_id: int) -> Duty | None:
    """The delivery of that number; None when there is none, or nobody any more whose it was."""
    row = connection.execute(
        select(
            delivery.c.issue_id,
            delivery.c.variant_id,
            delivery.c.subscription_id,
            delivery.c.tries,
            delivery.c.queued_at,
            delivery.c.dated_at,
            subscriber.c.email,
            subscriber.c.name,
            subscription.c.cadence,
            func.coalesce(subscription.c.confirmed_at, subscription.c.created_at).label("since"),
            preference.c.topics,
        )
        .join(subscription, subscription.c.id == delivery.c.subscription_id)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .join(preference, preference.c.id == subscription.c.preference_id)
        .where(delivery.c.id == delivery_id, subscriber.c.email.is_not(None))
    ).first()
    if row is None:
        return None
    return Duty(
        id=DeliveryId(delivery_id),
        issue_id=row.issue_id,
        variant_id=row.variant_id,
        subscription_id=row.subscription_id,
        email=row.email,
        name=row.name,
        since=row.since,
        topics=row.topics,
        cadence=row.cadence,
        tries=row.tries,
        dated_at=row.dated_at or row.queued_at,
    )
