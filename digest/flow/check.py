"""Check: what an editor should know of an issue before it goes out. Writes nothing but what came of asking for links.

It goes the way of publishing: the same freeze, cohorts and letters; what is written down for that is thrown away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.flow.choose import Choosers
from digest.flow.house import House
from digest.flow.inspect import in_order, inspect
from digest.flow.layouts import layout_from
from digest.flow.preview import Preview, preview
from digest.flow.variants import Map, variants
from digest.flow.verdict import BELIEVED, of_links, recalled, standing
from digest.model.finding import Finding
from digest.model.issue import Issue
from digest.rendering.variant import Layout
from digest.sources.reach import Reacher
from digest.storage import audiences, editions, link_checks, overrules
from digest.storage.link_checks import LinkCheck
from digest.storage.overrules import Overruled

#: Told how many links have been asked, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What checks found, and what the issue comes to."""

    issue: Issue
    #: The worst first.
    findings: tuple[Finding, ...]
    #: What somebody let go by name, and still counts.
    overruled: tuple[Overruled, ...]
    #: All letters with their readers, and who gets none and why.
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
    house: House, issue_name: str, *, links: bool = True, progress: Progress = lambda done, total: None
) -> Checked:
    """Look at an issue as it would come out now, or as it came out. Raises UnknownName, BadTemplate.

    With `links`, addresses of which nothing is known since yesterday are asked. Without, nothing leaves the machine.
    """
    with house.store.read() as connection:
        seen = preview(house, connection, issue_name)
        letters = variants(connection, seen)
        # The readers are written down by now, for as long as this connection reads.
        looked = inspect(house, seen.spoken, _chosen_layouts(connection, seen))
        known = recalled(connection, looked.links, now=house.clock.now())
        overruled = overrules.in_force(connection, seen.issue)
    if links:
        known = known | _ask(house, [url for url in looked.links if url not in known], progress)
    return Checked(
        issue=seen.issue,
        findings=in_order([*looked.findings, *of_links(looked.links, known)]),
        overruled=tuple(overruled),
        letters=letters,
        largest=looked.largest,
        links=len(looked.links),
        links_known=sum(url in known for url in looked.links),
    )


def known_errors(house: House, issue_name: str) -> tuple[Issue, tuple[Finding, ...]]:
    """The errors in what an issue would send now, overruled or not, by what is known; nobody is asked."""
    with house.store.read() as connection:
        seen = preview(house, connection, issue_name)
        _write_down_readers(connection, seen)
        layouts = list(_chosen_layouts(connection, seen))
        if not layouts:
            return seen.issue, ()
        looked = inspect(house, seen.spoken, layouts)
        known = recalled(connection, looked.links, now=house.clock.now())
    return seen.issue, standing(in_order([*looked.findings, *of_links(looked.links, known)]), ())


def hindrances(house: House, issue_name: str) -> tuple[Finding, ...]:
    """The errors with which an issue would not go out now: those of them that nobody overruled."""
    issue, errors = known_errors(house, issue_name)
    with house.store.read() as connection:
        let_go = [each.check for each in overrules.in_force(connection, issue)]
    return standing(errors, let_go)


def _write_down_readers(connection: Connection, seen: Preview) -> None:
    """As publishing does, on a reading connection, which throws it away."""
    edition, issue = seen.edition, seen.issue
    if issue.frozen_at is None:
        span = audiences.Span(since=edition.window.since, items=edition.receivable)
        now = seen.house.clock.now()
        audiences.gather_readers(connection, edition.publication.id, issue.period.cadence, span, now=now)


def _chosen_layouts(connection: Connection, seen: Preview) -> Iterator[Layout]:
    """The letters that an issue comes to for the readers who are written down, or came to."""
    if seen.issue.frozen_at is not None:
        for variant_id in audiences.variants_of(connection, seen.issue.id):
            yield layout_from(editions.load_variant(connection, variant_id)[1])
        return
    chosen = Choosers(seen.spoken).for_cohorts(connection, audiences.cohorts(connection))
    yield from (layout for _, layout in chosen if layout is not None)


def _ask(house: House, urls: list[str], progress: Progress) -> dict[str, LinkCheck]:
    """Ask for addresses, many at once, and keep what came of it."""
    if not urls:
        return {}
    found: dict[str, LinkCheck] = {}
    progress(0, len(urls))
    for url, reached in _reacher(house).many(urls):
        found[url] = LinkCheck(
            url=url, outcome=reached.outcome, status=reached.status, why=reached.why, checked_at=house.clock.now()
        )
        progress(len(found), len(urls))
    with house.store.write() as connection:
        link_checks.keep(connection, found.values(), forget_before=house.clock.now() - BELIEVED)
    return found


def _reacher(house: House) -> Reacher:
    """Within the limits that sources have."""
    gather = house.settings.gather
    return Reacher(
        allow_hosts=gather.allow_hosts,
        timeout=gather.timeout_seconds,
        at_once=gather.at_once,
        per_host=gather.per_host,
    )
