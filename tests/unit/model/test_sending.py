"""Sending hours: mail leaves on the days and in the hours of the local calendar, whatever clocks do."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.sending import WEEK, Sending, Weekday

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from([LONDON, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Tokyo")])
TIMES = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
INSTANTS = st.datetimes(
    min_value=datetime(2025, 1, 1),
    max_value=datetime(2028, 1, 1),
    timezones=st.just(UTC),
)
DAYS = st.sets(st.sampled_from(WEEK), min_size=1).map(lambda days: tuple(sorted(days, key=WEEK.index)))
SENDINGS = st.builds(Sending, days=DAYS, opens_at=TIMES, closes_at=TIMES)

OFFICE = Sending(days=WEEK[:5], opens_at=time(9), closes_at=time(17))
NIGHTS = Sending(days=(Weekday.FRI,), opens_at=time(22), closes_at=time(6))


def london(text: str) -> datetime:
    """A local time, such as 2026-11-20 12:00."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("sending", "at", "opens"),
    [
        (OFFICE, "2026-11-20 12:00", "2026-11-20 12:00"),
        (OFFICE, "2026-11-20 09:00", "2026-11-20 09:00"),
        (OFFICE, "2026-11-20 08:59", "2026-11-20 09:00"),
        (OFFICE, "2026-11-20 17:00", "2026-11-23 09:00"),  # a Friday: the end is not part of it
        (OFFICE, "2026-11-21 12:00", "2026-11-23 09:00"),
        (NIGHTS, "2026-11-20 21:00", "2026-11-20 22:00"),
        (NIGHTS, "2026-11-21 05:59", "2026-11-21 05:59"),  # still Friday's night
        (NIGHTS, "2026-11-21 06:00", "2026-11-27 22:00"),
        (NIGHTS, "2026-11-21 23:00", "2026-11-27 22:00"),  # Saturday has no night of its own
        (Sending(days=(Weekday.MON,)), "2026-11-22 23:59", "2026-11-23 00:00"),
        (Sending(days=(Weekday.MON,)), "2026-11-23 23:59", "2026-11-23 23:59"),
        (Sending(days=(Weekday.MON,)), "2026-11-24 00:00", "2026-11-30 00:00"),
    ],
)
def test_it_says_when_mail_may_leave_next(sending: Sending, at: str, opens: str) -> None:
    """At once within the hours; else when they begin again."""
    assert sending.opens_next(london(at), LONDON) == london(opens)


def test_without_a_word_mail_may_always_leave() -> None:
    """As it was before there were hours."""
    at = london("2026-11-21 03:00")

    assert Sending().always
    assert Sending().opens_next(at, LONDON) == at


def test_hours_that_a_clock_change_moves_stay_those_of_the_wall_clock() -> None:
    """Nine is nine, in summer and in winter: on 29 March 2026 London's clocks go forward."""
    daily = Sending(opens_at=time(9), closes_at=time(10))

    opens = [each.starts_at for each in islice(daily.stretches(london("2026-03-28 00:00"), LONDON), 2)]

    assert [at.astimezone(UTC).hour for at in opens] == [9, 8]


def test_a_night_in_which_clocks_change_is_an_hour_shorter_or_longer() -> None:
    """From ten to six, by the wall clock."""
    nights = Sending(opens_at=time(22), closes_at=time(6))

    spring = next(nights.stretches(london("2026-03-28 20:00"), LONDON)).span
    autumn = next(nights.stretches(london("2026-10-24 20:00"), LONDON)).span

    assert (spring, autumn) == (timedelta(hours=7), timedelta(hours=9))


def test_hours_that_a_clock_change_leaves_out_altogether_are_not_there() -> None:
    """Between one and two in the night of spring there is nothing."""
    small = Sending(opens_at=time(1, 10), closes_at=time(1, 50))

    first = next(small.stretches(london("2026-03-29 00:00"), LONDON))

    assert first.starts_at == london("2026-03-30 01:10")


@given(SENDINGS, INSTANTS, ZONES)
def test_stretches_follow_each_other_and_never_overlap(sending: Sending, at: datetime, zone: ZoneInfo) -> None:
    """None is empty, none begins before it is asked for."""
    times = list(islice(sending.stretches(at, zone), 10))

    assert all(at <= each.starts_at < each.ends_at for each in times)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(times))


@given(SENDINGS, INSTANTS, ZONES)
def test_when_mail_may_leave_is_within_a_day_and_time_that_was_asked_for(
    sending: Sending, at: datetime, zone: ZoneInfo
) -> None:
    """By the local calendar; a time left out by a clock change is the next there is."""
    opens = sending.opens_next(at, zone)
    local = opens.astimezone(zone)
    after_midnight = sending.closes_at <= sending.opens_at and local.time() < sending.opens_at
    begun = local - timedelta(days=1) if after_midnight else local

    assert opens >= at
    assert sending.opens_next(opens, zone) == opens
    assert sending.always or WEEK[begun.weekday()] in sending.days


@given(SENDINGS, INSTANTS, ZONES, st.floats(0, 300), st.integers(1, 400))
def test_an_issue_is_spread_over_as_many_of_its_hours_as_it_should(
    sending: Sending, at: datetime, zone: ZoneInfo, hours: float, expire: int
) -> None:
    """Fewer only where it would be too old; never outside of the hours."""
    before = at + timedelta(hours=expire)
    spread = Sending(
        days=sending.days, opens_at=sending.opens_at, closes_at=sending.closes_at, spread_hours=hours
    ).spread(at, zone, before=before)
    whole = sum((each.span for each in spread), timedelta())

    assert whole <= timedelta(hours=hours)
    assert all(each.ends_at <= before for each in spread)
    assert all(sending.opens_next(each.starts_at, zone) == each.starts_at for each in spread)
    if whole < timedelta(hours=hours):
        rest = spread[-1].ends_at if spread else at
        assert rest == before or sending.opens_next(rest, zone) >= before
