"""Clocks that jump, calendars with gaps, schedulers that race or sleep: one issue a period, each message once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from digest.flow.schedule import tick
from digest.model.delivery import DeliveryState
from digest.storage.tables import issue
from subscribers.tables import newsletter
from tests.conftest import StandingClock
from tests.support.trial import READERS, Trial, shifted

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
def test_31_the_ends_of_months(trial: Trial) -> None:
    """A leap year with ticks on the last days of each month: twelve months, each once."""
    ends = [datetime(2028, month, 1, tzinfo=UTC) - timedelta(days=back) for month in range(2, 13) for back in (2, 1, 0)]
    ends.append(datetime(2029, 1, 2, tzinfo=UTC))
    periods = [each for each in ticking(trial, datetime(2028, 1, 1, tzinfo=UTC), *ends) if each.startswith("2028")]

    assert periods == [f"2028-{month:02}" for month in range(1, 13)]
    trial.finish()
    trial.check()


@on_sqlite
def test_33_scheduler_down_for_days(trial: Trial) -> None:
    """It comes back: the period that is due is made once, and what is queued is sent once."""
    periods = ticking(
        trial, datetime(2027, 1, 30, tzinfo=UTC), datetime(2027, 2, 3, tzinfo=UTC), datetime(2027, 2, 3, 1, tzinfo=UTC)
    )

    assert len(periods) == len(set(periods))
    assert any(each.startswith("2027") for each in periods)
    trial.finish()
    trial.check()
