"""Health: how each source fares, in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from digest.flow.house import House
from digest.storage import sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source fares."""

    slug: str
    name: str
    kind: str
    location: str
    #: Where its server says it has moved for good; empty when it has not.
    moved_to: str
    newsletters: tuple[str, ...]
    #: The topics that everything from it is filed under, by newsletter, where there are any.
    topics: Mapping[str, tuple[str, ...]]
    #: How many items it has brought.
    items: int
    read_at: datetime | None
    succeeded_at: datetime | None
    #: When it is read again; None for one that is only imported, has ended, or is due at once.
    next_at: datetime | None
    ended_at: datetime | None
    #: How many readings in a row have failed.
    failures: int
    last_error: str
    words: str

    @property
    def failing(self) -> bool:
        """Whether somebody should look."""
        return bool(self.failures or self.ended_at)


def health(house: House) -> Sequence[Health]:
    """How all sources fare."""
    with house.store.read() as connection:
        items = sources.counts(connection)
        readers = sources.readers(connection)
        rows = sources.listed(connection)
    return [_health(row, items.get(row.id, 0), readers.get(row.id, {})) for row in rows]


def _health(row: Row[Any], items: int, newsletters: Mapping[str, tuple[str, ...]]) -> Health:
    return Health(
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        location=row.location,
        moved_to=row.moved_to,
        newsletters=tuple(newsletters),
        topics={slug: topics for slug, topics in newsletters.items() if topics},
        items=items,
        read_at=row.read_at,
        succeeded_at=row.succeeded_at,
        next_at=row.next_at if row.location and not row.ended_at else None,
        ended_at=row.ended_at,
        failures=row.failures,
        last_error=row.last_error,
        words=_words(row, newsletters),
    )


def _words(row: Row[Any], newsletters: Collection[str]) -> str:
    if row.ended_at:
        return f"Ended: {row.last_error}"
    if row.failures:
        return f"Failed: {row.last_error}"
    if not row.location:
        return "Imported by hand"
    if not newsletters:
        return "Read for no newsletter"
    return f"Well, moved to {row.moved_to}" if row.moved_to else "Well" if row.succeeded_at else "Not read yet"
