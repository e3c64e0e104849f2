"""What an answer says about its own freshness is read as RFC 9110 and 9111 have it, and nonsense is nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.freshness import LONGEST_FRESH, LONGEST_WAIT, fresh_for, retry_after

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
LATER = "Sat, 21 Nov 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("max-age=60", 60),
        ("MAX-AGE = 60", 60),
        ('public, max-age="60", must-revalidate', 60),
        ("max-age=60, max-age=90", 60),
        ("s-maxage=60", 0),
        ("max-age=60, no-cache", 0),
        ('no-cache="set-cookie", max-age=60', 0),
        ("no-store", 0),
        ("max-age=-60", 0),
        ("max-age=1.5", 0),
        ("max-age=٦٠", 0),
        ("max-age", 0),
        ("", 0),
        ("max-age=" + "9" * 90, 24 * 3600),
        ("max-age=" + "9" * 90_000, 0),
    ],
)
def test_cache_control_says_how_long(control, seconds):
    """By max-age alone, and for a day at most."""
    assert fresh_for({"cache-control": control}, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("age", "seconds"), [("20", 40), ("60", 0), ("90", 0), ("-5", 60), ("old", 60), ("", 60)])
def test_what_lay_in_a_cache_is_older(age, seconds):
    """Age is taken off, when it is one."""
    assert fresh_for({"cache-control": "max-age=60", "age": age}, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"expires": LATER, "date": DATE}, 1),
        ({"expires": LATER}, 1),
        ({"expires": LATER, "date": "today"}, 1),
        ({"expires": LATER, "date": LATER}, 0),
        ({"expires": DATE, "date": LATER}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": "Fri, 01 Jan 2100 00:00:00 GMT"}, 24),
        ({"expires": LATER, "date": DATE, "cache-control": "max-age=0"}, 0),
        ({"expires": LATER, "date": DATE, "cache-control": "public"}, 1),
    ],
)
def test_expires_says_until_when(headers, hours):
    """By the server's own clock, where Cache-Control says nothing."""
    assert fresh_for(headers, now=NOW) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("-1", 0),
        ("1e3", 0),
        ("soon", 0),
        ("", 0),
        (LATER, 3600),
        ("Saturday, 21-Nov-26 13:00:00 GMT", 3600),
        ("Sat Nov 21 13:00:00 2026", 3600),
        ("Sat, 21 Nov 2020 12:00:00 GMT", 0),
        ("99999999999", 7 * 24 * 3600),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 7 * 24 * 3600),
        ("Sat, 31 Feb 2026 12:00:00 GMT", 0),
    ],
)
def test_a_server_asks_for_peace(value, seconds):
    """In seconds or by a date in any spelling of RFC 9110, for a week at most."""
    assert retry_after(value, now=NOW) == timedelta(seconds=seconds)


FIELDS = ("cache-control", "age", "expires", "date")
VALUES = st.one_of(st.text(), st.from_regex(r"(?a)\A[a-z-]{1,9}=[0-9\"+-]*\Z"), st.datetimes().map(str))


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_whatever_is_said_some_time_is_read(headers):
    """Never less than none, never more than the cap, never an error."""
    assert timedelta() <= fresh_for(headers, now=NOW) <= LONGEST_FRESH


@given(VALUES)
def test_whatever_is_asked_for_some_wait_is_read(value):
    """Never less than none, never more than the cap, never an error."""
    assert timedelta() <= retry_after(value, now=NOW) <= LONGEST_WAIT
