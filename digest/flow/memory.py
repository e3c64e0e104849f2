"""Memory: what an issue was last found to be, as long as nothing has changed of what that was reckoned from.

Looking costs seconds where there are many readers; who only wants to know whether an issue still waits, and why, is
answered from here.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from digest import __version__
from digest.flow.freeze import window_of
from digest.flow.house import House
from digest.flow.outcomes import outcomes
from digest.flow.preview import preview
from digest.flow.verdict import reckon
from digest.model.issue import Issue
from digest.resources import folder
from digest.storage import audiences, issues, items, newsletters, verdicts
from digest.storage.verdicts import Kept, Verdict


def recalled(house: House, connection: Connection, issue: Issue) -> Verdict | None:
    """The last verdict on a draft if it would be the same now, but for readers who came and went; else None."""
    kept = verdicts.load(connection, issue.id)
    return kept.verdict if kept and kept.stamp == stamp(house, connection, issue) else None


def look(house: House, issue_name: str, *, readers_matter: bool = True) -> tuple[Issue, Verdict]:
    """A draft with its verdict, reckoned anew only where something has changed. Raises UnknownName, BadTemplate.

    Where `readers_matter` not, one from before some of them came or went will do.
    """
    with house.store.read() as connection:
        issue = issues.find(connection, issue_name)
        kept, now_at = verdicts.load(connection, issue.id), stamp(house, connection, issue)
        readers_at = audiences.stamp(connection)
        if kept and kept.stamp == now_at and (kept.audience == readers_at or not readers_matter):
            return issue, kept.verdict
        seen = preview(house, connection, issue_name)
        going = [(cohort, layout) for cohort, _, layout in outcomes(connection, seen)]
        verdict = reckon(house, seen.spoken, going)
    _keep(house, issue, now_at, readers_at, verdict)
    return issue, verdict


def remember(house: House, issue: Issue, verdict: Verdict) -> None:
    """Keep a verdict that somebody has just reckoned."""
    with house.store.read() as connection:
        now_at, readers_at = stamp(house, connection, issue), audiences.stamp(connection)
    _keep(house, issue, now_at, readers_at, verdict)


def stamp(house: House, connection: Connection, issue: Issue) -> str:
    """A hash of all that decides what a draft says: what editors, sources and files say, and the day."""
    digest = hashlib.sha256()
    for each in _said(house, connection, issue):
        digest.update(repr(each).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _said(house: House, connection: Connection, issue: Issue) -> Iterator[object]:
    publication = newsletters.load(connection, issue.newsletter)
    newsletter, now = publication.newsletter, house.clock.now()
    mail = house.settings.mail
    yield __version__, issue.title, issue.subject, issue.intro, issue.last
    yield now.astimezone(newsletter.zone).date(), newsletter, publication.topics, publication.sources
    yield sorted(issues.curations(connection, issue.id).items())
    yield house.links.base, mail.transport, mail.unsubscribe_address, mail.dkim
    # What is out already decides numbers and addresses.
    yield [(other.id, other.number) for other in issues.listed(connection, issue.newsletter) if other.frozen_at]
    since = window_of(connection, issue, publication, now=now).furthest
    for item in items.of_newsletter(connection, publication.id, since=since):
        yield item, item.dated_at(newsletter.zone) <= now
    keys = [key.key_file for key in mail.dkim]
    yield from map(_file, sorted([*_files(*house.template_folders, folder("config")), *keys]))


def _files(*folders: Path) -> Iterator[Path]:
    for each in folders:
        yield from (path for path in each.rglob("*") if path.is_file() and path.parts[-2] != "newsletters")


def _file(path: Path) -> tuple[str, int, int]:
    try:
        seen = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), seen.st_size, seen.st_mtime_ns


def _keep(house: House, issue: Issue, now_at: str, readers_at: str, verdict: Verdict) -> None:
    kept = Kept(stamp=now_at, audience=readers_at, at=house.clock.now(), verdict=verdict)
    with house.store.write() as connection:
        verdicts.keep(connection, issue.id, kept)
