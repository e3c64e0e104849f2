"""Tallies: how often something was asked for of late, by keyed hash; kept in the database, so that limits hold across
processes and restarts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, text

from digest.storage.notice_tables import tally

#: The longest time that any limit looks back; what is older is forgotten.
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most so many within a time."""

    most: int
    within: timedelta


def allowed(connection: Connection, kind: str, key: str, limits: Iterable[Limit], *, now: datetime) -> bool:
    """Whether one more stays within all of these limits. Others who ask about the same wait until we are done."""
    _alone(connection, kind, key)
    return all(_count(connection, kind, key, now - limit.within) < limit.most for limit in limits)


def count_one(connection: Connection, kind: str, key: str, *, now: datetime) -> None:
    """One more."""
    connection.execute(insert(tally).values(kind=kind, key=key, at=now))


def forget(connection: Connection, *, now: datetime) -> int:
    """Drop what no limit looks at any more."""
    return connection.execute(delete(tally).where(tally.c.at < now - KEPT)).rowcount


def _count(connection: Connection, kind: str, key: str, since: datetime) -> int:
    these = (tally.c.kind == kind, tally.c.key == key, tally.c.at > since)
    return connection.execute(select(func.count()).select_from(tally).where(*these)).scalar_one()


def _alone(connection: Connection, kind: str, key: str) -> None:
    """SQLite lets in one writer at a time by itself."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{kind}:{key}"})
