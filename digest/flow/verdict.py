"""The verdict: whether an issue may go out, by what checks find, what is known of its links, and what was overruled."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.errors import HeldBack
from digest.flow.house import House
from digest.flow.inspect import inspect
from digest.flow.spoken import Spoken
from digest.model.finding import Finding, Severity
from digest.model.issue import Issue
from digest.rendering.checks.sheet import Spot
from digest.rendering.variant import Layout
from digest.storage import link_checks, overrules
from digest.storage.link_checks import LinkCheck

#: How long what came of asking for a link is believed.
BELIEVED = timedelta(days=1)
DEAD, PRIVATE, DOUBTFUL = "dead-link", "private-link", "doubtful-link"


def of_links(asked: Mapping[str, Spot], known: Mapping[str, LinkCheck]) -> Iterator[Finding]:
    """What is known of links that do not lead to anything."""
    for url, spot in asked.items():
        seen = known.get(url)
        if seen is not None and seen.outcome in _LINKS:
            check, severity, words, remedy = _LINKS[seen.outcome]
            what = f"{words} {_shown(url)}: {seen.why}"
            yield Finding(check=check, severity=severity, place=spot.place, what=what, remedy=remedy)


_LINKS = {
    "gone": (DEAD, Severity.ERROR, "Nothing is at", "Mend the link at its source, or leave the item out."),
    "forbidden": (PRIVATE, Severity.ERROR, "No reader can reach", "Link to a public page, or leave the item out."),
    "doubtful": (DOUBTFUL, Severity.WARNING, "Nobody knows whether anything is at", "Look at it in a browser."),
}


def recalled(connection: Connection, asked: Mapping[str, Spot], *, now: datetime) -> dict[str, LinkCheck]:
    """What is known of these links and still believed."""
    return link_checks.known(connection, asked, since=now - BELIEVED) if asked else {}


def standing(findings: Iterable[Finding], overruled: Iterable[str]) -> tuple[Finding, ...]:
    """The errors that nobody has overruled."""
    let_go = frozenset(overruled)
    return tuple(f for f in findings if f.severity is Severity.ERROR and f.check not in let_go)


def must_pass(house: House, connection: Connection, spoken: Spoken, layouts: Iterable[Layout]) -> None:
    """Raises HeldBack for an issue with an error that nobody has overruled. Asks no network."""
    issue, going = spoken.own.issue, list(layouts)
    if not going:
        return  # nothing goes out
    seen = inspect(house, spoken, going)
    known = recalled(connection, seen.links, now=house.clock.now())
    errors = standing(
        [*seen.findings, *of_links(seen.links, known)], (o.check for o in overrules.in_force(connection, issue))
    )
    if errors:
        raise HeldBack(held_back(issue, errors), remedy=how_to_let_go(issue, errors))


def held_back(issue: Issue, errors: Sequence[Finding]) -> str:
    """Why an issue does not go out, in one sentence."""
    first = errors[0]
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return f"{issue.name} is held back. {first.place[:80]}: {first.what}{more}"


def how_to_let_go(issue: Issue, errors: Iterable[Finding]) -> str:
    """What to do about errors."""
    names = " ".join(f"--overrule {check}" for check in dict.fromkeys(e.check for e in errors))
    return (
        f"See all: digest check {issue.name}. Mend it, or let it go all the same: digest approve {issue.name} {names}"
    )


def _shown(url: str) -> str:
    return url if len(url) <= 90 else f"{url[:89]}…"
