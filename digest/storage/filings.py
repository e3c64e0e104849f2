"""Filings: items under topics, each with its reasons. What an editor decided is never overwritten."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from digest.errors import UnknownName
from digest.model.item import ItemId
from digest.model.rules import Brought, Reasons, Rules, TopicSet
from digest.storage import sources
from digest.storage.chunks import chunks
from digest.storage.newsletters import topic_of
from digest.storage.source_tables import filing, item, newsletter_source, topic
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


def rules_for(connection: Connection, newsletter_ids: Iterable[int]) -> Rules:
    """The rules of these newsletters together, as they stand now."""
    query = select(newsletter.c.id, newsletter.c.changed_at).where(newsletter.c.id.in_(list(newsletter_ids)))
    stamp = tuple((row.id, row.changed_at) for row in connection.execute(query.order_by(newsletter.c.id)))
    return Rules(stamp=stamp, sets=tuple(_topic_set(connection, newsletter_id) for newsletter_id, _ in stamp))


def are_current(connection: Connection, rules: Rules, source_id: int) -> bool:
    """Whether these are still the rules for a source: no newsletter that reads it has changed, come or gone."""
    query = select(newsletter.c.id, newsletter.c.changed_at).where(newsletter.c.id.in_(_reading(source_id)))
    return rules.stamp == tuple((row.id, row.changed_at) for row in connection.execute(query.order_by(newsletter.c.id)))


def file_anew(connection: Connection, item_ids: Sequence[ItemId], *, now: datetime) -> None:
    """Judge items by the rules of every newsletter that reads their source, and file them so."""
    known: dict[int, tuple[Rules, Brought]] = {}
    for some in chunks(item_ids):
        by_source: dict[int, dict[int, Reasons]] = {}
        for row in connection.execute(select(item).where(item.c.id.in_(some))).all():
            if row.source_id not in known:
                brought = sources.brought(connection, row.source_id)
                known[row.source_id] = rules_for(connection, brought), brought
            rules, brought = known[row.source_id]
            judged = rules.judge(
                title=row.title,
                text=row.body_text,
                categories=row.categories,
                people=row.people,
                brought=brought,
            )
            by_source.setdefault(row.source_id, {})[row.id] = judged
        for source_id, found in by_source.items():
            file(connection, known[source_id][0], found, now=now)


def file(connection: Connection, rules: Rules, judged: Mapping[int, Reasons], *, now: datetime) -> None:
    """Replace what rules said of these items before. An editor's word stays; a rule knows better than a guess."""
    these = filing.c.item_id.in_(list(judged)) & filing.c.topic_id.in_(rules.rows)
    connection.execute(delete(filing).where(these, filing.c.origin == Origin.RULE))
    present = {(r.item_id, r.topic_id): r.origin for r in connection.execute(select(filing).where(these))}
    wanted = [
        {"item_id": item_id, "topic_id": row, "origin": Origin.RULE, "stands": True, "reasons": list(why), "at": now}
        for item_id, reasons in judged.items()
        for row, why in reasons.items()
        if present.get((item_id, row)) != Origin.EDITOR
    ]
    for each in wanted:
        if (each["item_id"], each["topic_id"]) in present:
            guess = (filing.c.item_id == each["item_id"]) & (filing.c.topic_id == each["topic_id"])
            connection.execute(delete(filing).where(guess))
    if wanted:
        connection.execute(insert(filing), wanted)


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


def _reading(source_id: int) -> Select[tuple[int]]:
    return select(newsletter_source.c.newsletter_id).where(newsletter_source.c.source_id == source_id)


def _topic_set(connection: Connection, newsletter_id: int) -> TopicSet:
    query = select(topic).where(topic.c.newsletter_id == newsletter_id).order_by(topic.c.position)
    rows = connection.execute(query).all()
    return TopicSet(
        newsletter=newsletter_id, rows=tuple(row.id for row in rows), topics=tuple(topic_of(row) for row in rows)
    )


def _topic_ids(connection: Connection, item_id: int, topic_slug: str) -> list[int]:
    return list(
        connection.scalars(
            select(topic.c.id)
            .join(newsletter_source, newsletter_source.c.newsletter_id == topic.c.newsletter_id)
            .join(item, item.c.source_id == newsletter_source.c.source_id)
            .where(item.c.id == item_id, topic.c.slug == topic_slug)
        )
    )
