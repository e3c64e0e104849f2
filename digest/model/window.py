"""Windows: from when to when an issue may take items, and for whom it reaches back further than usual."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from digest.model.cadence import Period, reach_back
from digest.model.newsletter import Newsletter


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when to when an issue may take items: [since, until), for a reader's first issue [first_since, until)."""

    since: datetime
    first_since: datetime
    until: datetime
    #: When the issue is frozen; what is dated later waits for its day.
    now: datetime
    #: Who went away before this day misses something by the usual reach; who did before that is held to have on that.
    #: Days such as "2026-05-20", empty for nobody.
    away_before: str = ""
    away_least: str = ""
    #: The earliest day on which somebody for whom it is made went away.
    away: str = ""

    @property
    def furthest(self) -> datetime:
        """From when anybody may get items."""
        return self.reach(first=False, away=self.away)

    def reach(self, *, first: bool, away: str) -> datetime:
        """From when some readers may get items: after a long pause as far back as when they went away."""
        usual = self.first_since if first else self.since
        if not away:
            return usual
        went_at = datetime.fromisoformat(away).replace(tzinfo=UTC)
        return min(usual, went_at - (min(self.until, self.now) - usual))


def window(newsletter: Newsletter, period: Period, *, now: datetime) -> Window:
    """What an issue of this period frozen at `now` may take. It ends with the period, or now if that is earlier."""
    until = period.ends_at(newsletter.zone)
    edge = min(until, now)
    policy = newsletter.selection
    # The rarest cadence sets the look-back, so that a change of frequency leaves no gap; receipts prevent repeats.
    since = reach_back(newsletter.longest_cadence, policy.look_back, edge, newsletter.zone)
    first = reach_back(period.cadence, policy.first_reach, edge, newsletter.zone)
    missed = reach_back(newsletter.longest_cadence, policy.look_back - 1, edge, newsletter.zone)
    days = policy.catch_up_days
    return Window(
        since=since,
        first_since=max(since, first),
        until=until,
        now=now,
        # Whoever missed an issue has not had what was new before they went, either.
        away_before=f"{missed.astimezone(UTC):%Y-%m-%d}" if days else "",
        away_least=f"{edge.astimezone(UTC) - timedelta(days=days):%Y-%m-%d}" if days else "",
    )
