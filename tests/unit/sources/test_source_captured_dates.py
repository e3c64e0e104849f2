"""A date line holds a day and nothing else."""

from datetime import date

import pytest

from digest.errors import UnreadableSource
from digest.sources.captured_dates import date_of, looks_like_date


@pytest.mark.parametrize(
    "line",
    [
        "3 March 2025",
        "03 March 2025",
        "3rd March 2025",
        "3rd of March 2025",
        "3 Mar 2025",
        "3 Mar. 2025",
        "March 3, 2025",
        "March 3rd 2025",
        "Monday 3 March 2025",
        "Mon, 3 March 2025",
        "Monday, March 3, 2025",
        "2025-03-03",
        "2025/3/3",
        "Published on 3 March 2025",
        "Posted: 3 March 2025",
        "Date: March 3, 2025",
        "3 March 2025, 10:30",
        "3 MARCH 2025",
    ],
)
def test_a_day_is_read_however_it_is_written(line):
    """Ordinals, weekdays, abbreviations, American order and ISO 8601."""
    assert looks_like_date(line)
    assert date_of(line, 1) == date(2025, 3, 3)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Conference, 1-3 September 2014",
        "31 August - 3 September 2014",
        "On 3 March 2025 it began",
        "3 March 2025.",
        "March 2025",
        "12 Monkeys 1995",
        "3/4/2025",
        "Act 2014",
        "3 March",
        "9" * 100,
    ],
)
def test_a_line_that_says_more_or_less_is_no_date_line(line):
    """Ranges, sentences and months without a day; and a form that means two days in two countries."""
    assert not looks_like_date(line)


@pytest.mark.parametrize(
    "line", ["31 February 2014", "0 March 2014", "99 March 2014", "2014-13-01", "3 Decmber 2014", "3 May 0214"]
)
def test_a_day_that_never_was_is_refused_by_its_line(line):
    """A slip is named; it does not pass for text, nor is it mended by guessing."""
    assert looks_like_date(line)
    with pytest.raises(UnreadableSource, match="no such day") as refusal:
        date_of(line, 7)
    assert refusal.value.line == 7
