"""Asking: whether there is anything at the addresses that letters link to, kept so that nobody is asked twice a day.

Where nobody at all answers, it is we who are offline: then nothing is known, and it is tried again soon.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection

from digest.flow.house import House
from digest.flow.outcomes import Progress, silent
from digest.model.finding import Finding, Severity
from digest.sources.reach import Outcome, Reached, Reacher
from digest.storage import link_checks, sources
from digest.storage.link_checks import LinkCheck

#: How long what came of asking for a link is believed, and how long that nobody could be asked.
BELIEVED = timedelta(days=1)
OFFLINE_BELIEVED = timedelta(minutes=10)
#: How long it is kept: what was dead is asked again before an issue goes out.
KEPT = timedelta(days=30)
DEAD, PRIVATE, DOUBTFUL, UNCHECKED = "dead-link", "private-link", "doubtful-link", "unchecked-link"
#: The outcome where nobody could be asked from here.
UNREACHED = "unreached"
#: Seconds after which a look at an issue asks no more links.
MOST_SECONDS = 120.0
#: So many that answered before are asked once more, to learn whether anybody answers.
_WITNESSES = 3
_WITNESS_SECONDS = 20.0


def known(connection: Connection, urls: Collection[str], *, now: datetime) -> dict[str, LinkCheck]:
    """What is known of these links and still believed."""
    found = link_checks.known(connection, urls, since=now - BELIEVED) if urls else {}
    return {url: c for url, c in found.items() if c.outcome != UNREACHED or c.checked_at >= now - OFFLINE_BELIEVED}


def ask(
    house: House, urls: Sequence[str], progress: Progress = silent, *, within: float = MOST_SECONDS
) -> dict[str, LinkCheck]:
    """Ask for addresses, many at once, and keep what came of it; those not asked `within` seconds stay unknown."""
    if not urls:
        return {}
    reached = _reached(house, urls, progress, within)
    offline = _is_offline(house, reached)
    now = house.clock.now()
    found = {url: _check(url, each, offline, now) for url, each in reached.items()}
    with house.store.write() as connection:
        link_checks.keep(connection, found.values(), forget_before=now - KEPT)
    return found


def findings(places: Mapping[str, str], seen: Mapping[str, LinkCheck]) -> Iterator[Finding]:
    """What is known of links that do not lead to anything; the address of each with its place."""
    for url, place in places.items():
        each = seen.get(url)
        if each is not None and each.outcome in _FOUND:
            check, severity, words, remedy = _FOUND[each.outcome]
            yield Finding(
                check=check, severity=severity, place=place, what=f"{words} {_shown(url)}: {each.why}", remedy=remedy
            )
    unreached = sum(url in seen and seen[url].outcome == UNREACHED for url in places)
    if unreached:
        yield _offline(unreached)


_FOUND = {
    "gone": (DEAD, Severity.ERROR, "Nothing is at", "Mend the link at its source, or leave the item out."),
    "forbidden": (PRIVATE, Severity.ERROR, "No reader can reach", "Link to a public page, or leave the item out."),
    "doubtful": (DOUBTFUL, Severity.WARNING, "Nobody knows whether anything is at", "Look at it in a browser."),
}


def unasked(places: Mapping[str, str], seen: Mapping[str, LinkCheck]) -> Iterator[Finding]:
    """That some links were not come to in the time there was."""
    count = sum(url not in seen for url in places)
    if count:
        yield Finding(
            check=UNCHECKED,
            severity=Severity.WARNING,
            place="the links",
            what=f"{_links(count)} could not be checked in {MOST_SECONDS:g} seconds: hosts are slow, or many.",
            remedy="Run: digest check once more; what is known by now is not asked again.",
        )


def _links(count: int) -> str:
    return "1 link" if count == 1 else f"{count:,} links"


def _offline(count: int) -> Finding:
    return Finding(
        check=UNCHECKED,
        severity=Severity.WARNING,
        place="the links",
        what=f"{_links(count)} could not be checked: from this machine no host can be found or reached.",
        remedy="See whether it may ask the web and its resolver answers; links are asked anew after ten minutes.",
    )


def _reached(house: House, urls: Sequence[str], progress: Progress, within: float) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    progress("Asking links", 0, len(urls))
    # Closed early, it calls off what is under way.
    with closing(_reacher(house).many(urls, within=within)) as answers:
        for url, reached in answers:
            found[url] = reached
            progress("Asking links", len(found), len(urls))
    return found


def _is_offline(house: House, reached: Mapping[str, Reached]) -> bool:
    """Whether it is for us that nobody was found or reached, rather than for them."""
    answers = {each.answered for each in reached.values()}
    if True in answers or False not in answers:
        return False
    return not any(
        each.answered for _, each in _reacher(house).many(_witnesses(house, reached), within=_WITNESS_SECONDS)
    )


def _witnesses(house: House, silent_ones: Iterable[str]) -> list[str]:
    """Pages that answered before, and sources; of other hosts than those that did not."""
    asked = {urlsplit(url).netloc for url in silent_ones}
    with house.store.read() as connection:
        pages = link_checks.lately(connection, Outcome.ALIVE, most=100)
        read = [row.location for row in sources.listed(connection) if row.succeeded_at and "://" in row.location]
    others = {urlsplit(url).netloc: url for url in (*read, *pages) if urlsplit(url).netloc not in asked}
    return list(others.values())[:_WITNESSES]


def _check(url: str, reached: Reached, offline: bool, now: datetime) -> LinkCheck:
    outcome = UNREACHED if offline and reached.answered is False else reached.outcome.value
    return LinkCheck(url=url, outcome=outcome, status=reached.status, why=reached.why, checked_at=now)


def _reacher(house: House) -> Reacher:
    """Within the limits that sources have."""
    gather = house.settings.gather
    return Reacher(
        allow_hosts=gather.allow_hosts,
        timeout=gather.timeout_seconds,
        at_once=gather.at_once,
        per_host=gather.per_host,
    )


def _shown(url: str) -> str:
    return url if len(url) <= 90 else f"{url[:89]}…"
