"""Pauses: who comes back gets what they missed, however long they were away, and nothing they have had."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from digest.flow.approve import cancel
from digest.flow.compose import compose
from digest.flow.enrol import people
from digest.flow.explain import explain
from digest.flow.house import House
from digest.model.cadence import Cadence
from digest.model.choice import Reason
from digest.storage import audiences, away, issues, schema
from digest.storage.receipts import Span
from digest.storage.tables import cohort
from subscribers import directory
from subscribers.tables import subscription
from tests.conftest import StandingClock
from tests.integration.test_publish import entries, write_newsletter
from tests.support.desk import NEWSLETTER, Desk

AWAY, THERE = "away@example.org", "there@example.org"
MONTHS = [f"2026-{month:02}" for month in range(6, 12)]


def begin(month: str) -> datetime:
    """The first of a month, at noon."""
    return datetime.fromisoformat(f"{month}-01T12:00+00:00")


def pause(desk: Desk, until: datetime) -> None:
    """Have our reader pause."""
    with desk.house.store.write() as connection:
        (held,) = directory.of_reader(connection, desk.house.keys, AWAY)
        people(desk.house, connection).pause(held, until)


def away_since(desk: Desk) -> str:
    """The day that is kept of our reader's pause."""
    with desk.house.store.read() as connection:
        (held,) = directory.of_reader(connection, desk.house.keys, AWAY)
        return held.away_since


def go_by(desk: Desk, clock: StandingClock, folder: Path, months: list[str], *, each: int = 1) -> None:
    """Months pass, each with new pieces and an issue on its last day."""
    for month in months:
        clock.at = begin(month) + timedelta(days=27)
        desk.write_items(folder, *entries(*(f"Carers {month} {n}" for n in range(each)), on=f"{month}-15"))
        desk.issue(month)


def got(desk: Desk, email: str = AWAY) -> list[str]:
    """What came to somebody, in the order of the alphabet."""
    desk.deliver()
    return sorted(desk.received(email))


@pytest.fixture
def returning(desk: Desk, clock: StandingClock, tmp_path: Path) -> Desk:
    """A reader who was away from July to October 2026, and one who was there all the time; November is to come."""
    clock.at = begin("2026-05")
    desk.reader(AWAY)
    desk.reader(THERE)
    go_by(desk, clock, tmp_path, MONTHS[:1])
    clock.at = datetime(2026, 7, 2, 9, tzinfo=UTC)
    pause(desk, datetime(2026, 11, 1, tzinfo=UTC))
    go_by(desk, clock, tmp_path, MONTHS[1:-1])
    return desk


def titles(*months: str) -> list[str]:
    """What came out in these months."""
    return sorted(f"Carers {month} 0" for month in months)


