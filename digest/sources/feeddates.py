"""Dates of feeds: the instant or the day that one names, however it is written; never one that it does not name."""

import re
from datetime import UTC, date, datetime, timedelta

#: No date is longer.
_MOST = 80
#: Names of months in the languages that most feeds are in, by their first letters.
_MONTHS = """
    1 jan gen ene  2 feb fev fév  3 mar mär mrt maa mrz  4 apr avr abr  5 may mai mei mag maj  6 jun juin giu
    7 jul juil lug  8 aug août aou ago  9 sep set  10 oct okt ott out  11 nov  12 dec dez déc dic
"""
#: Hours from UTC of the names that mean one zone only.
_ZONES = """
    0 ut utc gmt z wet  1 west bst cet mez  2 cest mesz eet  3 eest msk
    8 awst  9 jst  10 aest  11 aedt  12 nzst  13 nzdt
    -4 edt  -5 est cdt  -6 cst mdt  -7 mst pdt  -8 pst akdt  -9 akst  -10 hst
"""


def _table(text: str) -> dict[str, int]:
    """Each name with the number before it."""
    found: dict[str, int] = {}
    number = 0
    for word in text.split():
        if word.lstrip("-").isdigit():
            number = int(word)
        else:
            found[word] = number
    return found


_MONTH, _ZONE = _table(_MONTHS), _table(_ZONES)
#: Zones lie within so many hours of UTC; what says otherwise is a slip.
_FARTHEST = 14

_CLOCK = r"(?P<hour>\d\d?):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d{1,9})?)?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
_ZONED = r"\s*\(?(?P<zone>[a-z]{1,5})?\s*(?:(?P<ahead>[+-]\d\d?)(?::?(?P<beyond>\d\d))?)?"
_TIME = rf"(?:(?:[T,]|\s)\s*{_CLOCK}{_ZONED})?"
_NAME, _DAY, _YEAR = r"(?P<name>[^\W\d_]{3,12})\.?", r"(?P<day>\d\d?)(?:st|nd|rd|th|\.)?", r"(?P<year>\d{4})(?!\d)"
_WEEKDAY = r"(?:[^\W\d_]{2,12}(?:\.?,\s*|\.?\s+))?"
_SHAPES = [
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"{_WEEKDAY}{_DAY}(?:\s+|-)(?:de\s)?{_NAME}(?:,?\s+|-)(?:de\s)?(?P<year>\d{{4}}|\d\d)(?!\d){_TIME}",
        rf"(?P<year>\d{{4}})([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?)(?!\d){_TIME}",
        rf"{_WEEKDAY}{_NAME}\s+{_DAY},?\s+{_YEAR}{_TIME}",
        rf"{_WEEKDAY}{_NAME}\s+{_DAY}\s+{_CLOCK}{_ZONED}\s+{_YEAR}",
        rf"(?P<day>\d\d?)(?P<between>[-/.])(?P<month>\d\d?)\2{_YEAR}{_TIME}",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?!\d){_TIME}",
    )
]
#: What lies outside is a slip or a trap.
_YEARS = range(1900, 2200)
_SECONDS = re.compile(r"(\d{9,10})(?:\d{3})?")


def moment(text: str) -> date | datetime | None:
    """An instant in UTC; a day where no time is named; None where no day is, or no one can tell which."""
    if len(text) > _MOST:
        return None
    line = " ".join(text.replace("\u2212", "-").split())
    seconds = _SECONDS.fullmatch(line)
    if seconds:
        return datetime.fromtimestamp(int(seconds[1]), UTC)
    match = next((found for shape in _SHAPES if (found := shape.match(line))), None)
    return _made({name: value or "" for name, value in match.groupdict().items()}) if match else None


def _made(parts: dict[str, str]) -> date | datetime | None:
    day = _day(parts)
    if day is None or not parts["hour"]:
        return day
    hour, minute, second = int(parts["hour"]), int(parts["minute"]), min(int(parts["second"] or 0), 59)
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    if hour > 24 or minute > 59:
        return day
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=hour, minutes=minute, seconds=second) - _ahead(parts)


def _day(parts: dict[str, str]) -> date | None:
    day, month = int(parts["day"]), _month(parts)
    if parts.get("between") == "/" and day <= 12 and day != month:
        # The third of April or the fourth of March: who knows.
        day, month = (month, day) if month > 12 else (0, 0)
    year = _year(parts["year"])
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _month(parts: dict[str, str]) -> int:
    if "name" not in parts:
        return int(parts["month"])
    name = parts["name"].lower()
    return _MONTH.get(name[:3]) or _MONTH.get(name[:4]) or 0


def _year(digits: str) -> int:
    """RFC 5322 for two digits: up to 49 they are of this century."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 50 else 1900)


def _ahead(parts: dict[str, str]) -> timedelta:
    """How far the zone is ahead of UTC; an unknown one counts as UTC, as readers of feeds agree."""
    if not parts["ahead"]:
        return timedelta(hours=_ZONE.get(parts["zone"].lower(), 0))
    hours, minutes = int(parts["ahead"]), int(parts["beyond"] or 0)
    if abs(hours) > _FARTHEST:
        return timedelta()
    return timedelta(hours=hours, minutes=-minutes if parts["ahead"].startswith("-") else minutes)
