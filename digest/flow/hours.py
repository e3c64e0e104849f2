"""Hours: which newsletters' mail may leave just now, and when that of the others may again."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from digest.flow.house import House
from digest.model.newsletter import Newsletter
from digest.model.sending import Sending, Weekday
from digest.settings import Delivery
from digest.storage import clock, newsletters
from digest.storage.spread import Share

#: How long what a newsletter says of its hours is believed, in seconds; whoever leases asks many times a second.
_BELIEVED_SECONDS = 2.0

#: Of the time after which news is too old to go out.
_MOST_OF_ITS_TIME = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A newsletter whose mail may not leave now."""

    newsletter_id: int
    slug: str
    zone: ZoneInfo
    opens_at: datetime

    @property
    def words(self) -> str:
        """When it leaves again, by the newsletter's own clock."""
        local = self.opens_at.astimezone(self.zone)
        when = f"{local:%A} {local.day} {local:%B} at {local:%H:%M} ({self.zone.key})"
        return f"{self.slug}: it is not the hour for its mail, which leaves again on {when}."


class Hours:
    """Tells of whose mail it is not the hour."""

    def __init__(self, house: House, *, any_hour: bool = False) -> None:
        self._house, self._any_hour = house, any_hour
        self._looked_at = float("-inf")
        self._closed: dict[int, datetime] = {}

    def closed(self, connection: Connection) -> Mapping[int, datetime]:
        """The newsletters whose mail may not leave now, by row, each with when it may again."""
        if not self._any_hour and time.monotonic() - self._looked_at > _BELIEVED_SECONDS:
            self._closed = {each.newsletter_id: each.opens_at for each in closed(self._house, connection)}
            self._looked_at = time.monotonic()
        return self._closed


def closed(house: House, connection: Connection) -> Iterator[Closed]:
    """The newsletters whose mail may not leave now, by the one clock that all machines share."""
    now = clock.as_the_database_tells_it(connection, house.clock.now())
    for each in newsletters.sendings(connection):
        opens_at = (each.sending or of_the_house(house.settings.delivery)).opens_next(now, each.zone)
        if opens_at > now:
            yield Closed(newsletter_id=each.newsletter_id, slug=each.slug, zone=each.zone, opens_at=opens_at)


def longest_waits(house: House, connection: Connection) -> Iterator[tuple[str, timedelta]]:
    """For each newsletter the longest time of the next weeks in which its mail may not leave."""
    now = house.clock.now()
    for each in newsletters.sendings(connection):
        sending = each.sending or of_the_house(house.settings.delivery)
        if not sending.always:
            times = list(islice(sending.stretches(now, each.zone), 15))
            yield each.slug, max(later.starts_at - one.ends_at for one, later in pairwise(times))


def shares(house: House, newsletter: Newsletter, *, now: datetime) -> list[Share]:
    """Over which times an issue that comes out now is spread; none where it goes as fast as it can.

    It is spread no further than over most of the time after which news is too old, so that what is deferred is not.
    """
    sending = newsletter.sending or of_the_house(house.settings.delivery)
    before = now + timedelta(hours=house.settings.delivery.expire_hours) * _MOST_OF_ITS_TIME
    times = sending.spread(now, newsletter.zone, before=before)
    return [Share(after=(t.starts_at - now).total_seconds(), seconds=t.span.total_seconds()) for t in times]


def of_the_house(limits: Delivery) -> Sending:
    """When mail leaves of newsletters that say nothing of their own."""
    return Sending(
        days=tuple(Weekday(day) for day in limits.days),
        opens_at=limits.opens_at,
        closes_at=limits.closes_at,
        spread_hours=limits.spread_hours,
    )
