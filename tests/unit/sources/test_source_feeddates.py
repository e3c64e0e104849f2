"""A date of a feed is the one that it names, or none."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.feeddates import moment

TEN = datetime(2025, 1, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 06 Jan 2025 10:00:00 GMT",
        "Mon, 6 Jan 2025 10:00 UT",
        "Mon,06 Jan 2025 10:00:00 Z",
        "06 Jan 25 10:00:00 GMT",
        "Monday, 06 January 2025 10:00:00 +0000",
        "Mon, 06 Jan 2025 11:00:00 +0100",
        "Mon, 06 Jan 2025 11:00:00 GMT+01:00",
        "Mon, 06 Jan 2025 15:30:00 +05:30",
        "Mon, 06 Jan 2025 06:30:00 -0330",
        "Mon, 06 Jan 2025 05:00:00 EST",
        "Mon, 06 Jan 2025 02:00:00 (PST)",
        "Mon, 06 Jan 2025 11:00:00 CET",
        "Mon, 06 Jan 2025 10:00:00 XYZ",
        "Mon, 06 Jan 2025 10:00:00 +9900",
        "Mon, 06 Jan 2025 10:00:00 Europe/London",
        "2025-01-06T10:00:00Z",
        "2025-01-06T11:00:00.123456+01:00",
        "2025-01-06T05:00:00\u221205:00",
        "2025-01-06 10:00",
        "2025/01/06 10:00:00",
        "20250106T100000Z",
        "Mon Jan 6 10:00:00 2025",
        "Mon Jan  6 10:00:00 UTC 2025",
        "January 6, 2025 10:00 am",
        "06.01.2025 10:00",
        "Mo, 06 Jan 2025 11:00:00 MEZ",
        "lun., 06 janv. 2025 11:00:00 +0100",
        "6 de enero de 2025 10:00",
        "1736157600",
        "1736157600123",
        " Mon, 06\tJan\n2025 10:00:00 GMT ",
    ],
)
def test_an_instant_is_read_however_it_is_written(text):
    """In UTC; a zone that nobody knows counts as UTC."""
    assert moment(text) == TEN


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-06",
        "Mon, 06 Jan 2025",
        "6 January 2025",
        "January 6th, 2025",
        "06-Jan-2025",
        "20250106",
        "2025/1/6",
        "06.01.2025",
        "6 gennaio 2025",
        "Mon, 06 Jan 2025 31:00:00 GMT",
        "2025-01-06T10",
    ],
)
def test_a_day_without_a_time_stays_a_day(text):
    """No midnight is made up, nor for a time that is none."""
    day = moment(text)

    assert day == date(2025, 1, 6)
    assert not isinstance(day, datetime)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Fri, 06 Jun 2025 10:00:00 BST", datetime(2025, 6, 6, 9, tzinfo=UTC)),
        ("Mon, 06 Jan 2025 24:00:00 GMT", datetime(2025, 1, 7, tzinfo=UTC)),
        ("Mon, 06 Jan 2025 10:00:60 GMT", datetime(2025, 1, 6, 10, 0, 59, tzinfo=UTC)),
        ("Mon, 06 Jan 2025 12:05 am", datetime(2025, 1, 6, 0, 5, tzinfo=UTC)),
        ("6 mars 2025", date(2025, 3, 6)),
        ("06 Mär 2025", date(2025, 3, 6)),
        ("3 juin 2025", date(2025, 6, 3)),
        ("3 juillet 2025", date(2025, 7, 3)),
        ("12 août 2025", date(2025, 8, 12)),
        ("25/06/2025", date(2025, 6, 25)),
        ("06/25/2025", date(2025, 6, 25)),
        ("06/06/2025", date(2025, 6, 6)),
        ("Wed, 01 Jan 70 00:00:00 GMT", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_odd_dates_are_what_they_mean(text, when):
    """Summer time, midnight as 24, leap seconds, names of other languages, an order that only one way makes sense."""
    assert moment(text) == when


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2025",
        "2025-01",
        "January 2025",
        "05/06/2025",
        "Mon, 31 Feb 2025 10:00:00 GMT",
        "2025-13-45",
        "2025-W02-1",
        "0000-00-00 00:00:00",
        "Mon, 01 Jan 0001 00:00:00 +0100",
        "9999-12-31T23:59:59-10:00",
        "6 Foo 2025",
        "10:00",
        "7",
        "9" * 5000,
        "Mon, " * 5000,
    ],
)
def test_what_names_no_day_is_none(text):
    """Nor what names one of two."""
    assert moment(text) is None


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_every_instant_survives_the_way_it_is_written_by_rfc_5322(when, minutes):
    """In whatever zone, to the second."""
    sign, ahead = ("-" if minutes < 0 else "+"), divmod(abs(minutes), 60)
    written = when.strftime("%a, %d %b %Y %H:%M:%S ") + f"{sign}{ahead[0]:02}{ahead[1]:02}"

    read = moment(written)

    assert isinstance(read, datetime)
    assert (when.replace(tzinfo=UTC, microsecond=0) - read).total_seconds() == minutes * 60


@given(st.text(max_size=90) | st.text(alphabet="0123456789 -/.:,TZ+JanFebMonGMTpm()", max_size=80))
def test_any_text_is_a_date_or_none(text):
    """Never an error, and never outside of three centuries."""
    when = moment(text)

    assert when is None or 1899 <= when.year <= 2286
