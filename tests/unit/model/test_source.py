"""Sources: when one is read again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.source import LONGEST_WAIT, next_reading

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

spans = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))


@pytest.mark.parametrize(
    ("fresh_for", "waits"),
    [(timedelta(), HOUR), (HOUR / 2, HOUR), (10 * HOUR, 10 * HOUR), (timedelta(days=365), DAY)],
)
def test_after_a_success_the_server_may_ask_for_longer_but_not_for_ever(fresh_for: timedelta, waits: timedelta) -> None:
    """Never sooner than the site wants, never later than a day."""
    assert next_reading(NOW, HOUR, fresh_for=fresh_for) == NOW + waits


@pytest.mark.parametrize(("failures", "hours"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 24), (60, 24), (10_000, 24)])
def test_each_failure_doubles_the_wait_up_to_a_day(failures: int, hours: int) -> None:
    """However often it fails, it is asked once a day."""
    assert next_reading(NOW, HOUR, failures=failures) == NOW + hours * HOUR


@pytest.mark.parametrize(("wait", "waits"), [(HOUR / 2, HOUR), (3 * DAY, 3 * DAY), (30 * DAY, LONGEST_WAIT)])
def test_a_server_that_asks_for_peace_gets_it_for_a_week_at_most(wait: timedelta, waits: timedelta) -> None:
    """A slip of a year would be a source lost."""
    assert next_reading(NOW, HOUR, failures=1, wait=wait) == NOW + waits


@given(failures=st.integers(0, 10_000), fresh_for=spans, wait=spans, every=st.timedeltas(HOUR / 60, 3 * DAY))
def test_a_source_is_never_asked_at_once_and_never_forgotten(
    failures: int, fresh_for: timedelta, wait: timedelta, every: timedelta
) -> None:
    """Whatever servers say and however they fail."""
    then = next_reading(NOW, every, failures=failures, fresh_for=fresh_for, wait=wait)

    assert NOW + every <= then <= NOW + LONGEST_WAIT
