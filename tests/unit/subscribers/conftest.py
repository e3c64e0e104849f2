"""What tests of people share: the verbs, each in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from digest.flow import enrol
from digest.flow.house import House
from subscribers import directory
from subscribers.directory import Subscription
from subscribers.service import Subscribers
from subscribers.suppression import Suppression
from subscribers.tables import consent

NEWSLETTER = "social-care"
_T = TypeVar("_T")


@dataclass(frozen=True)
class People:
    """The people of one house, told by the verbs."""

    house: House

    def do(self, verb: Callable[[Subscribers], _T]) -> _T:
        """One verb, one transaction."""
        with self.house.store.write() as connection:
            return verb(enrol.people(self.house, connection))

    def add(self, email: str, newsletter: str = NEWSLETTER, **how: Any) -> Subscription:
        """Subscribe somebody."""
        return self.do(lambda people: people.add(email, newsletter, default_cadence="monthly", **how))

    def look(self, question: Callable[[Connection], _T]) -> _T:
        """Ask the database."""
        with self.house.store.read() as connection:
            return question(connection)

    def held(self, email: str) -> Subscription:
        """Somebody's one subscription."""
        (held,) = self.look(lambda connection: directory.of_reader(connection, self.house.keys, email))
        return held

    def history(self, email: str) -> list[str]:
        """The kinds of somebody's consent records, oldest first."""
        person = self.held(email).subscriber_id
        return [str(record.kind) for record in self.look(lambda c: directory.history(c, person))]

    def suppressions(self, email: str) -> list[Suppression]:
        """What is in force against an address."""
        return self.look(lambda connection: directory.suppressions_of(connection, self.house.keys, email))

    def consents(self) -> int:
        """How many consent records there are."""
        return len(self.look(lambda connection: connection.scalars(select(consent.c.id)).all()))


@pytest.fixture
def people(social_care: House) -> People:
    """The people of a house that knows one newsletter."""
    return People(social_care)
