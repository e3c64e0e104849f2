"""Filings: items under topics, each with its reasons. What an editor decided is never overwritten."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from digest.errors import UnknownName
from digest.model.item import ItemId
from digest.model.topic import Topic, file_under
from digest.storage.chunks import chunks
from digest.storage.newsletters import topic_of
from digest.storage.tables import filing, item, newsletter_source, source, topic
from subscribers.tables import newsletter


class Origin(StrEnum):
    """Who put an item under a topic."""

    RULE = "rule"  #: the newsletter's phrases and categories, or its source's own topics
    EDITOR = "editor"  #: a person; this stands for ever, also when it says no
    LEARNED = "learned"  #: guessed from what editors decided about others; a proposal unless it is very sure


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """An item under a topic, or kept out of it, and why."""

    newsletter: str
    topic: str
    origin: Origin
    #: False where an editor took the item out, and for what is only proposed.
    stands: bool
    reasons: tuple[str, ...]
    #: How sure a guess is, from 0 to 1; None where nobody guesses.
    confidence: float | None = None


def file_by_rules(connection: Connection, item_ids: Sequence[ItemId], *, now: datetime) -> None:
    """File items by the rules of every newsletter that reads their source, as those stand now."""
    rules: dict[int, list[dict[int, Topic]]] = {}
    for some in chunks(item_ids):
        rows = connection.execute(
            select(item, source.c.topics.label("brought"))
            .join(source, source.c.id == item.c.source_id)
            .where(item.c.id.in_(some))
        ).all()
        by_source: dict[int, list[Row[Any]]] = {}
        for row in rows:
            by_source.setdefault(row.source_id, []).append(row)
        for source_id, mine in by_source.items():
            if source_id not in rules:
                rules[source_id] = _rules_for(connection, source_id)
            for topics in rules[source_id]:
                _file_anew(connection, mine, topics, now)


def file_by_hand(
    connection: Connection, item_id: int, topic_slug: str, *, stands: bool, by: str, now: datetime
) -> None:
    """Put an item under a topic, or take it out, by an editor's word, in every newsletter that reads its source."""
    ids = _topic_ids(connection, item_id, topic_slug)
    if not ids:
        raise UnknownName(f"There is no topic “{topic_slug}” for this item.", remedy="See: digest topics list.")
    values = {"origin": Origin.EDITOR, "stands": stands, "reasons": [f"decided by {by}"], "confidence": None, "at": now}
    for topic_id in ids:
        this = (filing.c.item_id == item_id) & (filing.c.topic_id == topic_id)
        if connection.execute(update(filing).where(this).values(values)).rowcount == 0:
            connection.execute(insert(filing).values(item_id=item_id, topic_id=topic_id, **values))


def propose(
    connection: Connection, item_id: int, topic_id: int, *, confidence: float, files: bool, because: str, now: datetime
) -> None:
    """Keep a guess: as a proposal, or as a filing where it is sure enough. What a rule or an editor says stays."""
    this = (filing.c.item_id == item_id) & (filing.c.topic_id == topic_id)
    connection.execute(delete(filing).where(this, filing.c.origin == Origin.LEARNED))
    if connection.scalar(select(filing.c.item_id).where(this)) is None:
        values = {"origin": Origin.LEARNED, "stands": files, "reasons": [because], "confidence": confidence, "at": now}
        connection.execute(insert(filing).values(item_id=item_id, topic_id=topic_id, **values))


def of_item(connection: Connection, item_id: int) -> list[Filing]:
    """All filings of an item, also those an editor undid and those that are only proposed."""
    rows = connection.execute(
        select(filing, topic.c.slug, newsletter.c.slug.label("newsletter"))
        .join(topic, topic.c.id == filing.c.topic_id)
        .join(newsletter, newsletter.c.id == topic.c.newsletter_id)
        .where(filing.c.item_id == item_id)
        .order_by(newsletter.c.slug, topic.c.position)
    )
    return [_filing(row) for row in rows]


def _filing(row: Row[Any]) -> Filing:
    return Filing(
        newsletter=row.newsletter,
        topic=row.slug,
        origin=Origin(row.origin),
        stands=row.stands,
        reasons=tuple(row.reasons),
        confidence=row.confidence,
    )


def _rules_for(connection: Connection, source_id: int) -> list[dict[int, Topic]]:
    """For each newsletter that reads a source: its topics by row."""
    rows = connection.execute(
        select(topic)
        .join(newsletter_source, newsletter_source.c.newsletter_id == topic.c.newsletter_id)
        .where(newsletter_source.c.source_id == source_id)
        .order_by(topic.c.newsletter_id, topic.c.position)
    )
    by_newsletter: dict[int, dict[int, Topic]] = {}
    for row in rows:
        by_newsletter.setdefault(row.newsletter_id, {})[row.id] = topic_of(row)
    return list(by_newsletter.values())


def _file_anew(connection: Connection, rows: Iterable[Row[Any]], topics: Mapping[int, Topic], now: datetime) -> None:
    """Replace what rules said of these items in one newsletter."""
    wanted = [made for row in rows for made in _filings(row, topics, now)]
    ids = [row.id for row in rows]
    these = filing.c.item_id.in_(ids) & filing.c.topic_id.in_(topics)
    connection.execute(delete(filing).where(these, filing.c.origin == Origin.RULE))
    present = {(r.item_id, r.topic_id): r.origin for r in connection.execute(select(filing).where(these))}
    for item_id, topic_id in ((f["item_id"], f["topic_id"]) for f in wanted):
        if present.get((item_id, topic_id)) == Origin.LEARNED:  # a rule knows better than a guess
            connection.execute(delete(filing).where(filing.c.item_id == item_id, filing.c.topic_id == topic_id))
    undecided = [f for f in wanted if present.get((f["item_id"], f["topic_id"])) != Origin.EDITOR]
    if undecided:
        connection.execute(insert(filing), undecided)


def _filings(row: Row[Any], topics: Mapping[int, Topic], now: datetime) -> Iterable[dict[str, Any]]:
    found = file_under(
        tuple(topics.values()),
        title=row.title,
        text=row.body_text,
        categories=row.categories,
        people=row.people,
        defaults=row.brought,
    )
    for topic_id, each in topics.items():
        if each.slug in found:
            yield {
                "item_id": row.id,
                "topic_id": topic_id,
                "origin": Origin.RULE,
                "stands": True,
                "reasons": [str(evidence) for evidence in found[each.slug]],
                "at": now,
            }


def _topic_ids(connection: Connection, item_id: int, topic_slug: str) -> list[int]:
    return list(
        connection.scalars(
            select(topic.c.id)
            .join(newsletter_source, newsletter_source.c.newsletter_id == topic.c.newsletter_id)
            .join(item, item.c.source_id == newsletter_source.c.source_id)
            .where(item.c.id == item_id, topic.c.slug == topic_slug)
        )
    )
