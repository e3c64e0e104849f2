"""Items: those that are kept, as lists, newsletters and pages ask for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, or_, select

from digest.errors import UnknownName
from digest.model.item import Elsewhere, Image, Item, ItemId
from digest.storage import twins
from digest.storage.chunks import chunks
from digest.storage.source_tables import filing, item, newsletter_source, source, topic, twin

#: A bare day has no zone: it may begin half a day before or after its beginning in UTC.
_GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which items a list is to have."""

    #: The slug of their source; None for all.
    source: str | None = None
    #: The slug of a topic they are under; None for all.
    topic: str | None = None
    #: Only those with a topic that is proposed, but not decided on.
    proposed: bool = False


EVERY = Which()


def load(connection: Connection, item_id: int) -> Item:
    """One item. Raises UnknownName."""
    found = these(connection, [item_id])
    if not found:
        raise UnknownName(f"There is no item {item_id}.", remedy="See: digest items list.")
    return found[0]


def these(connection: Connection, item_ids: Iterable[int]) -> list[Item]:
    """The items of these numbers, newest first."""
    rows = [
        row
        for some in chunks(dict.fromkeys(item_ids))
        for row in connection.execute(_items().where(item.c.id.in_(some))).mappings()
    ]
    return _with_topics(connection, sorted(rows, key=_order), None)


def listed(connection: Connection, which: Which = EVERY, *, limit: int | None = None) -> list[Item]:
    """Items, newest first. A piece that a source brought after another stands beside the first, unless that very
    source is asked for."""
    query = _items().where(*_wanted(which)).order_by(item.c.stands_at.desc(), item.c.id)
    return _with_topics(connection, connection.execute(query.limit(limit)).mappings().all(), None)


def count(connection: Connection, which: Which = EVERY) -> int:
    """How many items `listed` would give without a limit."""
    query = select(func.count()).select_from(item.join(source, source.c.id == item.c.source_id))
    return int(connection.scalar(query.where(*_wanted(which))) or 0)


def of_newsletter(connection: Connection, newsletter_id: int, *, since: datetime) -> list[Item]:
    """The items of a newsletter's sources that may be dated `since` or later, with their topics in it; newest first.

    Of a piece that several of its sources brought there is only the first, which knows of the others.
    """
    mine = select(newsletter_source.c.source_id).where(newsletter_source.c.newsletter_id == newsletter_id)
    may_be = or_(item.c.published_on.is_not(None), item.c.stands_at >= since)
    query = _items().where(item.c.source_id.in_(mine), item.c.stands_at >= since - _GRACE, may_be)
    rows = connection.execute(query.order_by(item.c.stands_at.desc(), item.c.id)).mappings().all()
    behind = twins.behind_others(connection, newsletter_id, [row["id"] for row in rows])
    return _with_topics(connection, [row for row in rows if row["id"] not in behind], newsletter_id)


def ids_of_sources(connection: Connection, source_ids: Iterable[int]) -> list[ItemId]:
    """The ids of all items of some sources."""
    return [ItemId(i) for i in connection.scalars(select(item.c.id).where(item.c.source_id.in_(list(source_ids))))]


def _wanted(which: Which) -> Iterator[ColumnElement[bool]]:
    if which.source:
        yield source.c.slug == which.source
    else:
        yield item.c.id.not_in(select(twin.c.item_id))
    if which.topic:
        under = _under(which.topic)
        yield or_(item.c.id.in_(under), item.c.id.in_(select(twin.c.first_id).where(twin.c.item_id.in_(under))))
    if which.proposed:
        open_guess = (filing.c.origin == "learned") & filing.c.stands.is_(False)
        yield item.c.id.in_(select(filing.c.item_id).where(open_guess))


def _items() -> Select[Any]:
    return select(item, source.c.slug.label("source")).join(source, source.c.id == item.c.source_id)


def _order(row: RowMapping) -> tuple[float, int]:
    return (-row["stands_at"].timestamp(), row["id"])


def _under(topic_slug: str) -> Select[Any]:
    return (
        select(filing.c.item_id)
        .join(topic, topic.c.id == filing.c.topic_id)
        .where(topic.c.slug == topic_slug, filing.c.stands)
    )


def _with_topics(connection: Connection, rows: Iterable[RowMapping], newsletter_id: int | None) -> list[Item]:
    kept = list(rows)
    also = twins.elsewhere(connection, [row["id"] for row in kept], newsletter_id)
    families = {row["id"]: [row["id"], *(other.id for other in also.get(row["id"], ()))] for row in kept}
    filed = _filed(connection, [member for family in families.values() for member in family], newsletter_id)
    return [_item(row, _topics(families[row["id"]], filed), also.get(row["id"], ())) for row in kept]


#: For each item its topics: place in the newsletter's order, the newsletter's row, slug, and whether it stands.
_Filed = dict[int, list[tuple[int, int, str, bool]]]


def _filed(connection: Connection, item_ids: list[int], newsletter_id: int | None) -> _Filed:
    """Where these items stand, and what editors took them out of."""
    query = (
        select(filing.c.item_id, topic.c.position, topic.c.newsletter_id, topic.c.slug, filing.c.stands)
        .join(topic, topic.c.id == filing.c.topic_id)
        .where(or_(filing.c.stands, filing.c.origin == "editor"))
    )
    if newsletter_id is not None:
        query = query.where(topic.c.newsletter_id == newsletter_id)
    found: _Filed = {}
    for some in chunks(dict.fromkeys(item_ids)):
        for row in connection.execute(query.where(filing.c.item_id.in_(some))):
            found.setdefault(row.item_id, []).append((row.position, row.newsletter_id, row.slug, row.stands))
    return found


def _topics(family: list[int], filed: _Filed) -> tuple[str, ...]:
    """The topics that a piece is under by any of its sources, but none that an editor took one of them out of."""
    every = sorted(each for member in family for each in filed.get(member, ()))
    out_of = {slug for _, _, slug, stands in every if not stands}
    return tuple(dict.fromkeys(slug for _, _, slug, _ in every if slug not in out_of))


def stands_at(published: date | datetime | None, first_seen_at: datetime) -> datetime:
    """Where an item stands among others: a bare day at its beginning, one without a date where it was first seen."""
    if isinstance(published, datetime):
        return published
    return datetime.combine(published, time.min, UTC) if published else first_seen_at


def _item(row: RowMapping, topics: tuple[str, ...], also_at: tuple[Elsewhere, ...]) -> Item:
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
        language=row["language"],
        lead=row["lead"],
        images=tuple(Image(**image) for image in row["images"]),
        topics=topics,
        also_at=also_at,
    )
