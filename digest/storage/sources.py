"""Sources: where items are read, and how the readings went."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, insert, or_, select, update

from digest.errors import UnknownName
from digest.model.rules import Brought
from digest.model.source import Selectors, Source, SourceKind
from digest.storage.source_tables import item, newsletter_source, source
from subscribers.tables import newsletter

#: What the last answer said of itself; a source that is read somewhere else has never been read.
_NEVER_READ: Mapping[str, Any] = {
    "read_at": None,
    "succeeded_at": None,
    "failures": 0,
    "last_error": "",
    "next_at": None,
    "ended_at": None,
    "moved_to": "",
    "etag": "",
    "modified": "",
    "checksum": "",
}


def find(connection: Connection, slug: str) -> Row[Any]:
    """The source's row. Raises UnknownName."""
    row = connection.execute(select(source).where(source.c.slug == slug)).first()
    if row is None:
        known = ", ".join(connection.scalars(select(source.c.slug).order_by(source.c.slug).limit(20))) or "none yet"
        raise UnknownName(
            f"There is no source “{slug}” (there are: {known}).",
            remedy="Add one with digest sources add, or name it in a newsletter's file and run: digest apply FILE.",
        )
    return row


def listed(connection: Connection) -> list[Row[Any]]:
    """All sources."""
    return list(connection.execute(select(source).order_by(source.c.id)))


def these(connection: Connection, slugs: Iterable[str]) -> list[Row[Any]]:
    """The sources of these names. Raises UnknownName for one that is not there."""
    return [find(connection, slug) for slug in dict.fromkeys(slugs)]


def counts(connection: Connection) -> dict[int, int]:
    """How many items each source has brought, by its row."""
    rows = connection.execute(select(item.c.source_id, func.count()).group_by(item.c.source_id))
    return {row[0]: row[1] for row in rows}


def readers(connection: Connection) -> dict[int, dict[str, tuple[str, ...]]]:
    """The slugs of the newsletters that read each source, by its row, each with the topics it brings there."""
    query = select(newsletter_source.c.source_id, newsletter.c.slug, newsletter_source.c.topics).join(
        newsletter, newsletter.c.id == newsletter_source.c.newsletter_id
    )
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for row in connection.execute(query.order_by(newsletter.c.slug)):
        found.setdefault(row.source_id, {})[row.slug] = tuple(row.topics)
    return found


def all_brought(connection: Connection) -> dict[int, Brought]:
    """What each source that is read brings, by its row; the newsletters in the order of their rows."""
    return _brought(connection, select(newsletter_source))


def brought(connection: Connection, source_id: int) -> Brought:
    """What a source brings to each newsletter that reads it; these in the order of their rows."""
    only = select(newsletter_source).where(newsletter_source.c.source_id == source_id)
    return _brought(connection, only).get(source_id, {})


def _brought(connection: Connection, query: Select[Any]) -> dict[int, Brought]:
    found: dict[int, dict[int, tuple[str, ...]]] = {}
    for row in connection.execute(query.order_by(newsletter_source.c.newsletter_id)):
        found.setdefault(row.source_id, {})[row.newsletter_id] = tuple(row.topics)
    return dict(found)


def failing(connection: Connection, newsletter_slug: str) -> list[str]:
    """The slugs of the sources of a newsletter that failed when they were last read, or have ended."""
    query = (
        select(source.c.slug)
        .join(newsletter_source, newsletter_source.c.source_id == source.c.id)
        .join(newsletter, newsletter.c.id == newsletter_source.c.newsletter_id)
        .where(newsletter.c.slug == newsletter_slug, or_(source.c.failures > 0, source.c.ended_at.is_not(None)))
    )
    return list(connection.scalars(query.order_by(source.c.id)))


def how_many(connection: Connection) -> int:
    """How many sources there are to read."""
    query = select(func.count()).where(source.c.location != "", source.c.ended_at.is_(None))
    return int(connection.scalar(query) or 0)


