"""Past: an issue as it was when it came out, whatever became of its items, topics, rules and readers since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from digest.flow.choose import Chooser
from digest.flow.freeze import Edition
from digest.flow.house import House
from digest.flow.layouts import layout_from
from digest.flow.letters import stored_blocks
from digest.flow.spoken import OWN, Spoken
from digest.model.choice import Candidate, Choice, Chosen, Readers, Reason
from digest.model.issue import Article
from digest.model.item import Item, ItemId, day, instant
from digest.model.topic import Topic
from digest.rendering.variant import Layout
from digest.storage import audiences, editions, items
from digest.storage.audiences import Cohort
from subscribers.directory import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came to one reader, and what held for them when it was chosen."""

    readers: Readers
    #: None where nothing was new to them.
    layout: Layout | None


def as_it_was(house: House, connection: Connection, edition: Edition) -> tuple[Spoken, Mapping[int, Item]]:
    """The edition with what was stored of it, and its items as they stood in it."""
    content, headers = editions.load_content(connection, edition.issue.id)
    found = {item.id: item for item in items.these(connection, [a.id for a in content.articles])}
    then = {a.id: replace(found[a.id], title=a.title, topics=a.topics) for a in content.articles}
    blocks = stored_blocks(connection, edition.issue.id)
    topics = tuple(Topic(slug=heading.slug, name=heading.name) for heading in content.topics)
    past = replace(
        edition,
        content=content,
        headers=headers,
        blocks=blocks[OWN],
        publication=replace(edition.publication, topics=topics),
        candidates=tuple(_candidate(edition, article, then[article.id]) for article in content.articles),
    )
    return Spoken(house, past, blocks), {int(number): item for number, item in then.items()}


def what_came(connection: Connection, edition: Edition, held: Subscription) -> Came | None:
    """What a reader got of an issue that is out; None for somebody who was not in its audience."""
    found = audiences.cohort_of(connection, edition.issue.id, held.subscriber_id, held.preference)
    if found is None:
        return None
    return came_to(connection, edition, *found)


def came_to(connection: Connection, edition: Edition, cohort: Cohort, variant_id: int | None) -> Came:
    """What a cohort got of an issue that is out; `variant_id` None for nothing."""
    here = frozenset(edition.receivable)
    readers = Readers(
        topics=cohort.chosen.topics,
        received=editions.items_of(connection, cohort.received) & here,
        first=cohort.first,
        away=cohort.away,
    )
    layout = None if variant_id is None else layout_from(editions.load_variant(connection, variant_id)[1])
    return Came(readers=readers, layout=layout)


def choice_of(edition: Edition, came: Came) -> Choice:
    """What came, in its order, and why the others did not. Limits may have changed since; what came has not."""
    now = Chooser(edition).choice(came.readers)
    chosen = tuple(_chosen(came.layout)) if came.layout else ()
    ids = {c.id for c in chosen}
    full = {c.id: Reason.ISSUE_FULL for c in now.chosen}
    return Choice(chosen=chosen, refused=_but(now.refused, ids), no_room=_but({**full, **now.no_room}, ids))


def _but(passed_over: Mapping[ItemId, Reason], came: set[ItemId]) -> dict[ItemId, Reason]:
    return {item: why for item, why in passed_over.items() if item not in came}


def _chosen(layout: Layout) -> Iterator[Chosen]:
    """The items of a letter, from the keys of its blocks."""
    for part in layout.parts:
        kind, _, rest = part.key.partition(":")
        item, _, under = rest.partition(":")
        if kind == "note":
            yield Chosen(id=ItemId(int(item)), under=None, reason=Reason.PINNED)
        elif kind == "item":
            yield Chosen(id=ItemId(int(item)), under=under, reason=Reason.TOPIC)


def _candidate(edition: Edition, article: Article, item: Item) -> Candidate:
    return Candidate(
        id=article.id,
        topics=article.topics,
        dated_at=_dated_at(edition, article, item),
        pinned=article.pinned,
        also=tuple(other.id for other in item.also_at),
    )


def _dated_at(edition: Edition, article: Article, item: Item) -> datetime:
    """To the minute while its source has not dated it anew, to the day else; it was within the window in any case."""
    zone = edition.publication.newsletter.zone
    if day(item.published, zone) == article.published_on:
        return item.dated_at(zone)
    then = instant(article.published_on, zone) or item.first_seen_at
    return max(then, edition.window.furthest)
