"""Cadences and periods: which issue a local calendar asks for, and when.

A period key is a label on the local calendar (`2026-11`, `2026-W47`), never a span of hours, so that no clock change
can make two of one or skip one. Periods are half-open: [start, end).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from digest.errors import BadPeriod


class Cadence(StrEnum):
    """How often an issue comes out."""

    DAILY = "daily"  #: keys such as 2026-11-21
    WEEKLY = "weekly"  #: ISO 8601 weeks, keys such as 2026-W47
    MONTHLY = "monthly"  #: keys such as 2026-11
    QUARTERLY = "quarterly"  #: keys such as 2026-Q4


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When within its period an issue is due, in the newsletter's time zone."""

    #: Day of the period, from 1; a day the period does not have is its last (day 31 in April is the 30th).
    day: int = 1
    #: Local time; one that a clock change leaves out is the next that exists.
    at: time = time(8, 0)
    #: How many days before that the draft is made for the editor.
    draft_days_before: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One calendar period of a cadence."""

    cadence: Cadence
    #: First day.
    first: date
    #: The day after the last.
    after: date

    @property
    def key(self) -> str:
        """The label on the local calendar."""
        match self.cadence:
            case Cadence.DAILY:
                return self.first.isoformat()
            case Cadence.WEEKLY:
                year, week, _ = self.first.isocalendar()
                return f"{year}-W{week:02}"
            case Cadence.MONTHLY:
                return f"{self.first:%Y-%m}"
            case Cadence.QUARTERLY:
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"

    @property
    def next(self) -> "Period":
        """The period that begins where this one ends."""
        return period_of(self.cadence, self.after)

    @property
    def previous(self) -> "Period":
        """The period that ends where this one begins."""
        return period_of(self.cadence, self.first - timedelta(days=1))

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """The instant it begins in `zone`."""
        return local_instant(self.first, time.min, zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The instant it ends in `zone`; not part of it."""
        return local_instant(self.after, time.min, zone)

    def due_at(self, schedule: Schedule, zone: ZoneInfo) -> datetime:
        """The instant its issue is due."""
        last = (self.after - self.first).days
        return local_instant(self.first + timedelta(days=min(schedule.day, last) - 1), schedule.at, zone)

    def draft_at(self, schedule: Schedule, zone: ZoneInfo) -> datetime:
        """The instant its draft is made."""
        return self.due_at(schedule, zone) - timedelta(days=schedule.draft_days_before)


def period_of(cadence: Cadence, on: date) -> Period:
    """The period of `cadence` that the local day `on` falls in."""
    match cadence:
        case Cadence.DAILY:
            return Period(cadence=cadence, first=on, after=on + timedelta(days=1))
        case Cadence.WEEKLY:
            monday = on - timedelta(days=on.weekday())
            return Period(cadence=cadence, first=monday, after=monday + timedelta(days=7))
        case Cadence.MONTHLY:
            first = on.replace(day=1)
            return Period(cadence=cadence, first=first, after=_months_on(first, 1))
        case Cadence.QUARTERLY:
            first = date(on.year, on.month - (on.month - 1) % 3, 1)
            return Period(cadence=cadence, first=first, after=_months_on(first, 3))


def parse_period(cadence: Cadence, key: str) -> Period:
    """The period with that key. Raises BadPeriod with an example of a good one."""
    try:
        period = period_of(cadence, _first_day(cadence, key))
    except (ValueError, OverflowError):  # no such day, or the last that there is
        period = None
    if period is None or period.key != key:
        example = period_of(cadence, date(2026, 11, 16)).key
        raise BadPeriod(f"“{key}” is not a {cadence} period.", remedy=f"Write it like {example}.")
    return period


def reach_back(cadence: Cadence, periods: int, before: datetime, zone: ZoneInfo) -> datetime:
    """The instant `periods` whole periods before `before`, reckoned on the local calendar; days are clamped."""
    local = before.astimezone(zone)
    match cadence:
        case Cadence.DAILY:
            on = local.date() - timedelta(days=periods)
        case Cadence.WEEKLY:
            on = local.date() - timedelta(days=7 * periods)
        case Cadence.MONTHLY:
            on = _months_on(local.date(), -periods)
        case Cadence.QUARTERLY:
            on = _months_on(local.date(), -3 * periods)
    return local_instant(on, local.timetz().replace(tzinfo=None), zone)


def periods_due(
    cadence: Cadence, schedule: Schedule, zone: ZoneInfo, *, since: datetime, now: datetime
) -> Iterator[Period]:
    """The periods whose issue was due after `since` and whose draft is to be there by `now`, in order."""
    period = period_of(cadence, since.astimezone(zone).date())
    while period.draft_at(schedule, zone) <= now:
        if period.due_at(schedule, zone) >= since:
            yield period
        period = period.next


def local_instant(on: date, at: time, zone: ZoneInfo) -> datetime:
    """A local wall-clock time as an instant in UTC: a time that is left out becomes the next valid one, a time that
    comes twice is the first of the two."""
    at = at.replace(fold=0)
    instant = datetime.combine(on, at, zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == datetime.combine(on, at):
        return instant
    # PEP 495: in a gap fold=0 lands as far behind the change as the time lies in the gap; walk back to the change.
    offset = instant.astimezone(zone).utcoffset()
    while (instant - timedelta(minutes=1)).astimezone(zone).utcoffset() == offset:
        instant -= timedelta(minutes=1)
    return instant


def _first_day(cadence: Cadence, key: str) -> date:
    match cadence:
        case Cadence.DAILY:
            return date.fromisoformat(key)
        case Cadence.WEEKLY:
            return date.fromisoformat(f"{key}-1")
        case Cadence.MONTHLY:
            return date.fromisoformat(f"{key}-01")
        case Cadence.QUARTERLY:
            year, quarter = _matched(r"(\d{4})-Q([1-4])", key)
            return date(int(year), int(quarter) * 3 - 2, 1)


def _matched(pattern: str, text: str) -> tuple[str, ...]:
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError(text)
    return tuple(match.groups())


def _months_on(on: date, months: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    for day in range(on.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, on.day)
