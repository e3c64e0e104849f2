"""Schedule: make, and let out, what the calendar asks for. Asked twice, or by many at once, it is done once.

Nothing is remembered between two ticks: each asks the database what is due.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.errors import Overtaken, Problem, WrongState
from digest.flow.approve import approve
from digest.flow.gather import gather_due
from digest.flow.house import House
from digest.flow.keep import Gathered
from digest.flow.publish import publish
from digest.flow.purge import forget_old, forget_unconfirmed
from digest.flow.recover import recover
from digest.flow.suggest import suggest
from digest.flow.verdict import Held
from digest.flow.waiting import still_waits
from digest.model.cadence import Cadence, Period, Schedule, periods_due
from digest.model.issue import Issue, IssueState
from digest.model.newsletter import Approval
from digest.settings import MissedPeriods
from digest.storage import issues, newsletters
from digest.storage.newsletters import Publication
from subscribers.service import Subscribers

log = logging.getLogger(__name__)

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
            if house.settings.suggest.enabled and any(g.new or g.changed for g in done.gathered):
                suggest(house, slug)
            done.composed += _compose_due(house, slug)
            for issue, automatic in _due(house, slug):
                _publish(house, issue, done, automatic=automatic)
        except Problem as problem:
            done.problems.append(f"{slug}: {problem}")
        except Exception as error:  # a mistake of ours over one newsletter must not stop the others
            _note_mistake(done, slug, error)
    with house.store.write() as connection:
        Subscribers(connection, house.keys, now=house.clock.now(), channel="clock").resume_elapsed()
    forget_old(house)
    forget_unconfirmed(house)
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
    ours = [i for i in made if i.period.cadence is cadence]
    out = [i for i in ours if i.state is IssueState.PUBLISHED]
    if out and max(out, key=lambda i: i.period.first).last:
        return []  # it has said goodbye; who goes on after all composes the next by hand
    mine = [i.period for i in ours]
    # A draft that somebody made ahead by hand does not stand for the periods before it.
    last = max((p.first for p in mine if p.draft_at(schedule, zone) <= now), default=None)
    due = [
        period
        for period in periods_due(cadence, schedule, zone, since=publication.created_at, now=now)
        if period not in mine and (last is None or period.first > last)
    ]
    # Drafts may be wanted so early that several periods are open at once: none of those is missed.
    in_time = [p for p in due if now < p.due_at(schedule, zone) + MISSED_AFTER]
    match missed:
        case MissedPeriods.ALL:
            return due
        case MissedPeriods.LATEST:
            return in_time or due[-1:]
        case MissedPeriods.NONE:
            return in_time


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


def _due(house: House, slug: str) -> list[tuple[Issue, bool]]:
    """What is to come out now, each with whether its newsletter lets it go by itself."""
    with house.store.read() as connection:
        newsletter = newsletters.load(connection, slug).newsletter
        waiting = issues.listed(connection, slug, IssueState.DRAFT, IssueState.APPROVED)
    now, automatic = house.clock.now(), newsletter.approval is Approval.AUTOMATIC
    return [
        (issue, automatic)
        for issue in sorted(waiting, key=lambda i: i.period.first)
        if (schedule := newsletter.cadences.get(issue.period.cadence))
        and now >= issue.period.due_at(schedule, newsletter.zone)
        and (automatic or issue.state is IssueState.APPROVED)
    ]


def _publish(house: House, issue: Issue, done: Ticked, *, automatic: bool) -> None:
    """One that fails is told, and does not hold up the next."""
    try:
        if automatic:
            approve(house, str(issue.id), by="the newsletter's own rule")
        waits = still_waits(house, str(issue.id), ask_all=automatic)
        if waits:
            done.problems.append(waits)
        else:
            done.published.append(publish(house, str(issue.id)).issue.name)
    except (Overtaken, WrongState):
        return  # another scheduler had it in the same moment; or an editor has taken it back since it was listed
    except Held as held:
        done.problems.append(f"{held}.")
    except Problem as problem:
        done.problems.append(f"{issue.name}: {problem}")
    except Exception as error:
        _note_mistake(done, issue.name, error)


def _note_mistake(done: Ticked, name: str, error: Exception) -> None:
    log.exception("%s cannot be looked after.", name)
    done.problems.append(f"{name}: {type(error).__name__}. Please report it.")
