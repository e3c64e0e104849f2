"""Cadences: labels on the local calendar, that no clock change, year end or short month can double or skip."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadPeriod
from digest.model.cadence import (
    Cadence,
    Period,
    Schedule,
    local_instant,
    parse_period,
    period_of,
    periods_due,
    reach_back,
)

LONDON, NEW_YORK, APIA = ZoneInfo("Europe/London"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")

cadences = st.sampled_from(Cadence)
days = st.dates(date(1971, 1, 1), date(2400, 12, 31))


def following(period: Period, count: int) -> list[Period]:
    """A period and those after it."""
    found = [period]
    while len(found) < count:
        found.append(found[-1].next)
    return found


@pytest.mark.parametrize(
    ("cadence", "on", "key"),
    [
        (Cadence.DAILY, date(2026, 11, 21), "2026-11-21"),
        (Cadence.WEEKLY, date(2026, 11, 21), "2026-W47"),
        (Cadence.MONTHLY, date(2026, 11, 21), "2026-11"),
        (Cadence.QUARTERLY, date(2026, 11, 21), "2026-Q4"),
        (Cadence.WEEKLY, date(2027, 1, 3), "2026-W53"),  # a Sunday still in the old year's week
        (Cadence.WEEKLY, date(2027, 1, 4), "2027-W01"),
        (Cadence.WEEKLY, date(2024, 12, 30), "2025-W01"),  # a Monday already in the new year's
        (Cadence.DAILY, date(2028, 2, 29), "2028-02-29"),
    ],
)
def test_a_day_has_one_label_in_each_cadence(cadence: Cadence, on: date, key: str) -> None:
    """Labels are the local calendar's; weeks are those of ISO 8601, also around New Year."""
    period = period_of(cadence, on)

    assert period.key == key
    assert period.first <= on < period.after


@pytest.mark.parametrize(
    ("month", "key"), [(1, "2026-Q1"), (3, "2026-Q1"), (4, "2026-Q2"), (7, "2026-Q3"), (10, "2026-Q4"), (12, "2026-Q4")]
)
def test_quarters_begin_in_january_april_july_and_october(month: int, key: str) -> None:
    """A quarter is three whole months."""
    period = period_of(Cadence.QUARTERLY, date(2026, month, 15))

    assert period.key == key
    assert (period.first.day, period.after.day) == (1, 1)


@given(cadence=cadences, on=days)
def test_next_and_previous_undo_each_other(cadence: Cadence, on: date) -> None:
    """Going one on and one back leads home, from any day."""
    period = period_of(cadence, on)

    assert period.next.previous == period == period.previous.next


@given(cadence=cadences, on=days)
def test_half_open_periods_tile_the_calendar(cadence: Cadence, on: date) -> None:
    """Each begins where the last one ended, and no label comes twice."""
    run = following(period_of(cadence, on), 60)

    assert all(earlier.after == later.first for earlier, later in pairwise(run))
    assert len({period.key for period in run}) == 60


@given(cadence=cadences, on=days, zone=st.sampled_from([LONDON, NEW_YORK, APIA]))
def test_periods_leave_no_instant_out(cadence: Cadence, on: date, zone: ZoneInfo) -> None:
    """The instant one period ends is the instant the next begins, clock changes or not."""
    period = period_of(cadence, on)

    assert period.starts_at(zone) < period.ends_at(zone) == period.next.starts_at(zone)


@given(cadence=cadences, on=days)
def test_a_period_is_found_again_by_its_label(cadence: Cadence, on: date) -> None:
    """What a key was written from, it is read back to."""
    period = period_of(cadence, on)

    assert parse_period(cadence, period.key) == period


@pytest.mark.parametrize(
    ("cadence", "key", "example"),
    [
        (Cadence.DAILY, "2026-02-29", "2026-11-16"),
        (Cadence.DAILY, "20261121", "2026-11-16"),
        (Cadence.DAILY, "9999-12-31", "2026-11-16"),
        (Cadence.WEEKLY, "2026-W54", "2026-W47"),
        (Cadence.WEEKLY, "2025-W53", "2026-W47"),
        (Cadence.WEEKLY, "2026-W00", "2026-W47"),
        (Cadence.WEEKLY, "9999-W52", "2026-W47"),
        (Cadence.MONTHLY, "2026-13", "2026-11"),
        (Cadence.MONTHLY, "2026-1", "2026-11"),
        (Cadence.MONTHLY, "9999-12", "2026-11"),
        (Cadence.MONTHLY, "0001-01", "2026-11"),
        (Cadence.MONTHLY, "٢٠٢٦-١١", "2026-11"),
        (Cadence.MONTHLY, "", "2026-11"),
        (Cadence.QUARTERLY, "2026-Q5", "2026-Q4"),
        (Cadence.QUARTERLY, "0000-Q1", "2026-Q4"),
        (Cadence.QUARTERLY, "2026-11", "2026-Q4"),
    ],
)
def test_a_label_that_is_none_is_refused_with_a_good_one(cadence: Cadence, key: str, example: str) -> None:
    """The refusal repeats what was written and shows how it is written."""
    with pytest.raises(BadPeriod) as refused:
        parse_period(cadence, key)

    assert f"“{key}”" in str(refused.value)
    assert example in refused.value.remedy


@pytest.mark.parametrize("day", [29, 30, 31])
def test_the_last_days_of_a_month_are_clamped_and_make_twelve_issues(day: int) -> None:
    """A month that has no 31st is due on its last day: twelve issues a year, none doubled, none skipped."""
    schedule = Schedule(day=day, at=time(8))

    due = [p.due_at(schedule, LONDON) for p in following(parse_period(Cadence.MONTHLY, "2026-01"), 12)]

    assert [(at.astimezone(LONDON).month) for at in due] == list(range(1, 13))
    assert due[1].astimezone(LONDON) == datetime(2026, 2, 28, 8, tzinfo=LONDON)
    assert due[4].astimezone(LONDON).day == day


