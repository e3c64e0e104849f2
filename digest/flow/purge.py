"""Purge: forget what is not to be kept."""

from sqlalchemy import select, update

from digest.flow import answer, post
from digest.flow.house import House
from digest.storage import notices, requests, tallies
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
        notices.forget_person(connection, subscriber_id)
        requests.forget_address(connection, email)
    house.store.settle()  # the file as it was before still stands beside the database


def forget_old(house: House) -> None:
    """Forget what pages and single letters have left behind: who asked for what, from which network, what was sent."""
    now = house.clock.now()
    with house.store.write() as connection:
        tallies.forget(connection, now=now)
        requests.forget(connection, now=now, older_than=answer.KEPT)
        notices.forget(connection, older_than=post.KEPT)
