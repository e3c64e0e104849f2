"""Invite: ask the holder of an address that an administrator has added whether they say yes."""

from datetime import timedelta

from sqlalchemy import Connection

from digest.flow.house import House
from digest.model.notice import NoticeKind
from digest.storage import notices, tallies
from digest.storage.tallies import Limit
from subscribers.address import keyed_hash, mailbox_hash, parse
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription


def invite(house: House, connection: Connection, held: Subscription) -> bool:
    """Queue the letter that a sign-up on the page would bring; whether one was. None goes to who has said yes, nor
    beyond what an address gets in a day and a week, however often it is added."""
    if held.state is not SubscriptionState.PENDING:
        return False
    address, key, now = parse(held.email), house.keys.address_key, house.clock.now()
    mailbox = mailbox_hash(address, key)
    if not tallies.allowed(connection, "address", mailbox, limits(house), now=now):
        return False
    tallies.count_one(connection, "address", mailbox, now=now)
    notices.queue_for(connection, NoticeKind.CONFIRM, held, keyed_hash(address, key))
    return True


def limits(house: House) -> tuple[Limit, ...]:
    """How many letters that were not theirs to ask for go to one address."""
    allowed = house.settings.sign_up
    day, week = timedelta(days=1), timedelta(days=7)
    return (Limit(most=allowed.letters_per_day, within=day), Limit(most=allowed.letters_per_week, within=week))
