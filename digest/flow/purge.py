"""Purge: forget what is not to be kept."""

from sqlalchemy import select, update

from digest.flow.house import House
from digest.storage.tables import attempt, delivery
from subscribers.service import Subscribers


def erase(house: House, email: str, *, channel: str) -> None:
    """Forget a person at once: address, name, language, and the servers' replies, which often repeat the address.

    What was sent when stays, without saying to whom. Raises UnknownReader.
    """
    with house.store.write() as connection:
        people = Subscribers(connection, house.keys, now=house.clock.now(), channel=channel)
        subscriber_id = people.erase(email)
        theirs = select(delivery.c.id).where(delivery.c.subscriber_id == subscriber_id)
        connection.execute(update(attempt).where(attempt.c.delivery_id.in_(theirs)).values(diagnostic=""))
        connection.execute(update(delivery).where(delivery.c.subscriber_id == subscriber_id).values(reason=""))
    house.store.settle()  # the file as it was before still stands beside the database
