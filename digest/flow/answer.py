"""Answer: what was asked for on a page is looked at, and a letter queued where one is due.

The page itself only keeps the request, whoever asks: it answers everybody alike, in the same time. Only here is looked
whether the address is new, waits, is subscribed or suppressed.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from digest.errors import Again
from digest.flow.enrol import people, rules_of
from digest.flow.house import House
from digest.flow.invite import limits
from digest.model.notice import NoticeKind, Request, RequestKind
from digest.storage import notices, requests, tallies
from digest.storage.tallies import Limit
from subscribers import directory
from subscribers.address import Address, keyed_hash, mailbox_hash, parse
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import UnknownReader
from subscribers.preferences import Preference, unknown

log = logging.getLogger(__name__)

#: So many are answered in one transaction: others wait for it, such as a click that unsubscribes.
_AT_ONCE = 50
#: Who asks for a domain that many ask for waits so long; so does what makes us stumble.
_WAIT = timedelta(minutes=15)
#: What could not be answered for so long is dropped: nobody waits for it any more.
KEPT = timedelta(days=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: Links go only to readers, who may have lost one; still nobody's mailbox shall be filled with them.
_LINKS = (Limit(most=1, within=_HOUR), Limit(most=3, within=_DAY))


def answer_due(house: House, connection: Connection) -> int:
    """Answer some of what is due. Returns how many.

    Strangers write requests: one that cannot be answered waits, and stops nobody else's mail.
    """
    now = house.clock.now()
    due = requests.take(connection, now=now, limit=_AT_ONCE)
    for each in due:
        try:
            with connection.begin_nested():
                _Answer(house, connection, requests.read(each), now).give()
        except (OperationalError, InterfaceError, InternalError, Again):  # the database's trouble, not the request's
            raise
        except Exception as error:  # of which no more is said here: its words may hold an address
            log.warning("The request %d cannot be answered for now: %s.", each.id, type(error).__name__)
            requests.postpone(connection, each.id, to=now + _WAIT)
    return len(due)


class _Answer:
    """To one request."""

    def __init__(self, house: House, connection: Connection, request: Request, now: datetime) -> None:
        self._house, self._connection, self._request, self._now = house, connection, request, now
        self._address: Address = parse(request.email)
        self._hash = keyed_hash(self._address, house.keys.address_key)
        self._mailbox = mailbox_hash(self._address, house.keys.address_key)

    def give(self) -> None:
        """Queue a letter, or none; later where many ask for one domain. The request is gone afterwards."""
        # Whoever looks for their own page is not kept from it by those who flood their domain.
        signs_up = self._request.kind is RequestKind.SIGN_UP
        if signs_up and not self._within("domain", self._domain, self._domain_limits):
            requests.postpone(self._connection, self._request.id, to=self._now + _WAIT)
            return
        requests.done(self._connection, self._request.id)
        if self._is_suppressed():
            return
        match self._request.kind:
            case RequestKind.SIGN_UP:
                self._sign_up()
            case RequestKind.LINK:
                self._link()

    def _sign_up(self) -> None:
        if not self._may_be_written_to():
            return
        held = self._held()
        if held and held.state in (SubscriptionState.ACTIVE, SubscriptionState.PAUSED):
            self._write(NoticeKind.PRESENT, held)
        else:
            self._write(NoticeKind.CONFIRM, self._pending())
        self._count("address", self._mailbox)
        self._count("domain", self._domain)

    def _link(self) -> None:
        try:
            theirs = directory.of_reader(self._connection, self._house.keys, self._address.email)
        except UnknownReader:
            return
        if not self._within("link", self._mailbox, _LINKS):
            return
        if not self._is_reader():  # to them it is one more letter that a stranger may have asked for
            if not self._may_be_written_to():
                return
            self._count("address", self._mailbox)
        # In the colours of the newsletter that was asked for, where they have it.
        mine = next((h for h in theirs if h.newsletter == self._request.newsletter), theirs[0])
        self._write(NoticeKind.LINK, mine)
        self._count("link", self._mailbox)

    def _may_be_written_to(self) -> bool:
        """Whether one more letter that was not theirs to ask for may go to the mailbox."""
        return self._within("address", self._mailbox, limits(self._house))

    def _pending(self) -> Subscription:
        """The subscription that waits for its holder's yes, as it was wished for."""
        wish = self._request.wish
        rules, usual = rules_of(self._connection, self._request.newsletter)
        chosen = Preference(None if wish.topics is None else frozenset(wish.topics))
        if unknown(chosen, rules.topics):  # a topic was taken away meanwhile
            chosen = Preference(frozenset(wish.topics or ()) & rules.topics or None)
        return people(self._house, self._connection, channel="page").add(
            self._address.email,
            self._request.newsletter,
            chosen=chosen,
            cadence=wish.cadence if wish.cadence in rules.cadences else None,
            default_cadence=usual,
            # What a stranger says of somebody's name must not reach whoever reads here already.
            name="" if self._is_reader() else wish.name,
            language="" if self._is_reader() else wish.language,
            detail=f"{chosen} {wish.cadence or usual}",
        )

    def _is_reader(self) -> bool:
        """Whether the holder of the address has ever said yes to anything."""
        return any(held.confirmed_at for held in self._theirs())

    def _held(self) -> Subscription | None:
        return next((h for h in self._theirs() if h.newsletter == self._request.newsletter), None)

    def _theirs(self) -> list[Subscription]:
        try:
            return directory.of_reader(self._connection, self._house.keys, self._address.email)
        except UnknownReader:
            return []

    def _is_suppressed(self) -> bool:
        stops = directory.suppressions_of(self._connection, self._house.keys, self._address.email)
        return any(stop.covers(self._request.newsletter) for stop in stops)

    def _write(self, kind: NoticeKind, held: Subscription) -> None:
        notices.queue_for(self._connection, kind, held, self._hash)

    @property
    def _domain(self) -> str:
        return self._address.email.rpartition("@")[2]

    @property
    def _domain_limits(self) -> tuple[Limit, ...]:
        return (Limit(most=self._house.settings.sign_up.domain_per_hour, within=_HOUR),)

    def _within(self, kind: str, key: str, limits: tuple[Limit, ...]) -> bool:
        return tallies.allowed(self._connection, kind, key[:64], limits, now=self._now)

    def _count(self, kind: str, key: str) -> None:
        tallies.count_one(self._connection, kind, key[:64], now=self._now)
