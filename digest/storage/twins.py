"""Twins: the same piece from two sources. The first that came stands for all; the others say where else it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, or_, select

from digest.model.item import Elsewhere, FoundItem, ItemId
from digest.model.twins import Sketch, are_twins, marks
from digest.storage.chunks import chunks
from digest.storage.source_tables import item, item_mark, newsletter_source, source, twin

#: Items that are looked at for one, those first that share the most.
_MOST_COMPARED = 20
#: What more items than this share, such as the words under which everybody sends their vacancies, tells none apart.
_MOST_SHARING = 50


def remember(connection: Connection, item_ids: Sequence[ItemId], found: Sequence[FoundItem]) -> None:
    """Keep what these new items have in common with others, and which others have brought before."""
    marked = {item_id: each.marks or marks(each) for item_id, each in zip(item_ids, found, strict=True)}
    earlier = _sharing(connection, {mark for those in marked.values() for mark in those}, set(item_ids))
    rows = [{"mark": mark, "item_id": item_id} for item_id, those in marked.items() for mark in those]
    if rows:
        connection.execute(insert(item_mark), rows)
    for item_id, each in zip(item_ids, found, strict=True):
        shared = Counter(other for mark in marked[item_id] for other in earlier.get(mark, ()))
        ids = [other for other, _ in shared.most_common(_MOST_COMPARED)]
        first = _first_twin(connection, item_id, each, ids) if ids else None
        if first is not None:
            connection.execute(insert(twin).values(item_id=item_id, first_id=first))


def elsewhere(
    connection: Connection, item_ids: Iterable[int], newsletter_id: int | None
) -> dict[int, tuple[Elsewhere, ...]]:
    """Where else each of these items is, among all sources or those of one newsletter."""
    found: dict[int, list[Elsewhere]] = {}
    for some in chunks(item_ids):
        for asked, row in _others(connection, some, newsletter_id):
            found.setdefault(asked, []).append(Elsewhere(id=ItemId(row.id), source=row.source, link=row.link))
    return {item_id: tuple(others) for item_id, others in found.items()}


def behind_others(connection: Connection, newsletter_id: int, item_ids: Iterable[int]) -> set[int]:
    """Those of these items that another source of the newsletter had brought before."""
    behind: set[int] = set()
    for some in chunks(item_ids):
        behind |= {asked for asked, row in _others(connection, some, newsletter_id) if row.id < asked}
    return behind


def _others(connection: Connection, item_ids: Sequence[int], newsletter_id: int | None) -> list[tuple[int, Row[Any]]]:
    """For each of these items that has twins: the others, in the order in which they came."""
    firsts = _firsts(connection, item_ids)
    if not firsts:
        return []
    members = _members(newsletter_id).where(_family().in_(set(firsts.values())))
    families: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(members.order_by(item.c.id)):
        families.setdefault(row.first, []).append(row)
    return [(asked, row) for asked, first in firsts.items() for row in families.get(first, ()) if row.id != asked]


def _firsts(connection: Connection, item_ids: Sequence[int]) -> dict[int, int]:
    """The first of the family of each item that has one."""
    rows = connection.execute(
        select(twin.c.item_id, twin.c.first_id).where(twin.c.item_id.in_(item_ids) | twin.c.first_id.in_(item_ids))
    ).all()
    asked = set(item_ids)
    behind = {row.item_id: row.first_id for row in rows if row.item_id in asked}
    return behind | {row.first_id: row.first_id for row in rows if row.first_id in asked}


def _family() -> Any:
    return func.coalesce(twin.c.first_id, item.c.id)


def _members(newsletter_id: int | None) -> Select[Any]:
    query = (
        select(item.c.id, item.c.link, source.c.slug.label("source"), _family().label("first"))
        .join(source, source.c.id == item.c.source_id)
        .outerjoin(twin, twin.c.item_id == item.c.id)
    )
    if newsletter_id is None:
        return query
    mine = select(newsletter_source.c.source_id).where(newsletter_source.c.newsletter_id == newsletter_id)
    return query.where(item.c.source_id.in_(mine))


def _sharing(connection: Connection, asked: set[int], but: set[ItemId]) -> dict[int, list[int]]:
    """The items that bear any of these marks, by mark."""
    found: dict[int, list[int]] = {}
    for some in chunks(asked):
        bearing = item_mark.c.mark.in_(some)
        telling = select(item_mark.c.mark).where(bearing).group_by(item_mark.c.mark)
        telling = telling.having(func.count() <= _MOST_SHARING)
        for row in connection.execute(select(item_mark).where(item_mark.c.mark.in_(telling))):
            if row.item_id not in but:
                found.setdefault(row.mark, []).append(row.item_id)
    return found


def _first_twin(connection: Connection, item_id: ItemId, found: FoundItem, others: Sequence[int]) -> int | None:
    """The first of the family that this item belongs to; none of its own source is its twin."""
    own = select(item.c.source_id).where(item.c.id == item_id).scalar_subquery()
    rows = connection.execute(
        select(item, _family().label("first"))
        .outerjoin(twin, twin.c.item_id == item.c.id)
        .where(item.c.id.in_(others), item.c.source_id != own)
        .order_by(item.c.id)
    )
    mine = Sketch(title=found.title, link=found.link, text=found.body_text, published=found.published)
    alike = (row.first for row in rows if are_twins(mine, _sketch(row)))
    return next((first for first in alike if not _has_one_of(connection, first, item_id)), None)


def _has_one_of(connection: Connection, first: int, item_id: ItemId) -> bool:
    """Whether a family has a member of the item's own source: two of one source are two."""
    own = select(item.c.source_id).where(item.c.id == item_id).scalar_subquery()
    family = or_(item.c.id == first, item.c.id.in_(select(twin.c.item_id).where(twin.c.first_id == first)))
    return connection.scalar(select(item.c.id).where(family, item.c.source_id == own, item.c.id != item_id)) is not None


def _sketch(row: Row[Any]) -> Sketch:
    bare = row.published_on
    return Sketch(
        title=row.title,
        link=row.link,
        text=row.body_text,
        published=date.fromisoformat(bare) if bare else row.published_at,
    )
