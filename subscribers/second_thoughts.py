"""Second thoughts: leaving that is taken back at once, and another address."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from subscribers import directory, former, rows
from subscribers.address import parse
from subscribers.consent import ConsentKind, EndReason, SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import ConsentRefused
from subscribers.service import Subscribers
from subscribers.suppression import EVERYWHERE
from subscribers.tables import subscriber, subscription

_State = SubscriptionState
#: So long can leaving be undone.
UNDO = timedelta(hours=1)


class SecondThoughts(Subscribers):
    """The verbs of those who change their mind, or their mailbox."""

    def take_back(self, held: Subscription) -> None:
        """Undo a leaving of a moment ago: it goes on as it was, a pause included. Raises ConsentRefused later."""
        if held.state is not _State.ENDED:
            return
        if not can_take_back(held, self._now):
            raise ConsentRefused("This was too long ago to be undone.", remedy="Please sign up again.")
        paused = held.paused_until is not None and held.paused_until > self._now
        to = _State.PENDING if held.confirmed_at is None else _State.PAUSED if paused else _State.ACTIVE
        values = {"state": to, "ended_at": None, "end_reason": ""}
        if self._set(held.id, values, subscription.c.state == _State.ENDED):
            newsletter_id = rows.newsletter_id(self._connection, held.newsletter)
            self._record(held.subscriber_id, newsletter_id, ConsentKind.RETURNED, "")

    def move(self, subscriber_id: int, email: str) -> None:
        """Write to another address from now on, which its holder has confirmed.

        Raises AddressRefused, or ConsentRefused for an address that is somebody's already or may not be written to.
        """
        address = parse(email)
        hashed = self._hash(address)
        if self._suppressed(hashed, EVERYWHERE, exactly=True) is not None:
            raise ConsentRefused("We may not write to that address.", remedy="Choose another.")
        values = {"email": address.email, "address_hash": hashed}
        this = subscriber.c.id == subscriber_id
        before = self._connection.scalar(select(subscriber.c.address_hash).where(this))
        try:
            with self._connection.begin_nested():
                self._connection.execute(update(subscriber).where(this).values(values))
        except IntegrityError as error:  # whoever has it, has it alone
            raise ConsentRefused(
                "That address has subscriptions of its own.", remedy="Erase one of the two, or use its own page."
            ) from error
        former.reclaim(self._connection, hashed)
        if before not in (None, hashed):
            former.keep(self._connection, subscriber_id, before, now=self._now)
        for held in directory.of_person(self._connection, subscriber_id):
            newsletter_id = rows.newsletter_id(self._connection, held.newsletter)
            self._record(subscriber_id, newsletter_id, ConsentKind.CHANGED, "another address, confirmed there")


def can_take_back(held: Subscription, now: datetime) -> bool:
    """Whether somebody left so short a time ago that it can be undone."""
    left = held.ended_at is not None and held.end_reason == EndReason.UNSUBSCRIBED
    return left and held.ended_at is not None and now - held.ended_at <= UNDO
