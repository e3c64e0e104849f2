"""Feed back: what readers and mail servers answer becomes consent and suppression."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, exists, select

from digest.errors import AddressRefused
from digest.flow.house import House
from digest.model.delivery import About, Attempt, DeliveryId, Outcome
from digest.storage.tables import delivery
from subscribers import directory
from subscribers.leaving import end_together
from subscribers.service import Subscribers
from subscribers.suppression import SuppressionReason
from subscribers.tables import former_address, subscriber

#: RFC 3463 statuses that say the address itself is wrong. A bare 550 may be a relay that was set up badly.
NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})


def leave(house: House, subscription_id: int, *, channel: str) -> None:
    """End a subscription by the wish of its holder; one that has ended, or whose holder was erased, is no error."""
    with house.store.write() as connection:
        held = directory.find(connection, subscription_id)
        if held is not None:
            Subscribers(connection, house.keys, now=house.clock.now(), channel=channel).end(held)


def leave_together(house: House, subscription_ids: Sequence[int], *, channel: str) -> None:
    """End subscriptions by the wish of their holders, all in one transaction."""
    with house.store.write() as connection:
        end_together(connection, subscription_ids, now=house.clock.now(), channel=channel)


def suppress_refused(house: House) -> Callable[[Connection, Sequence[Attempt]], None]:
    """What the journal calls with outcomes: addresses that do not exist (5.1.x) are suppressed with the reply as
    evidence, in the transaction that records the failure. What is about us suppresses nobody."""

    def on_settled(connection: Connection, attempts: Sequence[Attempt]) -> None:
        gone = {a.delivery_id: a for a in attempts if is_gone(a)}
        for delivery_id, email in addresses(connection, list(gone)):
            suppress_gone(house, connection, email, gone[delivery_id].handover.diagnostic)

    return on_settled


def suppress_gone(house: House, connection: Connection, email: str, diagnostic: str) -> None:
    """Let nothing go any more to an address that does not exist."""
    people = Subscribers(connection, house.keys, now=house.clock.now(), channel="bounce")
    with suppress(AddressRefused):  # what is no address needs no suppression, and must not hold up the others
        people.suppress(email, SuppressionReason.BOUNCED, evidence=diagnostic)


def is_gone(attempt: Attempt) -> bool:
    """Whether a refusal says that there is no such mailbox."""
    handover = attempt.handover
    return (
        handover.outcome is Outcome.FAILED
        and handover.about is About.READER
        and handover.enhanced_code in NO_SUCH_MAILBOX
    )


def addresses(connection: Connection, delivery_ids: Sequence[DeliveryId]) -> list[tuple[DeliveryId, str]]:
    """Where these deliveries went; nothing for those who were erased, or have moved since: what is said of their former
    address is not said of the one they have now."""
    if not delivery_ids:
        return []
    moved = exists().where(
        former_address.c.subscriber_id == delivery.c.subscriber_id, former_address.c.left_at >= delivery.c.dated_at
    )
    rows: Any = connection.execute(
        select(delivery.c.id, subscriber.c.email)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.id.in_(delivery_ids), subscriber.c.email.is_not(None), ~moved)
    )
    return [(DeliveryId(row.id), row.email) for row in rows]