def any_due(connection: Connection, *, now: datetime) -> bool:
    """Whether any source is to be read now."""
    return connection.scalar(select(source.c.id).where(*_due(now)).limit(1)) is not None


def claim_due(connection: Connection, *, now: datetime, until: datetime) -> list[Row[Any]]:
    """The sources that are to be read now; nobody else is given them before `until`, so that each is asked once."""
    rows = connection.execute(update(source).where(*_due(now)).values(next_at=until).returning(source))
    return sorted(rows, key=lambda row: row.id)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What lies somewhere, has not ended, is read by a newsletter, and whose time has come."""
    return (
        source.c.location != "",
        source.c.ended_at.is_(None),
        source.c.id.in_(select(newsletter_source.c.source_id)),
        or_(source.c.next_at.is_(None), source.c.next_at <= now),
    )


def note(connection: Connection, readings: Iterable[tuple[Row[Any], Mapping[str, Any]]]) -> None:
    """Write down how readings went: what changes in the row of each source, as it was when it was read.

    A source that somebody has meanwhile given another place or kind has not been read yet.
    """
    for row, values in readings:
        connection.execute(update(source).where(*_as_read(row)).values(dict(values)))


def is_as_read(connection: Connection, row: Row[Any]) -> bool:
    """Whether a source still lies where it was read, and is what it was read as."""
    return connection.scalar(select(source.c.id).where(*_as_read(row))) is not None


def _as_read(row: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    return (
        source.c.id == row.id,
        source.c.location == row.location,
        source.c.kind == row.kind,
    )


def save(connection: Connection, wanted: Source) -> int:
    """Make a source's row say what is wanted, and return it. Where it lies elsewhere now, it starts afresh.

    Its topics are not in it: they are a matter of each newsletter that reads it.
    """
    row = connection.execute(select(source.c.id, source.c.location).where(source.c.slug == wanted.slug)).first()
    values: dict[str, Any] = {
        "name": wanted.name,
        "kind": wanted.kind,
        "location": wanted.location,
        "link_label": wanted.link_label,
        "selectors": _selectors_row(wanted.selectors),
    }
    if row is None:
        made = connection.execute(insert(source).values(slug=wanted.slug, **values).returning(source.c.id))
        return int(made.scalar_one())
    afresh = _NEVER_READ if row.location != wanted.location else {"checksum": "", "etag": "", "modified": ""}
    connection.execute(update(source).where(source.c.id == row.id).values({**values, **afresh}))
    return int(row.id)


def value_of(row: Any, topics: Iterable[str] = ()) -> Source:
    """A row as a value, with the topics that it brings to a newsletter."""
    return Source(
        slug=row.slug,
        name=row.name,
        kind=SourceKind(row.kind),
        location=row.location,
        link_label=row.link_label,
        topics=tuple(topics),
        selectors=Selectors(**row.selectors) if row.selectors else None,
    )


def attach(connection: Connection, source_id: int, newsletter_id: int, topics: Iterable[str] = ()) -> bool:
    """Let a newsletter read a source, which brings these of its topics. Says whether that is new; else all stays."""
    this = {"newsletter_id": newsletter_id, "source_id": source_id}
    if connection.scalar(select(exists().where(*(newsletter_source.c[key] == this[key] for key in this)))):
        return False
    connection.execute(insert(newsletter_source).values(**this, topics=list(topics)))
    return True


def detach(connection: Connection, source_id: int) -> None:
    """Let no newsletter read a source any more, and forget where it lies; what it has brought stays."""
    connection.execute(delete(newsletter_source).where(newsletter_source.c.source_id == source_id))
    connection.execute(update(source).where(source.c.id == source_id).values(location="", **_NEVER_READ))


def _selectors_row(selectors: Selectors | None) -> dict[str, str] | None:
    if selectors is None:
        return None
    return {name: getattr(selectors, name) for name in Selectors.__dataclass_fields__}
