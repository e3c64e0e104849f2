"""Receipts: whatever readers have had is known, and only what can matter to an issue tells them apart."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from digest.model.cadence import Cadence
from digest.model.delivery import DeliveryState
from digest.storage import audiences, issues, newsletters
from digest.storage.receipts import Span
from digest.storage.tables import cohort, delivery
from subscribers.tables import subscriber
from tests.conftest import StandingClock
from tests.integration.test_pauses import begin, go_by
from tests.integration.test_publish import entries
from tests.support.desk import NEWSLETTER, Desk

LONG, LATE, NEW = "long@example.org", "late@example.org", "new@example.org"
MONTHS = ["2026-06", "2026-07", "2026-08"]


@pytest.fixture
def readers(desk: Desk, clock: StandingClock, tmp_path: Path) -> Desk:
    """One who has had three issues, one who has had the last of them and failed to get it, and one who is new."""
    clock.at = begin("2026-06")
    desk.reader(LONG)
    go_by(desk, clock, tmp_path, MONTHS[:2])
    desk.reader(LATE)
    go_by(desk, clock, tmp_path, MONTHS[2:])
    desk.reader(NEW)
    return desk


def test_receipts_are_told_in_one_order_and_none_of_what_failed(readers: Desk) -> None:
    """All that somebody has had, where all of it matters."""
    with readers.house.store.write() as connection:
        late = select(subscriber.c.id).where(subscriber.c.email == LATE).scalar_subquery()
        theirs = update(delivery).where(delivery.c.subscriber_id == late)
        connection.execute(theirs.values(state=DeliveryState.FAILED.value))

        number = newsletters.load(connection, NEWSLETTER).id
        span = Span(items=tuple(item.id for item in readers.items()))
        now = readers.house.clock.now()
        cohorts = list(audiences.cohorts_now(connection, number, Cadence.MONTHLY, span, now=now))

    assert sorted(len(each.received) for each in cohorts) == [0, 0, 3]
    assert all(list(each.received) == sorted(each.received) for each in cohorts)


def test_receipts_of_what_cannot_come_again_part_nobody(readers: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """Who has had one issue and who has had three are alike where only the last of them matters."""
    go_by(readers, clock, tmp_path, ["2026-09"])

    with readers.house.store.read() as connection:
        made = issues.find(connection, f"{NEWSLETTER}/2026-09")
        mine = select(cohort.c.readers, cohort.c.received).where(cohort.c.issue_id == made.id)
        rows = connection.execute(mine.order_by(cohort.c.readers)).all()
    assert [(row.readers, bool(row.received), "," in row.received) for row in rows] == [
        (1, False, False),
        (2, True, False),
    ]


def test_an_issue_that_held_it_is_never_too_long_ago(desk: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """A piece dated anew after half a year, with an issue in each month between, comes to nobody who has had it."""
    clock.at = begin("2026-05")
    desk.reader(LONG)
    once = {"title": "Carers once", "link": "https://example.org/once"}
    desk.write_items(tmp_path, {**once, "published_at": "2026-06-03"})
    go_by(desk, clock, tmp_path, MONTHS)
    desk.write_items(tmp_path, {**once, "published_at": "2026-09-10"}, *entries("Carers new", on="2026-09-12"))

    go_by(desk, clock, tmp_path, ["2026-09"])
    desk.deliver()

    got = desk.received(LONG)
    assert got.count("Carers once") == 1
    assert got.count("Carers new") == 1
