"""Numbers that stand in letters: what was given once is nobody else's, also where a backup was brought back."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select

from digest.flow import restored
from digest.flow.house import House
from digest.flow.mail_returns import hear
from digest.flow.returns import Returns
from digest.model.delivery import DeliveryId, DeliveryState
from digest.storage import epoch
from digest.storage.tables import delivery
from digest.web.app import create_app
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.tables import subscriber
from subscribers.tokens import Purpose
from tests.contract.test_meanwhile import with_returns
from tests.support.bounces import notification
from tests.support.desk import Desk
from tests.support.web_house import client

_State = SubscriptionState


def states(house: House) -> dict[str, SubscriptionState]:
    """How everybody's subscription stands."""
    with house.store.read() as connection:
        return {held.email: held.state for held in directory.stream(connection)}


def test_links_of_letters_sent_after_a_backup_are_nobody_elses(desk: Desk, tmp_path: Path) -> None:
    """Neither open a page nor confirm nor end anything of who came after it was brought back."""
    house = desk.house
    if not house.store.embedded:
        pytest.skip("the same, by pg_dump; its numbers are tested below")
    file = house.settings.data_folder / "digest.db"
    desk.reader("early@example.org")
    house.store.settle()
    shutil.copy(file, tmp_path / "backup.db")
    alice, waiting = desk.reader("alice@example.org"), desk.reader("ali@example.org", confirmed=False)
    own = house.keys.token(Purpose.PREFERENCES, alice.id)
    leave = house.keys.token(Purpose.UNSUBSCRIBE, alice.id)
    yes = house.keys.token(Purpose.CONFIRM, waiting.id)
    house.store.settle()
    house.store.close()
    for each in file.parent.glob("digest.db*"):
        each.unlink()
    shutil.copy(tmp_path / "backup.db", file)

    restored.declare(house, by="a test")
    restored.confirm(house, send=False, by="a test")
    desk.reader("bob@example.org")
    desk.reader("carol@example.org", confirmed=False)
    web = client(create_app(house))
    shown = web.get(f"/preferences/{own}")
    web.post(f"/confirm/{yes}")
    web.post(f"/u/{leave}", data={"List-Unsubscribe": "One-Click"})

    assert "example.org" not in shown.text.partition("<main")[2]
    assert states(house) == {
        "early@example.org": _State.ACTIVE,
        "bob@example.org": _State.ACTIVE,
        "carol@example.org": _State.PENDING,
    }


def test_numbers_go_on_far_ahead_once_a_backup_is_seen(desk: Desk) -> None:
    """Once for each backup, however often it is seen; on both databases."""
    before = desk.reader("before@example.org")

    for _ in range(2):
        restored.declare(desk.house, by="a test")
    after = desk.reader("after@example.org")
    restored.confirm(desk.house, send=False, by="a test")
    restored.declare(desk.house, by="a test")
    later = desk.reader("later@example.org")

    steps = [(b.id - a.id) // epoch.NUMBERS for a, b in ((before, after), (after, later))]
    people = [(b.subscriber_id - a.subscriber_id) // epoch.NUMBERS for a, b in ((before, after), (after, later))]
    assert steps == people == [1, 1]


def test_a_number_of_somebody_who_is_forgotten_is_given_to_nobody(desk: Desk) -> None:
    """The last one who signed up and never confirmed: their letter's link to leave works for ever."""
    desk.reader("first@example.org")
    gone = desk.reader("gone@example.org", confirmed=False)
    with desk.house.store.write() as connection:
        copied = {"email": "x@example.org", "address_hash": "x", "created_at": desk.house.clock.now()}
        number = connection.execute(insert(subscriber).values(copied).returning(subscriber.c.id)).scalar_one()
        connection.execute(delete(subscriber).where(subscriber.c.id == number))
        highest = connection.scalar(select(func.max(subscriber.c.id)))
    after = desk.reader("after@example.org")

    assert highest == gone.subscriber_id
    assert after.subscriber_id > number


def test_all_goes_on_with_the_large_numbers(desk: Desk, tmp_path: Path) -> None:
    """More than 32 bits hold: letters, their pages, and what comes back."""
    for _ in range(3):
        restored.declare(desk.house, by="a test")
        restored.confirm(desk.house, send=False, by="a test")
    ann, ben = desk.reader("ann@example.org"), desk.reader("ben@example.org")
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    desk.month("2026-11")
    house = with_returns(desk.house)
    with house.store.read() as connection:
        numbers = list(connection.scalars(select(delivery.c.id).order_by(delivery.c.id)))
    hear(house, notification(Returns.of(house).envelope_sender(DeliveryId(numbers[1])), said="550 5.1.1 gone"))
    web = client(create_app(house))

    assert min(ann.id, ben.id, *numbers) > 2**31
    assert desk.received("ann@example.org") == ["Carers at work"]
    assert desk.counts("2026-11")[DeliveryState.BOUNCED] == 1
    assert web.get(f"/view/{house.keys.token(Purpose.VIEW, numbers[0])}").status_code == 200
    web.post(f"/u/{house.keys.token(Purpose.UNSUBSCRIBE, ann.id)}", data={"List-Unsubscribe": "One-Click"})
    assert states(house)["ann@example.org"] == _State.ENDED