@pytest.mark.parametrize(("year", "day"), [(2026, 28), (2028, 29), (2000, 29), (2100, 28)])
def test_february_ends_when_it_ends(year: int, day: int) -> None:
    """Day 31 of February is its last, leap year or not."""
    february = parse_period(Cadence.MONTHLY, f"{year}-02")

    assert february.due_at(Schedule(day=31), LONDON).astimezone(LONDON).day == day


@pytest.mark.parametrize(
    ("on", "zone", "expected"),
    [
        (date(2026, 3, 29), LONDON, datetime(2026, 3, 29, 1, tzinfo=UTC)),  # 01:30 is left out: 02:00 BST
        (date(2026, 3, 8), NEW_YORK, None),  # 01:30 is there
        (date(2026, 10, 25), LONDON, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first, still BST
        (date(2026, 11, 1), NEW_YORK, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ],
)
def test_half_past_one_on_days_the_clocks_change(on: date, zone: ZoneInfo, expected: datetime | None) -> None:
    """A time that is left out is the next valid one; a time that comes twice is the first of the two."""
    instant = local_instant(on, time(1, 30), zone)

    assert instant == (expected or datetime.combine(on, time(1, 30), zone))


def test_half_past_two_in_new_york_is_three_when_spring_takes_it() -> None:
    """The next valid time after 02:30 on 8 March 2026 is 03:00 EDT."""
    instant = local_instant(date(2026, 3, 8), time(2, 30), NEW_YORK)

    assert instant == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_day_that_a_country_left_out_begins_with_the_next() -> None:
    """Samoa went from 29 to 31 December 2011."""
    instant = local_instant(date(2011, 12, 30), time(0), APIA)

    assert instant.astimezone(APIA) == datetime(2011, 12, 31, tzinfo=APIA)


def test_the_second_of_two_equal_times_is_no_way_into_a_gap() -> None:
    """A look back from the repeated hour of October to the missing hour of March ends at the change."""
    before = datetime(2023, 10, 29, 1, 30, tzinfo=LONDON, fold=1)

    since = reach_back(Cadence.MONTHLY, 43, before, LONDON)

    assert since == datetime(2020, 3, 29, 1, tzinfo=UTC)


def test_an_issue_is_due_at_the_same_local_hour_on_both_sides_of_a_clock_change() -> None:
    """Eight in the morning is eight in the morning, whatever the offset."""
    october, november = following(parse_period(Cadence.MONTHLY, "2026-10"), 2)

    due = [p.due_at(Schedule(day=1, at=time(8)), LONDON) for p in (october, november)]

    assert [at.astimezone(LONDON).hour for at in due] == [8, 8]
    assert [at.astimezone(UTC).hour for at in due] == [7, 8]


def test_the_draft_comes_the_given_days_before() -> None:
    """The editor has three days."""
    period = parse_period(Cadence.MONTHLY, "2026-12")

    assert period.draft_at(Schedule(day=1, draft_days_before=3), LONDON) == datetime(2026, 11, 28, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "periods", "expected"),
    [
        (Cadence.DAILY, 2, datetime(2026, 3, 29, 9, tzinfo=LONDON)),
        (Cadence.WEEKLY, 1, datetime(2026, 3, 24, 9, tzinfo=LONDON)),
        (Cadence.MONTHLY, 1, datetime(2026, 2, 28, 9, tzinfo=LONDON)),
        (Cadence.MONTHLY, 13, datetime(2025, 2, 28, 9, tzinfo=LONDON)),
        (Cadence.QUARTERLY, 2, datetime(2025, 9, 30, 9, tzinfo=LONDON)),
    ],
)
def test_reaching_back_keeps_the_local_hour_and_clamps_the_day(
    cadence: Cadence, periods: int, expected: datetime
) -> None:
    """A month before 31 March is the end of February."""
    before = datetime(2026, 3, 31, 9, tzinfo=LONDON)

    assert reach_back(cadence, periods, before, LONDON) == expected


def test_periods_are_due_from_the_newsletters_beginning_to_now() -> None:
    """Those due after it began and drafted by now, in order; nothing for the time before."""
    since, now = datetime(2026, 8, 10, tzinfo=UTC), datetime(2026, 11, 29, 12, tzinfo=UTC)

    due = periods_due(Cadence.MONTHLY, Schedule(day=1), LONDON, since=since, now=now)

    assert [p.key for p in due] == ["2026-09", "2026-10", "2026-11", "2026-12"]


def test_drafts_that_are_wanted_long_before_do_not_run_ahead_of_now() -> None:
    """Ten days before a weekly issue, two drafts may be open at once, and no third."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    schedule = Schedule(day=1, draft_days_before=10)

    due = periods_due(Cadence.WEEKLY, schedule, LONDON, since=now, now=now)

    assert [p.key for p in islice(due, 5)] == ["2026-W48", "2026-W49"]


@given(
    cadence=cadences,
    since=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    span=st.timedeltas(timedelta(), timedelta(days=120)),
    day=st.integers(1, 31),
)
def test_each_due_period_comes_once_and_in_order(cadence: Cadence, since: datetime, span: timedelta, day: int) -> None:
    """Asking for what is due over a span gives neighbours, each once."""
    found = list(periods_due(cadence, Schedule(day=day), LONDON, since=since, now=since + span))

    assert all(a.next == b for a, b in pairwise(found))
    assert all(p.due_at(Schedule(day=day), LONDON) >= since for p in found)
