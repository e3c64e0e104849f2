"""Filings: items under topics, each with its reasons. What an editor decided is never overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from digest.errors import UnknownName
from digest.model.item import ItemId
from digest.model.topic import Evidence, Topic, file_under
from digest.storage.tables import filing, item, newsletter_source, topic
from subscribers.tables import newsletter

_RULE, _EDITOR = "rule", "editor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """An item under a topic, or kept out of it, and why."""

    newsletter: str
    topic: str
    #: "rule" or "editor".
    origin: str
    #: False where an editor took the item out.
    stands: bool
    reasons: tuple[str, ...]


def file_by_rules(connection: Connection, item_ids: Sequence[ItemId], *, now: datetime) -> None:
    """File items by the phrases of every newsletter that reads their source, as those stand now."""
    for item_id in item_ids:
        row = connection.execute(select(item).where(item.c.id == item_id)).one()
        for topics in _rules_for(connection, row.source_id):
            found = file_under(topics.values(), title=row.title, text=row.body_text, categories=row.categories)
            wanted = {topic_id: found[t.slug] for topic_id, t in topics.items() if t.slug in found}
            _replace_rules(connection, item_id, list(topics), wanted, now)


def file_by_hand(
    connection: Connection, item_id: int, topic_slug: str, *, stands: bool, by: str, now: datetime
) -> None:
    """Put an item under a topic, or take it out, by an editor's word, in every newsletter that reads its source."""
    ids = _topic_ids(connection, item_id, topic_slug)
    if not ids:
        raise UnknownName(f"There is no topic “{topic_slug}” for this item.", remedy="See: digest topics list.")
    values = {"origin": _EDITOR, "stands": stands, "reasons": [f"decided by {by}"], "at": now}
    for topic_id in ids:
        this = (filing.c.item_id == item_id) & (filing.c.topic_id == topic_id)
        if connection.execute(update(filing).where(this).values(values)).rowcount == 0:
            connection.execute(insert(filing).values(item_id=item_id, topic_id=topic_id, **values))


def of_item(connection: Connection, item_id: int) -> list[Filing]:
    """All filings of an item, also those an editor undid."""
    rows = connection.execute(
        select(filing, topic.c.slug, newsletter.c.slug.label("newsletter"))
        .join(topic, topic.c.id == filing.c.topic_id)
        .join(newsletter, newsletter.c.id == topic.c.newsletter_id)
        .where(filing.c.item_id == item_id)
        .order_by(newsletter.c.slug, topic.c.position)
    )
    return [
        Filing(newsletter=r.newsletter, topic=r.slug, origin=r.origin, stands=r.stands, reasons=tuple(r.reasons))
        for r in rows
    ]


def _rules_for(connection: Connection, source_id: int) -> list[dict[int, Topic]]:
    """For each newsletter that reads a source: its topics by row."""
    rows = connection.execute(
        select(topic)
        .join(newsletter_source, newsletter_source.c.newsletter_id == topic.c.newsletter_id)
        .where(newsletter_source.c.source_id == source_id)
        .order_by(topic.c.newsletter_id, topic.c.position)
    )
    by_newsletter: dict[int, dict[int, Topic]] = {}
    for r in rows:
        topics = by_newsletter.setdefault(r.newsletter_id, {})
        topics[r.id] = Topic(slug=r.slug, name=r.name, phrases=tuple(r.phrases))
    return list(by_newsletter.values())


def _replace_rules(
    connection: Connection,
    item_id: int,
    topic_ids: list[int],
    wanted: Mapping[int, tuple[Evidence, ...]],
    now: datetime,
) -> None:
    of_rules = (filing.c.item_id == item_id) & filing.c.topic_id.in_(topic_ids) & (filing.c.origin == _RULE)
    connection.execute(delete(filing).where(of_rules))
    decided = set(connection.scalars(select(filing.c.topic_id).where(filing.c.item_id == item_id)))
    rows: list[dict[str, Any]] = [
        {
            "item_id": item_id,
            "topic_id": topic_id,
            "origin": _RULE,
            "stands": True,
            "reasons": [str(e) for e in evidence],
            "at": now,
        }
        for topic_id, evidence in wanted.items()
        if topic_id not in decided
    ]
    if rows:
        connection.execute(insert(filing), rows)


def _topic_ids(connection: Connection, item_id: int, topic_slug: str) -> list[int]:
    return list(
        connection.scalars(
            select(topic.c.id)
            .join(newsletter_source, newsletter_source.c.newsletter_id == topic.c.newsletter_id)
            .join(item, item.c.source_id == newsletter_source.c.source_id)
            .where(item.c.id == item_id, topic.c.slug == topic_slug)
        )
    )
