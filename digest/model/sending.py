"""Sending: the days and hours in which a newsletter's mail leaves, and over how many of them an issue is spread.

Days and hours are those of the newsletter's local calendar, so a clock change moves neither. A stretch of hours is
half-open and belongs to the day it begins on, also where it goes on past midnight.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from digest.model.cadence import local_instant


class Weekday(StrEnum):
    """A day of the week, Monday first as in ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)
#: From midnight.
_MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which mail may leave."""

    starts_at: datetime
    #: Not part of it.
    ends_at: datetime

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """When mail leaves."""

    #: Days on which it may begin to leave.
    days: tuple[Weekday, ...] = WEEK
    #: Local time from which on; one that a clock change leaves out is the next that exists.
    opens_at: time = _MIDNIGHT
    #: Local time until which; no later than opens_at is on the next day, and the same is a whole day.
    closes_at: time = _MIDNIGHT
    #: Over how many of these hours an issue is spread; 0 for as fast as it goes.
    spread_hours: float = 0.0

    @property
    def always(self) -> bool:
        """Whether there is no hour in which it may not."""
        return set(self.days) == set(WEEK) and self.opens_at == self.closes_at

    def opens_next(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant from `at` on at which mail may leave; `at` itself when it may."""
        return at if self.always else next(self.stretches(at, zone)).starts_at

    def stretches(self, after: datetime, zone: ZoneInfo) -> Iterator[Stretch]:
        """The times from `after` on in which mail may leave, in order and without end; the first may begin with it."""
        after = after.astimezone(UTC)  # in which spans add up, whatever clocks do
        on = after.astimezone(zone).date() - timedelta(days=1)  # yesterday's hours may reach past midnight
        closes_later = timedelta(days=0 if self.closes_at > self.opens_at else 1)
        wanted = {WEEK.index(day) for day in self.days}
        while True:
            if on.weekday() in wanted:
                starts_at = max(after, local_instant(on, self.opens_at, zone))
                ends_at = local_instant(on + closes_later, self.closes_at, zone)
                if starts_at < ends_at:  # else it is over, or a clock change leaves out all of it
                    yield Stretch(starts_at=starts_at, ends_at=ends_at)
            on += timedelta(days=1)

    def spread(self, after: datetime, zone: ZoneInfo, *, before: datetime) -> tuple[Stretch, ...]:
        """The times over which an issue that comes out at `after` is spread: as many hours as it should, fewer where
        `before` comes first. None where it is not spread."""
        after = after.astimezone(UTC)
        times = [Stretch(starts_at=after, ends_at=before)] if self.always else self.stretches(after, zone)
        return tuple(_cut(times, timedelta(hours=self.spread_hours), before))


def _cut(times: Iterable[Stretch], left: timedelta, before: datetime) -> Iterator[Stretch]:
    """The first of these times, until nothing is left or `before` has come."""
    for each in times:
        ends_at = min(each.ends_at, each.starts_at + left, before)
        if ends_at <= each.starts_at:
            return
        yield Stretch(starts_at=each.starts_at, ends_at=ends_at)
        left -= ends_at - each.starts_at
