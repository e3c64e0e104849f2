"""Check: what an editor should know of an issue before it goes out. Writes nothing but what it found.

It goes the way of publishing: the same freeze, cohorts and letters.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from digest.flow import asking, memory
from digest.flow.house import House
from digest.flow.inspect import in_order, inspect
from digest.flow.outcomes import Outcome, Progress, letters, outcomes, sent_letters, silent
from digest.flow.preview import Preview, preview
from digest.flow.unapplied import file_of, unapplied
from digest.flow.variants import Map, variants
from digest.flow.verdict import errors_in, hindering, standing, verdict_on
from digest.model.finding import Finding, Severity
from digest.model.issue import Issue
from digest.rendering.variant import Layout
from digest.storage import overrules
from digest.storage.overrules import Overruled
from digest.storage.verdicts import Verdict

UNAPPLIED = "unapplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What checks found, and what the issue comes to."""

    issue: Issue
    #: The worst first.
    findings: tuple[Finding, ...]
    #: What somebody let go by name, and still counts.
    overruled: tuple[Overruled, ...]
    #: How many letters there are, their readers, and who gets none and why. None of the letters is listed.
    letters: Map
    #: Bytes of the longest message.
    largest: int
    #: How many addresses it links to that are not ours, and of how many it is known what they lead to.
    links: int
    links_known: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that nobody overruled: the issue does not go out with them."""
        return standing(self.findings, (each.check for each in self.overruled))


def check(
    house: House,
    issue_name: str,
    *,
    links: bool = True,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Checked:
    """Look at an issue as it would come out now, or as it came out. Raises UnknownName, BadTemplate.

    With `links`, addresses of which nothing is known since yesterday are asked, for two minutes at most. Without,
    nothing leaves the machine. The newsletter's file in the site's `folder`, where there is one, is held against what
    was applied.
    """
    with house.store.read() as connection:
        seen = preview(house, connection, issue_name)
        is_out = seen.issue.frozen_at is not None
        chosen = [] if is_out else outcomes(connection, seen, progress)
        counted = variants(connection, seen, chosen, most=0)
        looked = inspect(house, seen.spoken, _going(connection, seen, chosen))
        known = asking.known(connection, looked.links, now=house.clock.now())
        overruled = overrules.in_force(connection, seen.issue)
        otherwise = () if is_out else tuple(_unapplied(connection, seen.issue, folder))
    if not is_out:
        going = [(cohort, layout) for cohort, _, layout in chosen]
        memory.remember(house, seen.issue, verdict_on(going, looked if counted.count else None))
    if links:
        known = known | asking.ask(house, [url for url in looked.links if url not in known], progress)
        otherwise = (*otherwise, *asking.unasked(looked.links, known))
    return Checked(
        issue=seen.issue,
        findings=in_order([*looked.findings, *asking.findings(looked.links, known), *otherwise]),
        overruled=tuple(overruled),
        letters=counted,
        largest=looked.largest,
        links=len(looked.links),
        links_known=sum(url in known and known[url].outcome != asking.UNREACHED for url in looked.links),
    )


def known_errors(house: House, issue_name: str) -> tuple[Issue, tuple[Finding, ...]]:
    """The errors in what a draft would send now, overruled or not, by what is known; nobody is asked."""
    issue, verdict = memory.look(house, issue_name)
    with house.store.read() as connection:
        return issue, errors_in(house, connection, verdict)


def hindrances(house: House, issue_name: str, *, readers_matter: bool = True) -> tuple[Finding, ...]:
    """The errors with which a draft would not go out now: those of them that nobody overruled."""
    return prospects(house, issue_name, readers_matter=readers_matter)[1]


def prospects(house: House, issue_name: str, *, readers_matter: bool = True) -> tuple[Verdict, tuple[Finding, ...]]:
    """Who would get what of a draft now, and the errors with which it would not go out.

    Where `readers_matter` not, what was found before some of them came or went will do.
    """
    issue, verdict = memory.look(house, issue_name, readers_matter=readers_matter)
    with house.store.read() as connection:
        return verdict, hindering(house, connection, issue, verdict)


def _going(connection: Connection, seen: Preview, chosen: Iterable[Outcome]) -> Iterable[Layout]:
    return letters(chosen) if seen.issue.frozen_at is None else sent_letters(connection, seen)


def _unapplied(connection: Connection, issue: Issue, folder: Path | None) -> Iterator[Finding]:
    """That the newsletter's file says otherwise than what was applied, or cannot be read."""
    file = file_of(folder, issue.newsletter) if folder else None
    seen = unapplied(connection, issue.newsletter, file) if file else None
    if file is None or seen is None:
        return
    parts = f"in {', '.join(seen.differs)} " if seen.differs else ""
    yield Finding(
        check=UNAPPLIED,
        severity=Severity.WARNING,
        place=f"{file.parent.name}/{file.name}",
        what=seen.trouble or f"The file differs {parts}from what was applied, and the issue goes by what was applied.",
        remedy=f"Run: digest apply {file.parent.name}/{file.name}, or take the change back.",
    )
