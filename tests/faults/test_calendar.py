"""Clocks that jump, calendars with gaps, schedulers that race or sleep: one issue a period, each message once."""

import zoneinfo
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.flow.apply import apply
from digest.flow.house import House
from digest.flow.schedule import tick
from digest.model.cadence import Cadence
from digest.model.delivery import DeliveryState
from digest.resources import folder
from digest.settings import MissedPeriods
from digest.storage.tables import delivery, issue, variant_item
from subscribers.tables import newsletter, subscription
from tests.conftest import StandingClock
from tests.support.desk import NEWSLETTER, Desk
from tests.support.trial import PERIOD, READERS, Trial, shifted

_S = DeliveryState
DAY = 86_400.0
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize("jump", [DAY, -DAY, 90.0, -90.0], ids=["a day ahead", "a day back", "NTP ahead", "NTP back"])
def test_29_clock_jump(trial: Trial, jump: float) -> None:
    """Leases go by the database's clock: two workers a day apart steal nothing from each other, and nothing doubles."""
    crew = [trial.child("deliver", first=shifted(jump))]
    if not trial.embedded:
        crew.append(trial.child("deliver", first=shifted(-jump)))
    codes = [each.ended() for each in crew]

    assert codes == [0] * len(crew), [each.said() for each in crew]
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def ticking(trial: Trial, *moments: datetime) -> list[str]:
    """The periods that there are issues of, after ticks at these moments."""
    clock = StandingClock()
    house = replace(trial.house, clock=clock)
    with house.store.write() as connection:  # as if it had been there from the first of these moments
        connection.execute(newsletter.update().values(created_at=moments[0]))
    for moment in moments:
        clock.at = moment
        tick(house)
    with house.store.read() as connection:
        return list(connection.scalars(select(issue.c.period_key).order_by(issue.c.period_key)))


def test_32_many_schedulers_at_the_same_tick(trial: Trial) -> None:
    """Three at once: one issue for each period, whoever was first."""
    crew = [trial.child("scheduler", DIGEST_SCHEDULER__TICK_SECONDS="0.3") for _ in range(3)]
    for each in crew:
        each.process.join(2.5)
        each.send(15)
    codes = [each.ended() for each in crew]

    with trial.house.store.read() as connection:
        rows = connection.execute(
            select(issue.c.period_key, func.count()).group_by(
                issue.c.newsletter_id, issue.c.cadence, issue.c.period_key
            )
        ).all()
    assert codes == [0] * len(crew), [each.said() for each in crew]
    assert all(count == 1 for _, count in rows)
    trial.finish()
    trial.check()


@on_sqlite
def test_30_one_issue_for_each_local_period(trial: Trial) -> None:
    """Ticks through the hours of both changes of the clock make no period twice and leave none out."""
    hours = [datetime(2027, 3, 28, hour, minute, tzinfo=UTC) for hour in range(4) for minute in (0, 30)]
    hours += [datetime(2027, 10, 31, hour, minute, tzinfo=UTC) for hour in range(4) for minute in (0, 30)]
    periods = ticking(trial, datetime(2027, 3, 1, tzinfo=UTC), *hours)

    assert len(periods) == len(set(periods))
    trial.finish()
    trial.check()


@on_sqlite
def test_30_the_newsletter_moves_through_the_zones(trial: Trial) -> None:
    """There and back over the date line while a month ends: each month is made, and once."""
    house = replace(trial.house, clock=StandingClock())
    zones = ("Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/London")
    moments = [datetime(2027, 1, 28, tzinfo=UTC) + timedelta(hours=12 * step) for step in range(10)]
    periods = [
        periods
        for number, moment in enumerate(moments)
        for _ in [changed(trial, house, ("Europe/London", zones[number % 4]))]
        for periods in [ticking(trial, moments[0], moment)]
    ]

    assert all(earlier == later[: len(earlier)] for earlier, later in pairwise(periods))
    assert periods[-1] == [PERIOD, "2027-02"]
    trial.finish()
    trial.check()