def test_who_comes_back_gets_all_they_missed(returning: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """From the day on which they went, in one issue; the next is as any other, and nothing ever comes twice."""
    before, kept = got(returning), away_since(returning)
    go_by(returning, clock, tmp_path, ["2026-11"])
    back, after = got(returning), away_since(returning)
    go_by(returning, clock, tmp_path, ["2026-12"])

    assert (before, kept) == (titles("2026-06"), "2026-07-02")
    assert (back, after) == (titles(*MONTHS), "")
    assert got(returning) == got(returning, THERE) == titles(*MONTHS, "2026-12")


def test_what_was_new_before_they_went_is_not_lost(desk: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """What came after their last issue and before the pause is in the first after it, as if they had stayed."""
    clock.at = begin("2026-05")
    desk.reader(AWAY)
    go_by(desk, clock, tmp_path, MONTHS[:1])
    clock.at = datetime(2026, 7, 20, 9, tzinfo=UTC)
    desk.write_items(tmp_path, *entries("Carers before", on="2026-07-03"))
    pause(desk, datetime(2026, 11, 1, tzinfo=UTC))
    clock.at = begin("2026-11") + timedelta(days=27)
    desk.issue("2026-11")

    assert got(desk) == [*titles("2026-06"), "Carers before"]


def test_nobody_else_is_looked_at_otherwise(returning: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """Who was there is of the cohort they would be of anyhow: with the receipt that may matter to it, and no day."""
    go_by(returning, clock, tmp_path, ["2026-11"])

    with returning.house.store.read() as connection:
        made = issues.find(connection, f"{NEWSLETTER}/2026-11")
        rows = connection.execute(select(cohort).where(cohort.c.issue_id == made.id).order_by(cohort.c.away)).all()
    assert [(row.away, row.received.count(",") + 1) for row in rows] == [("", 1), ("2026-07-02", 1)]


def test_what_others_had_is_told_though_it_is_too_old_for_them(returning: Desk, clock: StandingClock) -> None:
    """An issue that reaches back for one reader reads old receipts of the others only where it explains itself."""
    clock.at = begin("2026-11") + timedelta(days=27)
    compose(returning.house, NEWSLETTER, period_key="2026-11")

    told = explain(returning.house, THERE, f"{NEWSLETTER}/2026-11")

    assert ("Carers 2026-09 0", Reason.HAD) in [(item.title, item.reason) for item in told.items]


def test_an_explanation_says_so(returning: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """Of the draft and of what came out alike; for who was there, old pieces are what they had."""
    clock.at = begin("2026-11") + timedelta(days=27)
    returning.write_items(tmp_path, *entries("Carers 2026-11 0", on="2026-11-15"))
    compose(returning.house, NEWSLETTER, period_key="2026-11")

    draft = explain(returning.house, AWAY, f"{NEWSLETTER}/2026-11")
    returning.issue("2026-11")
    out = explain(returning.house, AWAY, f"{NEWSLETTER}/2026-11")
    other = explain(returning.house, THERE, f"{NEWSLETTER}/2026-11")

    assert draft.away == out.away == "2026-07-02"
    assert sorted(i.title for i in draft.items if i.included) == titles(*MONTHS[1:])
    assert [(i.title, i.included, i.reason) for i in out.items if i.included] == [
        (i.title, i.included, i.reason) for i in draft.items if i.included
    ]
    assert (other.away, [i.title for i in other.items if i.included]) == ("", titles("2026-11"))


@pytest.mark.parametrize(("days", "first"), [(100, "2026-07"), (0, "2026-10")])
def test_how_far_they_catch_up_is_bounded(
    house: House, clock: StandingClock, tmp_path: Path, days: int, first: str
) -> None:
    """By so many days before the issue, and what an issue of that day would have reached back for; 0 is the usual."""
    write_newsletter(house, tmp_path, ("catch_up_days = 366", f"catch_up_days = {days}"))
    desk = Desk(house)
    clock.at = begin("2026-03")
    desk.reader(AWAY)
    pause(desk, datetime(2026, 11, 1, tzinfo=UTC))
    with house.store.write() as connection:  # no first issue, which reaches back less
        connection.execute(subscription.update().values(considered_at=clock.at))
    clock.at = begin("2026-11") + timedelta(days=27)
    for month in MONTHS:
        desk.write_items(tmp_path, *entries(f"Carers {month} 0", on=f"{month}-15"))
    desk.issue("2026-11")

    assert got(desk)[0] == f"Carers {first} 0"


def test_what_finds_no_room_is_told(returning: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """The caps hold for a long absence too: the newest first, and the letter says how many more there are."""
    go_by(returning, clock, tmp_path, ["2026-11"], each=6)

    with returning.house.store.read() as connection:
        counts = Counter(connection.scalars(select(cohort.c.away)))
    told = explain(returning.house, AWAY, f"{NEWSLETTER}/2026-11")
    assert counts["2026-07-02"] == 1
    assert sum(item.included for item in told.items) == 8
    assert Counter(str(item.reason) for item in told.items)["more on this topic than one issue holds"] == 2


def test_a_second_pause_before_any_issue_goes_on_with_the_first(
    desk: Desk, clock: StandingClock, tmp_path: Path
) -> None:
    """They have had nothing between the two; a yes after leaving begins anew."""
    clock.at = begin("2026-04")
    held = desk.reader(AWAY)
    pause(desk, begin("2026-06"))
    clock.at = begin("2026-06")
    with desk.house.store.write() as connection:
        people(desk.house, connection).resume_elapsed()
    pause(desk, begin("2026-09"))
    twice = away_since(desk)
    with desk.house.store.write() as connection:
        hands = people(desk.house, connection)
        hands.unsubscribe(AWAY)
        hands.add(AWAY, NEWSLETTER, default_cadence="monthly")
        hands.confirm(AWAY)

    assert (held.away_since, twice, away_since(desk)) == ("", "2026-04-01", "")


def test_where_nobody_comes_back_nothing_is_asked_about_it(desk: Desk) -> None:
    """Publishing reads readers as ever, and whether anybody comes back from an index of the few who are away."""
    now = desk.house.clock.now()
    with desk.house.store.read() as connection:
        query = audiences._who_gets(1, Cadence.MONTHLY, Span(items=()), now)
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
        asked = select(subscription.c.id).where(away.came_back("2026-09-01"))
        compiled = str(asked.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = str(connection.execute(text(how + compiled)).all())

    assert "away_since" not in str(query)
    assert "ix_subscription_away" in plan


def test_who_is_paused_when_the_program_is_upgraded_catches_up_too(desk: Desk, clock: StandingClock) -> None:
    """The record of consent says since when; who is not paused needs no day."""
    clock.at = begin("2026-04")
    desk.reader(THERE)
    desk.reader(AWAY)
    pause(desk, begin("2026-09"))

    schema.downgrade(desk.house.store, "0013")
    schema.upgrade(desk.house.store)

    with desk.house.store.read() as connection:
        kept = {held.email: held.away_since for held in directory.stream(connection)}
    assert kept == {AWAY: "2026-04-01", THERE: ""}


def test_what_they_missed_is_not_lost_with_an_issue_that_is_cancelled(
    returning: Desk, clock: StandingClock, tmp_path: Path
) -> None:
    """It was to make up for their pause, and left for nobody: the next one does."""
    clock.at = begin("2026-11") + timedelta(days=27)
    returning.write_items(tmp_path, *entries("Carers 2026-11 0", on="2026-11-15"))
    returning.issue("2026-11")
    cancel(returning.house, f"{NEWSLETTER}/2026-11")
    kept = away_since(returning)

    go_by(returning, clock, tmp_path, ["2026-12"])

    assert kept == "2026-07-02"
    assert got(returning) == titles(*MONTHS, "2026-12")
    assert got(returning, THERE) == titles(*MONTHS, "2026-12")
