"""Messages of an issue that come back after they were accepted: each delivery by the address its bounce comes to."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from digest.flow.house import House
from digest.flow.mail_returns import hear
from digest.flow.returns import Returns
from digest.model.delivery import DeliveryId, DeliveryState
from digest.storage.tables import delivery
from subscribers.tables import suppression
from tests.support.bounces import notification
from tests.support.desk import Desk

_S = DeliveryState
PERIOD = "2026-11"
READERS = ("priya@example.org", "tom@example.org")


@dataclass(frozen=True)
class Mailbox:
    """An issue that is out to two readers, and the mailbox for what comes back of it."""

    desk: Desk
    house: House

    def sender(self, number: int = 1) -> str:
        """Where the bounce of a delivery goes."""
        return Returns.of(self.house).envelope_sender(DeliveryId(number))

    def states(self) -> dict[DeliveryState, int]:
        """How many are where."""
        return {state: count for state, count in self.desk.counts(PERIOD).items() if count}

    def put(self, state: DeliveryState) -> None:
        """All of them in some state."""
        with self.house.store.write() as connection:
            connection.execute(update(delivery).values(state=state))

    def stopped(self) -> list[tuple[str, str]]:
        """Why which addresses get nothing more."""
        with self.house.store.read() as connection:
            return [(r, e) for r, e in connection.execute(select(suppression.c.reason, suppression.c.evidence))]


@pytest.fixture
def mailbox(desk: Desk, tmp_path: Path) -> Mailbox:
    """Both have been accepted."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for email in READERS:
        desk.reader(email)
    desk.month(PERIOD)
    mail = desk.house.settings.mail.model_copy(update={"bounce_domain": "b.example.org"})
    settings = desk.house.settings.model_copy(update={"mail": mail})
    return Mailbox(desk, replace(desk.house, settings=settings))


def test_what_comes_back_is_noted_and_its_address_stopped(mailbox: Mailbox) -> None:
    """Hours after the 250 another server says that there is no such mailbox. Told twice is told once."""
    told = [hear(mailbox.house, notification(mailbox.sender())) for _ in range(2)]

    assert [each.bounced for each in told] == [True, False]
    assert mailbox.states() == {_S.ACCEPTED: 1, _S.BOUNCED: 1}
    assert mailbox.stopped() == [("bounced", "550 5.1.1 <x>: no such user")]


@pytest.mark.parametrize("state", [_S.UNKNOWN, _S.IN_FLIGHT])
def test_a_bounce_closes_a_doubt(mailbox: Mailbox, state: DeliveryState) -> None:
    """Who sends it back has had it; it may also come before the outcome is written down."""
    mailbox.put(state)

    assert hear(mailbox.house, notification(mailbox.sender())).bounced
    assert mailbox.states() == {state: 1, _S.BOUNCED: 1}


@pytest.mark.parametrize("state", sorted(set(_S) - {_S.ACCEPTED, _S.UNKNOWN, _S.IN_FLIGHT}))
def test_what_is_over_or_waits_stays_where_it_is(mailbox: Mailbox, state: DeliveryState) -> None:
    """A late notification of an earlier try, or one that somebody kept."""
    mailbox.put(state)

    told = hear(mailbox.house, notification(mailbox.sender()))

    assert (told.bounced, told.reason) == (False, "it is of a letter that is settled")
    assert mailbox.states() == {state: 2}
    assert mailbox.stopped() == []


def test_a_full_mailbox_stops_nobody(mailbox: Mailbox) -> None:
    """It did not arrive, and that is all; the next issue is tried again."""
    told = hear(mailbox.house, notification(mailbox.sender(), status="5.2.2", said="552 full"))

    assert told.bounced
    assert mailbox.states() == {_S.ACCEPTED: 1, _S.BOUNCED: 1}
    assert mailbox.stopped() == []


def test_what_nobody_of_ours_was_sent_changes_nothing(mailbox: Mailbox) -> None:
    """A guess, and a delivery that is not there."""
    for address in ("b+ae.aaaaaaaaaa@b.example.org", mailbox.sender(999)):
        assert not hear(mailbox.house, notification(address)).bounced

    assert mailbox.states() == {_S.ACCEPTED: 2}
