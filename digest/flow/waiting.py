"""Waiting: whether an issue that is due still has to, by what is remembered of it; and its links, asked beforehand.

An issue that is held back is not frozen anew at every tick. It is looked at again when something has changed: what it
holds, how its newsletter is set up, what was overruled, what came of its links, or the day.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from digest.flow import asking, memory
from digest.flow.house import House
from digest.flow.verdict import hindering, told
from digest.storage import issues, link_checks
from digest.storage.verdicts import Verdict

#: A scheduler asks for so many links of an issue, and so long; the others stay unknown.
MOST_LINKS = 300
MOST_SECONDS = 60.0


def still_waits(house: House, issue_name: str, *, ask_all: bool) -> str:
    """Why an approved issue does not go out, in words; empty where publishing is to be tried. Raises BadTemplate.

    With `ask_all`, as for an issue that nobody has looked at, all its links are asked of which nothing is known since
    yesterday; else only those that led to nothing when they were last asked.
    """
    verdict = _verdict(house, issue_name, ask_all=ask_all)
    if verdict is None:
        return ""
    with house.store.read() as connection:
        unknown = _unknown(house, connection, verdict.links)
        urls = unknown if ask_all else _once_bad(connection, unknown)
    asking.ask(house, urls[:MOST_LINKS], within=MOST_SECONDS)
    with house.store.read() as connection:
        issue = issues.find(connection, issue_name)
        errors = hindering(house, connection, issue, verdict)
    return told(issue, errors) if errors else ""


def _verdict(house: House, issue_name: str, *, ask_all: bool) -> Verdict | None:
    """That which is remembered; reckoned anew only where links are to be asked."""
    with house.store.read() as connection:
        issue = issues.find(connection, issue_name)
        links_to_mend = link_checks.any_bad(connection, before=house.clock.now() - asking.BELIEVED)
        found = memory.recalled(house, connection, issue)
    if found is None and (ask_all or links_to_mend):
        return memory.look(house, issue_name, readers_matter=False)[1]
    return found


def _unknown(house: House, connection: Connection, links: Iterable[str]) -> list[str]:
    urls = list(links)
    known = asking.known(connection, urls, now=house.clock.now())
    return [url for url in urls if url not in known]


def _once_bad(connection: Connection, urls: list[str]) -> list[str]:
    """Those that led to nothing when they were last asked, however long ago."""
    last = link_checks.known(connection, urls)
    return [url for url in urls if url in last and last[url].outcome in link_checks.BAD]
