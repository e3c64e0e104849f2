"""The verdict: whether an issue may go out, by what checks find, what is known of its links, and what was overruled."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from digest.errors import HeldBack
from digest.flow import asking
from digest.flow.house import House
from digest.flow.inspect import Inspected, inspect
from digest.flow.spoken import Spoken
from digest.model.finding import Finding, Severity
from digest.model.issue import Issue
from digest.rendering.variant import Layout
from digest.storage import overrules
from digest.storage.audiences import Cohort
from digest.storage.verdicts import Verdict

#: A cohort with its letter; None where it gets none.
Going = tuple[Cohort, Layout | None]


class Held(HeldBack):
    """An issue that is held back, with what was found in it, so that nobody needs to look again before it changes."""

    def __init__(self, issue: Issue, errors: Sequence[Finding], verdict: Verdict) -> None:
        super().__init__(held_back(issue, errors), remedy=how_to_let_go(issue, errors))
        self.issue = issue
        self.verdict = verdict


def reckon(house: House, spoken: Spoken, going: Sequence[Going]) -> Verdict:
    """The verdict on an issue with these letters; nothing can be wrong with one in which nobody gets any."""
    layouts = {id(layout): layout for _, layout in going if layout is not None}
    seen = inspect(house, spoken, layouts.values()) if layouts else None
    return verdict_on(going, seen)


def verdict_on(going: Iterable[Going], seen: Inspected | None) -> Verdict:
    """What was seen, as far as it decides, beside who gets what."""
    counts = {"readers": 0, "quiet": 0, "without": 0}
    for cohort, layout in going:
        counts["without" if layout is None else "readers" if layout.item_ids else "quiet"] += cohort.readers
    return Verdict(
        errors=tuple(f for f in seen.findings if f.severity is Severity.ERROR) if seen else (),
        links=dict(seen.links) if seen else {},
        **counts,
    )


def errors_in(house: House, connection: Connection, verdict: Verdict) -> tuple[Finding, ...]:
    """The errors by what is known now, overruled or not. Asks no network."""
    known = asking.known(connection, verdict.links, now=house.clock.now())
    found = asking.findings(verdict.links, known)
    return (*verdict.errors, *(f for f in found if f.severity is Severity.ERROR))


def hindering(house: House, connection: Connection, issue: Issue, verdict: Verdict) -> tuple[Finding, ...]:
    """The errors with which an issue does not go out: those that nobody has overruled."""
    let_go = (each.check for each in overrules.in_force(connection, issue))
    return standing(errors_in(house, connection, verdict), let_go)


def standing(findings: Iterable[Finding], overruled: Iterable[str]) -> tuple[Finding, ...]:
    """The errors that nobody has overruled."""
    let_go = frozenset(overruled)
    return tuple(f for f in findings if f.severity is Severity.ERROR and f.check not in let_go)


def must_pass(house: House, connection: Connection, spoken: Spoken, going: Sequence[Going]) -> None:
    """Raises Held for an issue with an error that nobody has overruled. Asks no network."""
    issue, verdict = spoken.own.issue, reckon(house, spoken, going)
    if errors := hindering(house, connection, issue, verdict):
        raise Held(issue, errors, verdict)


def held_back(issue: Issue, errors: Sequence[Finding]) -> str:
    """Why an issue does not go out, in one sentence."""
    first = errors[0]
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return f"{issue.name} is held back. {first.place[:80]}: {first.what}{more}"


def told(issue: Issue, errors: Sequence[Finding]) -> str:
    """Why, and what to do."""
    return f"{held_back(issue, errors)} {how_to_let_go(issue, errors)}."


def how_to_let_go(issue: Issue, errors: Iterable[Finding]) -> str:
    """What to do about errors."""
    names = " ".join(f"--overrule {check}" for check in dict.fromkeys(e.check for e in errors))
    return (
        f"See all: digest check {issue.name}. Mend it, or let it go all the same: digest approve {issue.name} {names}"
    )
