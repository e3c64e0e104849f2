"""Schedule: make, and let out, what the calendar asks for. Asked twice, or by many at once, it is done once.

Nothing is remembered between two ticks: each asks the database what is due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.errors import Problem
from digest.flow.approve import approve
from digest.flow.gather import Gathered, gather_due
from digest.flow.house import House
from digest.flow.publish import publish
from digest.flow.recover import recover
from digest.model.cadence import Cadence, Period, Schedule, periods_due
from digest.model.issue import Issue, IssueState
from digest.model.newsletter import Approval
from digest.settings import MissedPeriods
from digest.storage import issues, newsletters
from digest.storage.newsletters import Publication

#: A period counts as missed when its issue was due so long ago and nobody has made it.
MISSED_AFTER = timedelta(hours=12)


@dataclass(slots=True)
class Ticked:
    """What one tick did."""

    gathered: list[Gathered] = field(default_factory=list)
    composed: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    #: What went wrong, a line each; the next tick tries again.
    problems: list[str] = field(default_factory=list)


def tick(house: House) -> Ticked:
    """Gather, compose and publish what is due, and sweep up after workers that died. Never raises for one of them."""
    done = Ticked()
    done.gathered = gather_due(house)
    for slug in _slugs(house):
        try:
            done.composed += _compose_due(house, slug)
            done.published += _publish_due(house, slug)
        except Problem as problem:
            done.problems.append(f"{slug}: {problem}")
    if not house.store.embedded:
        recover(house, alone=False)
    return done


def wanted_periods(
    publication: Publication,
    cadence: Cadence,
    schedule: Schedule,
    *,
    made: list[Issue],
    now: datetime,
    missed: MissedPeriods,
) -> list[Period]:
    """The periods whose issues are to be made now; what becomes of missed ones is the deployer's choice."""
    zone = publication.newsletter.zone
    last = max((i.period.first for i in made if i.period.cadence is cadence), default=None)
    due = [
        period
        for period in periods_due(cadence, schedule, zone, since=publication.created_at, now=now)
        if last is None or period.first > last
    ]
    match missed:
        case MissedPeriods.ALL:
            return due
        case MissedPeriods.LATEST:
            return due[-1:]
        case MissedPeriods.NONE:
            return [p for p in due if now < p.due_at(schedule, zone) + MISSED_AFTER]


def _slugs(house: House) -> list[str]:
    with house.store.read() as connection:
        return newsletters.slugs(connection)


def _compose_due(house: House, slug: str) -> list[str]:
    now = house.clock.now()
    missed = house.settings.scheduler.missed_periods
    with house.store.read() as connection:
        publication = newsletters.load(connection, slug)
        made = issues.listed(connection, slug)
    wanted = [
        period
        for cadence, schedule in publication.newsletter.cadences.items()
        for period in wanted_periods(publication, cadence, schedule, made=made, now=now, missed=missed)
    ]
    return list(_create(house, publication, wanted, now)) if wanted else []


def _create(house: House, publication: Publication, wanted: list[Period], now: datetime) -> Iterator[str]:
    with house.store.write() as connection:
        for period in wanted:
            issue, is_new = issues.create(connection, publication, period, now=now)
            if is_new:
                yield issue.name


def _publish_due(house: House, slug: str) -> list[str]:
    with house.store.read() as connection:
        newsletter = newsletters.load(connection, slug).newsletter
        waiting = issues.listed(connection, slug, IssueState.DRAFT, IssueState.APPROVED)
    published = []
    for issue in sorted(waiting, key=lambda i: i.period.first):
        schedule = newsletter.cadences.get(issue.period.cadence)
        if schedule is None or house.clock.now() < issue.period.due_at(schedule, newsletter.zone):
            continue
        if issue.state is IssueState.DRAFT and newsletter.approval is Approval.AUTOMATIC:
            issue = approve(house, str(issue.id), by="the newsletter's own rule")
        if issue.state is IssueState.APPROVED:
            published.append(publish(house, str(issue.id)).issue.name)
    return published
