"""Items: kept once each, by what they are known by within their source."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, or_, select, update

from digest.errors import UnknownName
from digest.model.item import FoundItem, Item, ItemId
from digest.storage.tables import filing, item, newsletter_source, source, topic
from subscribers.upsert import insert_new


class Kept(StrEnum):
    """What keeping a found item came to."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


def keep(
    connection: Connection,
    source_id: int,
    found: FoundItem,
    *,
    now: datetime,
    met: AbstractSet[ItemId] = frozenset(),
) -> tuple[ItemId, Kept]:
    """Keep an item; one that is known is changed where the source has changed it. `met` are those of the same reading
    that were kept already, which this cannot be."""
    this = (item.c.source_id == source_id) & (item.c.identity == found.identity)
    known: Any = connection.execute(select(item.c.id, item.c.fingerprint).where(this)).first()
    if known is None:
        known = _mended(connection, source_id, found, met)
    if known is None:
        values = {"source_id": source_id, "identity": found.identity, "first_seen_at": now, **_values(found, now)}
        made = insert_new(connection, item, values)
        # Another scheduler may have found it at the same moment.
        known = connection.execute(select(item.c.id, item.c.fingerprint).where(this)).one()
        if made:
            return ItemId(known.id), Kept.NEW
    if known.fingerprint == found.fingerprint:
        return ItemId(known.id), Kept.SAME
    values = {"identity": found.identity, **_values(found, now)}
    connection.execute(update(item).where(item.c.id == known.id).values(values))
    return ItemId(known.id), Kept.CHANGED


def load(connection: Connection, item_id: int) -> Item:
    """One item. Raises UnknownName."""
    found = select_items(connection, item.c.id == item_id)
    if not found:
        raise UnknownName(f"There is no item {item_id}.", remedy="See: digest items list.")
    return found[0]


def listed(connection: Connection, *, source_slug: str | None = None, topic_slug: str | None = None) -> list[Item]:
    """Items, newest first, of one source or under one topic."""
    conditions = []
    if source_slug:
        conditions.append(source.c.slug == source_slug)
    if topic_slug:
        conditions.append(item.c.id.in_(_under(topic_slug)))
    return select_items(connection, *conditions)


def these(connection: Connection, item_ids: Iterable[int]) -> list[Item]:
    """The items of these numbers, newest first."""
    return select_items(connection, item.c.id.in_(list(item_ids)))


def of_newsletter(connection: Connection, newsletter_id: int, *, since: datetime) -> list[Item]:
    """The items of a newsletter's sources that may be dated `since` or later, with their topics in it; newest first."""
    dated = or_(
        item.c.published_at >= since,
        # A bare day has no zone; a day of grace leaves the exact answer to the caller.
        item.c.published_on >= date.fromordinal(since.date().toordinal() - 1).isoformat(),
        and_(item.c.published_at.is_(None), item.c.published_on.is_(None), item.c.first_seen_at >= since),
    )
    mine = item.c.source_id.in_(
        select(newsletter_source.c.source_id).where(newsletter_source.c.newsletter_id == newsletter_id)
    )
    return select_items(connection, mine, dated, newsletter_id=newsletter_id)


def ids_of_sources(connection: Connection, source_ids: Iterable[int]) -> list[ItemId]:
    """The ids of all items of some sources."""
    return [ItemId(i) for i in connection.scalars(select(item.c.id).where(item.c.source_id.in_(list(source_ids))))]


def select_items(connection: Connection, *conditions: Any, newsletter_id: int | None = None) -> list[Item]:
    """Items that meet conditions, newest first, with topics of one newsletter or of all."""
    found = connection.execute(_items().where(*conditions)).mappings().all()
    # Sorted here and not by the database, whose days would be those of its own zone. What is equal stays by id.
    rows = sorted(found, key=_stands_at, reverse=True)
    topics = _topics_of(connection, [row["id"] for row in rows], newsletter_id)
    return [_item(row, topics.get(row["id"], ())) for row in rows]


def _mended(connection: Connection, source_id: int, found: FoundItem, met: AbstractSet[ItemId]) -> Any:
    """The item that this is with another text: pages without links correct their pieces too."""
    if found.guid or found.link:
        return None
    dated = _dates(found)
    return connection.execute(
        select(item.c.id, item.c.fingerprint)
        .where(
            item.c.source_id == source_id,
            item.c.guid.is_(None),
            item.c.link.is_(None),
            item.c.title == found.title,
            item.c.published_on.is_not_distinct_from(dated["published_on"]),
            item.c.published_at.is_not_distinct_from(dated["published_at"]),
            item.c.id.not_in(met),
        )
        .order_by(item.c.id)
    ).first()


def _items() -> Select[Any]:
    return select(item, source.c.slug.label("source")).join(source, source.c.id == item.c.source_id).order_by(item.c.id)


def _stands_at(row: RowMapping) -> datetime:
    """Where an item stands among others: a bare day at its beginning, one without a date where it was first seen."""
    bare = row["published_on"]
    exact: datetime = row["published_at"] or row["first_seen_at"]
    return datetime.combine(date.fromisoformat(bare), time.min, UTC) if bare else exact


def _under(topic_slug: str) -> Select[Any]:
    return (
        select(filing.c.item_id)
        .join(topic, topic.c.id == filing.c.topic_id)
        .where(topic.c.slug == topic_slug, filing.c.stands)
    )


def _topics_of(connection: Connection, item_ids: list[int], newsletter_id: int | None) -> dict[int, tuple[str, ...]]:
    query = (
        select(filing.c.item_id, topic.c.slug)
        .join(topic, topic.c.id == filing.c.topic_id)
        .where(filing.c.stands)
        .order_by(topic.c.position, topic.c.newsletter_id)
    )
    if newsletter_id is not None:
        query = query.where(topic.c.newsletter_id == newsletter_id)
    if len(item_ids) <= 500:
        query = query.where(filing.c.item_id.in_(item_ids))
    found: dict[int, dict[str, None]] = {}
    for row in connection.execute(query):
        found.setdefault(row.item_id, {})[row.slug] = None
    return {item_id: tuple(slugs) for item_id, slugs in found.items()}


def _dates(found: FoundItem) -> dict[str, Any]:
    exact = found.published if isinstance(found.published, datetime) else None
    bare = None if exact or found.published is None else found.published.isoformat()
    return {"published_at": exact, "published_on": bare}


def _values(found: FoundItem, now: datetime) -> dict[str, Any]:
    return {
        **_dates(found),
        "fingerprint": found.fingerprint,
        "title": found.title,
        "guid": found.guid,
        "link": found.link,
        "changed_at": now,
        "people": list(found.people),
        "categories": list(found.categories),
        "body_html": found.body_html,
        "body_text": found.body_text,
        "word_count": found.word_count,
        "excerpt": found.excerpt,
        "language": found.language,
    }


def _item(row: RowMapping, topics: tuple[str, ...]) -> Item:
    bare = row["published_on"]
    return Item(
        id=ItemId(row["id"]),
        source=row["source"],
        title=row["title"],
        link=row["link"],
        published=date.fromisoformat(bare) if bare else row["published_at"],
        first_seen_at=row["first_seen_at"],
        people=tuple(row["people"]),
        body_html=row["body_html"],
        body_text=row["body_text"],
        word_count=row["word_count"],
        excerpt=row["excerpt"],
        topics=topics,
    )
