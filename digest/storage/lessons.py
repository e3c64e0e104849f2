"""Lessons: items on which editors decided, and those on which nobody has yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from digest.model.item import ItemId
from digest.storage.chunks import chunks
from digest.storage.filings import Origin
from digest.storage.source_tables import filing, item, newsletter_source, topic, twin


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """An item as learning sees it, with where it stands in one newsletter."""

    id: ItemId
    title: str
    text: str
    categories: tuple[str, ...]
    people: tuple[str, ...]
    #: Slugs of the topics it is under.
    topics: frozenset[str]
    #: Slugs of the topics on which an editor decided.
    decided: frozenset[str]


def topic_ids(connection: Connection, newsletter_id: int) -> dict[str, int]:
    """The rows of a newsletter's topics, by slug."""
    rows = connection.execute(select(topic.c.slug, topic.c.id).where(topic.c.newsletter_id == newsletter_id))
    return {row.slug: row.id for row in rows}


def decided(connection: Connection, newsletter_id: int) -> list[Filed]:
    """The items that an editor has filed under a topic of this newsletter, or taken out of one; oldest first."""
    mine = select(topic.c.id).where(topic.c.newsletter_id == newsletter_id)
    by_hand = select(filing.c.item_id).where(filing.c.topic_id.in_(mine), filing.c.origin == Origin.EDITOR)
    rows = connection.execute(_items().where(item.c.id.in_(by_hand))).all()
    return _filed(connection, rows, newsletter_id)


def since(connection: Connection, newsletter_id: int, *, at: datetime) -> list[Filed]:
    """The items of a newsletter's sources that stand at that instant or later, without those that came twice."""
    mine = select(newsletter_source.c.source_id).where(newsletter_source.c.newsletter_id == newsletter_id)
    once = item.c.id.not_in(select(twin.c.item_id))
    rows = connection.execute(_items().where(item.c.source_id.in_(mine), item.c.stands_at >= at, once)).all()
    return _filed(connection, rows, newsletter_id)


def _items() -> Select[Any]:
    return select(item.c.id, item.c.title, item.c.body_text, item.c.categories, item.c.people).order_by(item.c.id)


def _filed(connection: Connection, rows: Iterable[Row[Any]], newsletter_id: int) -> list[Filed]:
    kept = list(rows)
    stands: dict[int, set[str]] = {}
    by_hand: dict[int, set[str]] = {}
    query = select(filing, topic.c.slug).join(topic, topic.c.id == filing.c.topic_id)
    query = query.where(topic.c.newsletter_id == newsletter_id)
    for some in chunks(row.id for row in kept):
        for row in connection.execute(query.where(filing.c.item_id.in_(some))):
            if row.stands:
                stands.setdefault(row.item_id, set()).add(row.slug)
            if row.origin == Origin.EDITOR:
                by_hand.setdefault(row.item_id, set()).add(row.slug)
    return [
        Filed(
            id=ItemId(row.id),
            title=row.title,
            text=row.body_text,
            categories=tuple(row.categories),
            people=tuple(row.people),
            topics=frozenset(stands.get(row.id, ())),
            decided=frozenset(by_hand.get(row.id, ())),
        )
        for row in kept
    ]