@on_sqlite
def test_30_the_rules_of_the_zone_change(trial: Trial) -> None:
    """An update of tzdata between two ticks, by nine hours: no period is made twice, and none is left out."""
    before = ticking(trial, datetime(2027, 1, 28, tzinfo=UTC), datetime(2027, 1, 29, tzinfo=UTC))
    (trial.folder / "Europe").mkdir()
    (trial.folder / "Europe" / "London").write_bytes(rules_of("Asia/Tokyo"))
    usual = zoneinfo.TZPATH
    try:
        zoneinfo.reset_tzpath(to=[str(trial.folder.resolve()), *usual])
        zoneinfo.ZoneInfo.clear_cache()
        noon = datetime(2027, 2, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/London"))
        ends = [datetime(2027, 1, 28, tzinfo=UTC), *(noon - timedelta(hours=12 * back) for back in (3, 2, 1, 0))]
        after = ticking(trial, *ends)
    finally:
        zoneinfo.reset_tzpath(to=usual)
        zoneinfo.ZoneInfo.clear_cache()

    assert noon.utcoffset() == timedelta(hours=9)
    assert after[: len(before)] == before
    assert after == [PERIOD, "2027-02"]
    trial.finish()
    trial.check()


def rules_of(zone: str) -> bytes:
    """What the machine knows of a zone."""
    for where in zoneinfo.TZPATH:
        if (path := Path(where, zone)).is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


@on_sqlite
def test_31_the_ends_of_months(trial: Trial) -> None:
    """A leap year with ticks on the last days of each month: twelve months, each once."""
    ends = [datetime(2028, month, 1, tzinfo=UTC) - timedelta(days=back) for month in range(2, 13) for back in (2, 1, 0)]
    ends.append(datetime(2029, 1, 2, tzinfo=UTC))
    periods = [each for each in ticking(trial, datetime(2028, 1, 1, tzinfo=UTC), *ends) if each.startswith("2028")]

    assert periods == [f"2028-{month:02}" for month in range(1, 13)]
    trial.finish()
    trial.check()


@on_sqlite
@pytest.mark.parametrize("missed", [MissedPeriods.LATEST, MissedPeriods.ALL])
def test_33_scheduler_down_for_three_days(trial: Trial, missed: MissedPeriods) -> None:
    """A daily newsletter comes back with its latest issue, or with all; each piece comes to each reader, and once."""
    trial.finish()
    house = daily(trial, missed)
    for day in (1, 2, 3, 4):  # what the days it was down have brought is gathered when it is back
        title, at = f"Of day {day}", datetime(2027, 2, day, 6, tzinfo=UTC)
        Desk(house).write_items(trial.folder, {"title": title, "published_at": at.isoformat(), "topics": ["law"]})
        if day in (1, 4):
            house.clock.at = at + timedelta(hours=3)  # type: ignore[attr-defined]
            assert tick(house).problems == tick(house).problems == []

    with house.store.read() as connection:
        of_days = issue.c.cadence == Cadence.DAILY
        keys = connection.scalars(select(issue.c.period_key).where(of_days).order_by(issue.c.period_key)).all()
        got = Counter(
            connection.execute(select(delivery.c.subscriber_id, variant_item.c.item_id).where(_HOLDS, of_days))
        )
    back = [2, 3, 4] if missed is MissedPeriods.ALL else [4]
    assert keys == [f"2027-02-{day:02}" for day in (1, *back)]
    assert (len(got), set(got.values())) == (4 * len({reader for reader, _ in got}), {1})
    assert len({reader for reader, _ in got}) == sum(number % 3 != 1 for number in range(READERS))
    trial.finish()
    trial.check()


_HOLDS = (issue.c.id == delivery.c.issue_id) & (variant_item.c.variant_id == delivery.c.variant_id)


def daily(trial: Trial, missed: MissedPeriods) -> House:
    """The house with a standing clock and a newsletter that lets a daily issue go by itself, which all have chosen."""
    scheduler = trial.house.settings.scheduler.model_copy(update={"missed_periods": missed})
    settings = trial.house.settings.model_copy(update={"scheduler": scheduler})
    house = replace(trial.house, clock=StandingClock(datetime(2027, 2, 1, 5, tzinfo=UTC)), settings=settings)
    changed(trial, house, ("[cadences.monthly]", f"{_EACH_DAY}[cadences.monthly]"), _BY_ITSELF)
    with house.store.write() as connection:
        connection.execute(newsletter.update().values(created_at=datetime(2027, 2, 1, tzinfo=UTC)))
        connection.execute(subscription.update().values(cadence=Cadence.DAILY))
    return house


_EACH_DAY = '[cadences.daily]\nat = "08:00"\ndraft_days_before = 0\n\n'
_BY_ITSELF = ('approval = "editor"', 'approval = "automatic"')


def changed(trial: Trial, house: House, *changes: tuple[str, str]) -> None:
    """Apply the newsletter with some of its text changed."""
    text = (folder("config") / "newsletters" / f"{NEWSLETTER}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (trial.folder / "changed.toml").write_text(text, encoding="utf-8")
    apply(house, trial.folder / "changed.toml")
