"""Sources: where they lie, when they were read, how they fared."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from digest.errors import UnknownName
from digest.storage.tables import source


def find(connection: Connection, slug: str) -> Row[Any]:
    """The source's row. Raises UnknownName."""
    row = connection.execute(select(source).where(source.c.slug == slug)).first()
    if row is None:
        known = ", ".join(connection.scalars(select(source.c.slug).order_by(source.c.slug))) or "none yet"
        raise UnknownName(
            f"There is no source “{slug}” (there are: {known}).",
            remedy="Name it in a newsletter's file and run: digest apply FILE.",
        )
    return row


def listed(connection: Connection) -> list[Row[Any]]:
    """All sources."""
    return list(connection.execute(select(source).order_by(source.c.id)))


def due(connection: Connection, *, not_since: datetime) -> list[str]:
    """The slugs of sources that lie somewhere and were not read since then."""
    waiting = or_(source.c.read_at.is_(None), source.c.read_at < not_since)
    return list(connection.scalars(select(source.c.slug).where(source.c.location != "", waiting).order_by(source.c.id)))


def fared(connection: Connection, slug: str, *, now: datetime, error: str = "") -> None:
    """Note how a reading went: well, or with which error."""
    values: dict[str, Any] = {"read_at": now, "last_error": error, "failures": source.c.failures + 1 if error else 0}
    connection.execute(update(source).where(source.c.slug == slug).values(values))
