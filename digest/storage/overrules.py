"""Overrules: checks whose errors somebody let go in an issue, by name, and what they had found then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from digest.model.issue import Issue, IssueId
from digest.storage.tables import overruled


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruled:
    """One check that somebody overruled in an issue."""

    check: str
    by: str
    at: datetime
    #: What it had found then.
    what: str


def record(connection: Connection, issue_id: IssueId, entries: Iterable[Overruled]) -> None:
    """Write down who overruled what."""
    rows = [{"issue_id": issue_id, "check_name": e.check, "by": e.by, "at": e.at, "what": e.what} for e in entries]
    if rows:
        connection.execute(insert(overruled), rows)


def of_issue(connection: Connection, issue_id: IssueId) -> list[Overruled]:
    """All that was ever overruled in an issue, in order."""
    rows = connection.execute(select(overruled).where(overruled.c.issue_id == issue_id).order_by(overruled.c.id))
    return [Overruled(check=row.check_name, by=row.by, at=row.at, what=row.what) for row in rows]


def in_force(connection: Connection, issue: Issue) -> list[Overruled]:
    """What counts for an issue as it is approved: an approval that was taken back took them along."""
    if issue.approved_at is None:
        return []
    return [each for each in of_issue(connection, issue.id) if each.at >= issue.approved_at]
