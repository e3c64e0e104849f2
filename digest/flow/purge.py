"""Purge: forget what is not to be kept."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from digest.flow import answer, post
from digest.flow.house import House
from digest.storage import notices, outbox, requests, tallies
from digest.storage.tables import attempt, delivery
from subscribers.address import keyed_hash, parse
from subscribers.lapse import lapse
from subscribers.service import Subscribers
from subscribers.tables import subscriber


def erase(house: House, email: str, *, channel: str) -> None:
    """Forget a person at once: address, name, language, and the servers' replies, which often repeat the address.

    What was sent when stays, without saying to whom. Raises UnknownReader.
    """
    with house.store.write() as connection:
        people = Subscribers(connection, house.keys, now=house.clock.now(), channel=channel)
        subscriber_id = people.erase(email)
        theirs = select(delivery.c.id).where(outbox.of_reader(subscriber_id))
        connection.execute(update(attempt).where(attempt.c.delivery_id.in_(theirs)).values(diagnostic=""))
        connection.execute(update(delivery).where(outbox.of_reader(subscriber_id)).values(reason=""))
        notices.forget_people(connection, [subscriber_id])
        notices.forget_address(connection, keyed_hash(parse(email), house.keys.address_key))
        requests.forget_address(connection, email)
    house.store.settle()  # the file as it was before still stands beside the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was never confirmed, and is forgotten."""

    #: How many subscriptions, by newsletter.
    newsletters: Mapping[str, int]
    #: How many people, with their address.
    people: int


class _DryRun(Exception):  # noqa: N818  it is no error
    pass


def forget_unconfirmed(house: House, *, dry_run: bool = False) -> Forgotten:
    """Forget the subscriptions that nobody confirmed in all the time there was, and who has no other.

    Who has just asked again is left alone. With `dry_run` all stays as it is.
    """
    now = house.clock.now()
    before = now - timedelta(days=house.settings.sign_up.forget_unconfirmed_days)
    counts, forgotten = Counter[str](), 0
    with suppress(_DryRun), house.store.write() as connection:
        waits = requests.asked_by(subscriber.c.email)
        for batch in lapse(connection, asked_before=before, now=now, channel="clock", unless=waits):
            notices.forget_people(connection, batch.people)
            counts.update(batch.newsletters)
            forgotten += len(batch.people)
        if dry_run:
            raise _DryRun
    if forgotten and not dry_run:
        house.store.settle()
    return Forgotten(newsletters=counts, people=forgotten)


def forget_old(house: House) -> None:
    """Forget what pages and single letters have left behind: who asked for what, from which network, what was sent."""
    now = house.clock.now()
    with house.store.write() as connection:
        tallies.forget(connection, now=now)
        requests.forget(connection, now=now, older_than=answer.KEPT)
        notices.forget(connection, older_than=post.KEPT)
