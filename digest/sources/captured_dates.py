"""Date lines: lines of a captured page that hold a day and nothing else."""

import re
from datetime import date
from difflib import get_close_matches

from digest.errors import UnreadableSource

_NAMES = "january february march april may june july august september october november december"
_MONTHS = _NAMES.split()
_BY_NAME = {name[:length]: number for number, name in enumerate(_MONTHS, 1) for length in (3, 4, len(name))}
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_LEAD = r"(?:(?:published|posted|date)(?:\s+on)?\s*:?\s+)?"
_TIME = r"(?:,?\s+(?:at\s+)?\d{1,2}[:.]\d\d(?:\s*[ap]\.?m\.?)?)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_YEAR = r"(?P<year>\d{4})"
_FORMS = tuple(
    re.compile(_LEAD + _WEEKDAY + form + _TIME, re.IGNORECASE)
    for form in (
        rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_YEAR}[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}})",
    )
)


def looks_like_date(line: str) -> bool:
    """Whether the line has the shape of a date, be there such a day or not."""
    return _parts(line) is not None


def date_of(text: str, line: int) -> date:
    """The day that a date line names; UnreadableSource when there is no such day."""
    parts = _parts(text)
    if parts is None:
        raise UnreadableSource(f"“{text[:60]}” is no date.", line=line, remedy="Write it as 16 December 2014.")
    year, month, day = parts
    try:
        if not 1900 <= year < 2200:
            raise ValueError(year)
        return date(year, month, day)
    except ValueError as exc:
        remedy = "Correct it; a date is written as 16 December 2014."
        raise UnreadableSource(f"there is no such day as “{text}”.", line=line, remedy=remedy) from exc


def _parts(line: str) -> tuple[int, int, int] | None:
    """Year, month and day; month 0 for a misspelt one."""
    match = next((found for form in _FORMS if (found := form.fullmatch(line))), None) if len(line) <= 60 else None
    if match is None:
        return None
    month = _month(match["month"].casefold())
    return None if month is None else (int(match["year"]), month, int(match["day"]))


def _month(name: str) -> int | None:
    if name.isdecimal():
        return int(name)
    if name in _BY_NAME:
        return _BY_NAME[name]
    return 0 if get_close_matches(name, _MONTHS, cutoff=0.7) else None
