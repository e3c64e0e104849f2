"""Duties: what a shift works off, and the deliveries of issues as such."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from digest.flow import restored
from digest.flow.feed import Leased
from digest.flow.feedback import suppress_refused
from digest.flow.hours import Hours
from digest.flow.house import House
from digest.flow.letters import Letters
from digest.mail.dkim import Signer
from digest.model.delivery import DeliveryId
from digest.ports import Transport
from digest.settings import Delivery
from digest.storage import outbox, pace, stopping, tally
from digest.storage.bookkeeping import DELIVERIES, Book
from digest.storage.pace import Rate


def rate_of(limits: Delivery) -> Rate | None:
    """The pace that the settings ask for; None for none."""
    rates = [each for each in (limits.per_second, limits.per_minute / 60) if each]
    return Rate(per_second=min(rates)) if rates else None


class Duties(Protocol):
    """What a shift works off, and the book it is written down in."""

    @property
    def book(self) -> Book:
        """Where markers and outcomes go, and what hangs on them."""
        ...

    def ways_out(self) -> Sequence[Transport]:
        """The transports, in the order in which they are asked."""
        ...

    def waiting(self, connection: Connection) -> tuple[bool, datetime | None]:
        """Whether something is due now; if not, when the next comes due."""
        ...

    def begin(self, connection: Connection, signers: Sequence[Signer]) -> int:
        """Before the first is leased: close what has waited too long. Returns how many."""
        ...

    def lease(self, connection: Connection, token: str) -> tuple[Sequence[Leased], float]:
        """Some that are due, and how long to wait where only the pace is why there are none."""
        ...

    def give_back(self, connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
        """Return leases that were not tried."""
        ...


class Deliveries:
    """The deliveries of issues."""

    def __init__(self, house: House, hours: Hours) -> None:
        self._house, self._hours = house, hours
        self._rate = rate_of(house.settings.delivery)
        self._letters = Letters(house)
        self.book = replace(DELIVERIES, on_settled=suppress_refused(house), on_written=restored.noting(house))

    def ways_out(self) -> Sequence[Transport]:
        """With all the connections there may be."""
        return self._house.ways_out()

    def waiting(self, connection: Connection) -> tuple[bool, datetime | None]:
        """As the outbox says, for newsletters whose hours it is."""
        return tally.next_due(connection, self._hours.closed(connection))

    def begin(self, connection: Connection, signers: Sequence[Signer]) -> int:
        """Nobody wants old news."""
        self._letters = Letters(self._house, signers)
        return stopping.expire(connection, older_than=timedelta(hours=self._house.settings.delivery.expire_hours))

    def lease(self, connection: Connection, token: str) -> tuple[Sequence[Leased], float]:
        """A batch, or as much of one as the pace allows."""
        limit = self._house.settings.delivery.batch
        if self._rate:
            level, seconds = pace.allowed(connection, self._rate)
            if not level:
                return [], seconds
            limit = min(limit, level)
        duties = outbox.lease(connection, token, limit=limit, closed=self._hours.closed(connection))
        if self._rate:
            pace.spend(connection, len(duties))
        return self._letters.of(connection, duties), 0.0

    def give_back(self, connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
        """Into the outbox."""
        outbox.give_back(connection, token, ids)
