"""Newsletters with their topics and sources, as rows that files and the desk edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select, update

from digest.errors import UnknownName
from digest.model.newsletter import Newsletter, NewsletterId
from digest.model.sending import Sending
from digest.model.source import Source
from digest.model.topic import Topic
from digest.storage import sources as source_rows
from digest.storage.source_tables import filing, newsletter_source, source, topic
from subscribers.tables import newsletter

_NEWSLETTER = TypeAdapter(Newsletter)
_SENDING: TypeAdapter[Sending | None] = TypeAdapter(Sending | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When the mail of a newsletter leaves."""

    newsletter_id: NewsletterId
    slug: str
    zone: ZoneInfo
    #: None where it says nothing of its own.
    sending: Sending | None


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A newsletter with all it rests on."""

    id: NewsletterId
    #: When it was first made known; nothing is due for the time before.
    created_at: datetime
    newsletter: Newsletter
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]

    @cached_property
    def topic_order(self) -> tuple[str, ...]:
        """Topic slugs in the newsletter's order."""
        return tuple(t.slug for t in self.topics)


def load(connection: Connection, slug: str) -> Publication:
    """The newsletter of that slug. Raises UnknownName, naming those there are."""
    # PostgreSQL cannot even be asked for what has a zero in it, as an address on the web may have.
    known = select(newsletter).where(newsletter.c.slug == slug)
    row = connection.execute(known).first() if slug.isprintable() else None
    if row is None:
        there_are = ", ".join(slugs(connection)) or "none yet"
        raise UnknownName(
            f"There is no newsletter “{slug}” (there are: {there_are}).", remedy="Add one with: digest apply FILE."
        )
    return Publication(
        id=NewsletterId(row.id),
        created_at=row.created_at,
        newsletter=_NEWSLETTER.validate_python(row.settings),
        topics=_topics(connection, row.id),
        sources=_sources(connection, row.id),
    )


def slugs(connection: Connection) -> list[str]:
    """The slugs of all newsletters, in order."""
    return list(connection.scalars(select(newsletter.c.slug).order_by(newsletter.c.slug)))


def sendings(connection: Connection) -> list[Hours]:
    """When the mail of each newsletter leaves."""
    rows = connection.execute(select(newsletter.c.id, newsletter.c.slug, newsletter.c.settings))
    return [
        Hours(
            newsletter_id=NewsletterId(row.id),
            slug=row.slug,
            zone=_zone(row.settings["timezone"]),
            sending=_SENDING.validate_python(row.settings.get("sending")),
        )
        for row in rows
    ]


def _zone(name: str) -> ZoneInfo:
    """Of one that this machine does not know any more nothing better is known: it must not stop the others' mail."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def open_slugs(connection: Connection) -> list[str]:
    """Those whose past issues are for everybody."""
    rows = connection.execute(select(newsletter.c.slug, newsletter.c.settings).order_by(newsletter.c.slug))
    return [row.slug for row in rows if not row.settings.get("private", False)]


def languages(connection: Connection, slug: str = "", *, private: bool = True) -> set[str]:
    """The languages of all newsletters, or of one; `private` counts those too whose past issues are for readers."""
    rows = connection.execute(select(newsletter.c.slug, newsletter.c.settings))
    found = (row.settings for row in rows if slug in ("", row.slug))
    shown = (each for each in found if private or not each.get("private", False))
    return {language for each in shown if (language := str(each.get("language", "")))}


def must_have_topic(connection: Connection, slug: str) -> None:
    """Raises UnknownName, naming the topics there are, when no newsletter has this one."""
    known = list(connection.scalars(select(topic.c.slug).distinct().order_by(topic.c.slug)))
    if slug not in known:
        raise UnknownName(f"There is no topic “{slug}”.", remedy=f"There are: {', '.join(known) or 'none yet'}.")


def save(
    connection: Connection, wanted: Newsletter, topics: Sequence[Topic], sources: Sequence[Source], *, now: datetime
) -> NewsletterId:
    """Make the rows say what is wanted. Topics keep their rows, and so their filings, by slug."""
    newsletter_id = _save_newsletter(connection, wanted, now)
    for position, each in enumerate(topics):
        _save_topic(connection, newsletter_id, each, position)
    _drop_topics(connection, newsletter_id, keep=[t.slug for t in topics])
    connection.execute(delete(newsletter_source).where(newsletter_source.c.newsletter_id == newsletter_id))
    for each_source in sources:
        source_rows.attach(connection, source_rows.save(connection, each_source), newsletter_id, each_source.topics)
    return newsletter_id


def topic_of(row: Any) -> Topic:
    """A row of the topic table as a value."""
    return Topic(
        slug=row.slug,
        name=row.name,
        description=row.description,
        phrases=tuple(row.phrases),
        categories=tuple(row.categories),
    )


def _save_newsletter(connection: Connection, wanted: Newsletter, now: datetime) -> NewsletterId:
    values = {"name": wanted.name, "settings": _NEWSLETTER.dump_python(wanted, mode="json"), "changed_at": now}
    found: int | None = connection.scalar(select(newsletter.c.id).where(newsletter.c.slug == wanted.slug))
    if found is None:
        return NewsletterId(_made(connection, newsletter, {"slug": wanted.slug, "created_at": now, **values}))
    connection.execute(update(newsletter).where(newsletter.c.id == found).values(values))
    return NewsletterId(found)


def _save_topic(connection: Connection, newsletter_id: int, wanted: Topic, position: int) -> None:
    values = {
        "name": wanted.name,
        "description": wanted.description,
        "phrases": list(wanted.phrases),
        "categories": list(wanted.categories),
        "position": position,
    }
    this = (topic.c.newsletter_id == newsletter_id) & (topic.c.slug == wanted.slug)
    if connection.execute(update(topic).where(this).values(values)).rowcount == 0:
        connection.execute(insert(topic).values(newsletter_id=newsletter_id, slug=wanted.slug, **values))


def _drop_topics(connection: Connection, newsletter_id: int, keep: list[str]) -> None:
    gone = select(topic.c.id).where(topic.c.newsletter_id == newsletter_id, topic.c.slug.not_in(keep))
    connection.execute(delete(filing).where(filing.c.topic_id.in_(gone)))
    connection.execute(delete(topic).where(topic.c.id.in_(gone.scalar_subquery())))


def _made(connection: Connection, table: Any, values: dict[str, Any]) -> int:
    made: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return made


def _topics(connection: Connection, newsletter_id: int) -> tuple[Topic, ...]:
    rows = connection.execute(select(topic).where(topic.c.newsletter_id == newsletter_id).order_by(topic.c.position))
    return tuple(topic_of(r) for r in rows)


def _sources(connection: Connection, newsletter_id: int) -> tuple[Source, ...]:
    rows = connection.execute(
        select(source, newsletter_source.c.topics)
        .join(newsletter_source, newsletter_source.c.source_id == source.c.id)
        .where(newsletter_source.c.newsletter_id == newsletter_id)
        .order_by(source.c.id)
    )
    return tuple(source_rows.value_of(r, r.topics) for r in rows)
