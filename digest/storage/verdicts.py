"""Verdicts: what an issue was last found to be, with the stamp of what that was reckoned from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, select, update

from digest.model.finding import Finding
from digest.model.issue import IssueId
from digest.storage.tables import verdict
from subscribers.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an issue would send, and what is wrong with that, as far as it takes no network to know."""

    #: The errors, overruled or not.
    errors: tuple[Finding, ...] = ()
    #: The addresses that others answer for, each with the first place where it stands.
    links: Mapping[str, str]
    #: Readers who get pieces, readers who only get a letter, and readers who get none.
    readers: int
    quiet: int
    without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A verdict as it is remembered."""

    #: Of all that it was reckoned from but the readers, and of the readers.
    stamp: str
    audience: str
    at: datetime
    verdict: Verdict


_VERDICT = TypeAdapter(Verdict)


def load(connection: Connection, issue_id: IssueId) -> Kept | None:
    """The last one of an issue."""
    row = connection.execute(select(verdict).where(verdict.c.issue_id == issue_id)).first()
    if row is None:
        return None
    found = _VERDICT.validate_python(row.content)
    return Kept(stamp=row.stamp, audience=row.audience, at=row.at, verdict=found)


def keep(connection: Connection, issue_id: IssueId, kept: Kept) -> None:
    """Remember it in place of the one before."""
    values = {
        "stamp": kept.stamp,
        "audience": kept.audience,
        "at": kept.at,
        "content": _VERDICT.dump_python(kept.verdict, mode="json"),
    }
    if not insert_new(connection, verdict, {"issue_id": issue_id, **values}):
        connection.execute(update(verdict).where(verdict.c.issue_id == issue_id).values(values))


def forget(connection: Connection, issue_id: IssueId) -> None:
    """What is out needs none."""
    connection.execute(delete(verdict).where(verdict.c.issue_id == issue_id))
