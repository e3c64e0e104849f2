"""Changes: what a source has changed in an item, part by part, and the notes of those that came too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from digest.model.item import FoundItem, ItemId
from digest.storage.source_tables import item, item_change
from subscribers.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a source changed in an item after an issue with it had been frozen."""

    at: datetime
    #: "title", "text", "link", "date", "people".
    parts: tuple[str, ...]
    #: What the source says now, part by part.
    now: dict[str, str]


def dates(found: FoundItem) -> tuple[str | None, datetime | None]:
    """Its date as it is kept: a bare day or an instant, at most one of the two."""
    exact = found.published if isinstance(found.published, datetime) else None
    bare = None if exact or found.published is None else found.published.isoformat()
    return bare, exact


def parts(row: Row[Any], found: FoundItem) -> tuple[str, ...]:
    """Which parts that a reader would miss differ from those that are kept."""
    differs = {
        "title": row.title != found.title,
        "text": row.body_text != found.body_text,
        "link": row.link != found.link,
        "date": (row.published_on, row.published_at) != dates(found),
        "people": tuple(row.people) != found.people,
    }
    return tuple(part for part, does in differs.items() if does)


def note(connection: Connection, item_id: int, found: FoundItem, changed: Sequence[str], *, now: datetime) -> bool:
    """Note a change, once however often it is met. Returns whether it is new."""
    values = {
        "item_id": item_id,
        "fingerprint": found.fingerprint,
        "at": now,
        "parts": list(changed),
        "content": {part: _said(found, part) for part in changed},
    }
    return insert_new(connection, item_change, values)


def of_item(connection: Connection, item_id: int) -> list[Change]:
    """All that was noted of an item, oldest first."""
    rows = connection.execute(select(item_change).where(item_change.c.item_id == item_id).order_by(item_change.c.id))
    return [_change(row) for row in rows]


def listed(connection: Connection) -> list[tuple[ItemId, str, Change]]:
    """All notes, newest first, each with the item's number and its title as it came out."""
    rows = connection.execute(
        select(item_change, item.c.title)
        .join(item, item.c.id == item_change.c.item_id)
        .order_by(item_change.c.at.desc(), item_change.c.id.desc())
    )
    return [(ItemId(row.item_id), row.title, _change(row)) for row in rows]


def _change(row: Row[Any]) -> Change:
    return Change(at=row.at, parts=tuple(row.parts), now=row.content)


def _said(found: FoundItem, part: str) -> str:
    match part:
        case "title":
            return found.title
        case "text":
            return found.body_text
        case "link":
            return found.link or ""
        case "date":
            return found.published.isoformat() if found.published else ""
        case _:
            return ", ".join(found.people)
