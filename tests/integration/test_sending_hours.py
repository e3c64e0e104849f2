"""Sending hours and spread: mail leaves when it should, evenly, and what came too late is told."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from digest.errors import SettingsRefused
from digest.flow import shift
from digest.flow.apply import apply, export, read_file
from digest.flow.deliver import Stop, drain_outbox
from digest.flow.doctor import Health, examine
from digest.flow.house import House
from digest.flow.standing import standings, waiting
from digest.model.delivery import DeliveryState
from digest.resources import folder
from digest.settings import Delivery
from digest.storage import clock as clocks
from digest.storage.clock import database_now
from digest.storage.tables import delivery
from tests.conftest import StandingClock
from tests.support.desk import Desk

_S = DeliveryState
LONDON = ZoneInfo("Europe/London")
ISSUE = "social-care/2026-11"
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "opens_at": "09:00", "closes_at": "17:00"}
#: In minutes; so many readers come to one a minute.
READERS = 12
Published = Callable[..., Desk]


@pytest.fixture
def published(desk: Desk, tmp_path: Path) -> Published:
    """Publishes an issue for twelve readers, with limits to their delivery, at a local time."""

    def make(at: str = "2026-11-21 12:00", **limits: Any) -> Desk:
        told = Delivery.model_validate({**desk.house.settings.delivery.model_dump(), **limits})
        house = replace(desk.house, settings=desk.house.settings.model_copy(update={"delivery": told}))
        made = Desk(house)
        set_clock(house, at)
        made.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
        for number in range(READERS):
            made.reader(f"r{number}@example.org")
        made.issue("2026-11")
        return made

    return make


def set_clock(house: House, at: str) -> None:
    """Put the clock to a local time."""
    assert isinstance(house.clock, StandingClock)
    house.clock.at = datetime.fromisoformat(at).replace(tzinfo=LONDON).astimezone(UTC)


def minutes(desk: Desk) -> list[int]:
    """How long after publication each delivery is due, in the order of readers."""
    with desk.house.store.read() as connection:
        rows = connection.execute(
            select(delivery.c.not_before, delivery.c.queued_at).order_by(delivery.c.subscriber_id)
        ).all()
    spans = [(row.not_before - row.queued_at) / timedelta(minutes=1) for row in rows]
    assert all(abs(span - round(span)) < 0.01 for span in spans)
    return [round(span) for span in spans]


def change(desk: Desk, **values: Any) -> None:
    """Change all deliveries."""
    with desk.house.store.write() as connection:
        connection.execute(update(delivery).values(values))


def states(desk: Desk) -> dict[DeliveryState, int]:
    """How many are where; the sum always holds."""
    counts = {state: count for state, count in desk.counts("2026-11").items() if count}
    assert sum(counts.values()) == READERS
    return counts


def test_outside_the_hours_nothing_leaves_and_when_they_come_all_does(published: Published) -> None:
    """Published on a Saturday, it waits for Monday, and says so."""
    desk = published(**OFFICE)
    desk.deliver()
    standing = standings(desk.house, ISSUE)[0]
    said = waiting(desk.house)
    before = states(desk)

    set_clock(desk.house, "2026-11-23 09:00")
    desk.deliver()

    assert before == {_S.QUEUED: READERS}
    assert said.closed[0].opens_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert standing.closed is not None
    assert "social-care" in standing.closed.words
    assert "Monday 23 November at 09:00 (Europe/London)" in standing.closed.words
    assert states(desk) == {_S.ACCEPTED: READERS}
    assert waiting(desk.house).closed == ()


def test_a_machine_whose_clock_is_off_opens_no_hours(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a day ahead, alone among its kind: all go by the database's clock. A moment's difference is none."""
    desk = published(at="2026-11-23 20:00", **OFFICE)
    real, off = datetime.now(UTC), timedelta(hours=13, minutes=1)
    set_clock(desk.house, "2026-11-24 09:01")

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return real + off

    monkeypatch.setattr(clocks, "datetime", Ahead)
    desk.deliver()
    early = states(desk)
    off = timedelta(seconds=0.5)
    desk.deliver()

    assert early == {_S.QUEUED: READERS}
    assert states(desk) == {_S.ACCEPTED: READERS}


def test_somebody_may_say_that_it_goes_at_any_hour(published: Published) -> None:
    """For a correction on a Sunday."""
    desk = published(**OFFICE)

    desk.deliver(any_hour=True, drain=True)

    assert states(desk) == {_S.ACCEPTED: READERS}


def test_a_drain_waits_for_the_hours(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on by itself when they come."""
    monkeypatch.setattr(shift, "LOOK_SECONDS", 0.05)
    desk, stop = published(**OFFICE), Stop()
    running = threading.Thread(target=drain_outbox, args=(desk.house,), kwargs={"drain": True, "stop": stop})
    running.start()
    try:
        running.join(0.3)
        waits = running.is_alive()
        set_clock(desk.house, "2026-11-23 09:00")
        running.join(20)
    finally:
        stop.wanted = True
        running.join()

    assert waits
    assert states(desk) == {_S.ACCEPTED: READERS}


def test_a_newsletter_may_have_hours_of_its_own(published: Published, tmp_path: Path) -> None:
    """Which hold instead of those of the house; the file is written back as it was read."""
    desk, file = published(**OFFICE), tmp_path / "own.toml"
    text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    file.write_text(f'{text}\n[sending]\ndays = ["sat"]\nopens_at = "22:00"\ncloses_at = "02:00"\n', encoding="utf-8")

    changes = apply(desk.house, file)
    said = waiting(desk.house)
    set_clock(desk.house, "2026-11-22 01:59")
    desk.deliver()

    assert changes == ["newsletter social-care: sending changes"]
    assert said.closed[0].opens_at == datetime(2026, 11, 21, 22, tzinfo=UTC)
    assert states(desk) == {_S.ACCEPTED: READERS}
    file.write_text(export(desk.house, "social-care"), encoding="utf-8")
    assert read_file(file).newsletter.sending is not None
    assert apply(desk.house, file) == []


def test_an_issue_is_spread_evenly_and_in_no_order(published: Published) -> None:
    """One a minute, in an order that is not the readers'."""
    desk = published(spread_hours=READERS / 60)
    due = minutes(desk)
    desk.deliver()
    first = states(desk)
    standing = standings(desk.house, ISSUE)[0]

    change(desk, not_before=database_now())
    desk.deliver()

    assert sorted(due) == list(range(READERS))
    assert due != sorted(due)
    assert first == {_S.QUEUED: READERS - 1, _S.ACCEPTED: 1}
    assert standing.due is not None
    assert standing.due[1] - standing.due[0] == timedelta(minutes=READERS - 2)
    assert states(desk) == {_S.ACCEPTED: READERS}


def test_it_is_spread_over_the_hours_in_which_mail_leaves(published: Published) -> None:
    """Half of it before the weekend, half of it after."""
    desk = published("2026-11-20 16:54", **OFFICE, spread_hours=READERS / 60)
    monday = 64 * 60 + 6

    assert sorted(minutes(desk)) == [*range(6), *range(monday, monday + 6)]


def test_what_is_due_in_the_same_minute_is_due_together(published: Published) -> None:
    """So that few connections are made, and readers of one variant follow each other."""
    desk = published(spread_hours=READERS / 60 / 4)

    assert Counter(minutes(desk)) == {0: 4, 1: 4, 2: 4}


def test_it_is_spread_no_further_than_news_is_news(published: Published) -> None:
    """Eight minutes after which it is too old leave six, so that what is deferred has time."""
    desk = published(expire_hours=8 / 60, spread_hours=100)

    assert max(minutes(desk)) == 5


def test_what_is_left_when_it_has_become_too_old_expires(published: Published) -> None:
    """What had gone stays gone, the rest is told, and the sum holds."""
    desk = published(spread_hours=READERS / 60)
    desk.deliver()

    change(desk, queued_at=database_now(-timedelta(hours=241)), not_before=database_now())
    desk.deliver()

    assert states(desk) == {_S.ACCEPTED: 1, _S.EXPIRED: READERS - 1}


def test_hours_that_come_too_late_send_nothing_old(published: Published) -> None:
    """When they open, what is too old by then expires first."""
    desk = published(**OFFICE)
    desk.deliver()

    change(desk, queued_at=database_now(-timedelta(hours=241)))
    set_clock(desk.house, "2026-11-23 09:00")
    desk.deliver()

    assert states(desk) == {_S.EXPIRED: READERS}


def test_the_doctor_tells_hours_that_come_too_late(social_care: House) -> None:
    """Only on Mondays, and too old after a day."""
    limits = social_care.settings.delivery.model_copy(update={"days": ("mon",), "expire_hours": 24.0})
    house = replace(social_care, settings=social_care.settings.model_copy(update={"delivery": limits}))

    found = [each for each in examine(house) if each.about == "hours"]

    assert [each.health for each in found] == [Health.BAD]
    assert "144 hours" in found[0].words


@pytest.mark.parametrize(
    "line",
    ["days = []", 'days = ["monday"]', 'opens_at = "25:00"', 'opens_at = "08:00Z"', "spread_hours = -1", "x = 1"],
)
def test_hours_that_are_none_are_refused_by_name(tmp_path: Path, line: str) -> None:
    """Where they stand."""
    file = tmp_path / "own.toml"
    text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    file.write_text(f"{text}\n[sending]\n{line}\n", encoding="utf-8")

    with pytest.raises(SettingsRefused, match=rf"sending\.{line.partition(' ')[0]}"):
        read_file(file)
