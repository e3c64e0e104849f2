"""The shelf: a newsletter's past issues in memory, read anew only when something came out or changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy import Connection

from digest.model.issue import Article, Heading
from digest.rendering.fragments import one_line
from digest.storage import archive, newsletters
from digest.storage.archive import PastIssue
from digest.storage.newsletters import Publication

T = TypeVar("T")
#: Seconds for which an archive is taken to be as it was.
_RECENT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What an issue shows under one topic."""

    topic: Heading
    articles: tuple[Article, ...]


@dataclass(frozen=True, kw_only=True)
class Number:
    """One past issue with all it shows."""

    issue: PastIssue
    articles: tuple[Article, ...]

    @cached_property
    def notes(self) -> tuple[Article, ...]:
        """What was pinned for everyone, and what no topic of the time holds: it comes first."""
        known = {topic.slug for topic in self.issue.topics}
        return tuple(a for a in self.articles if a.pinned or not known.intersection(a.topics))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The rest by topic as in the letter, each article once, under its first topic."""
        placed: dict[str, list[Article]] = {topic.slug: [] for topic in self.issue.topics}
        notes = {article.id for article in self.notes}
        for article in self.articles:
            if article.id not in notes:
                placed[next(slug for slug in placed if slug in article.topics)].append(article)
        return tuple(
            Section(topic=topic, articles=tuple(placed[topic.slug]))
            for topic in self.issue.topics
            if placed[topic.slug]
        )

    @cached_property
    def in_order(self) -> tuple[Article, ...]:
        """Everything in the order in which the issue's page shows it."""
        return (*self.notes, *(article for section in self.sections for article in section.articles))


@dataclass(frozen=True, kw_only=True)
class Archive:
    """All a newsletter's archive is made of; nothing in it is of any reader."""

    publication: Publication
    #: Newest first.
    numbers: tuple[Number, ...]
    #: When the newsletter was last edited or an issue came out, whichever was later.
    changed_at: datetime | None = None

    @cached_property
    def topics(self) -> dict[str, str]:
        """Slug to name: the topics of today in order, then those of the past that still hold something."""
        then = {t.slug: t.name for number in self.numbers for section in number.sections for t in [section.topic]}
        today = {topic.slug: topic.name for topic in self.publication.topics}
        return {
            slug: one_line(name) for slug, name in (today | {s: n for s, n in then.items() if s not in today}).items()
        }

    def on_topic(self, slug: str) -> list[tuple[Number, Article]]:
        """Everything past issues showed on a topic, newest issue first."""
        return [(number, a) for number in self.numbers for a in number.in_order if slug in a.topics]


def load(connection: Connection, newsletter_slug: str) -> Archive:
    """The archive of a newsletter as it is now. Raises UnknownName."""
    publication = newsletters.load(connection, newsletter_slug)
    shown: dict[str, list[Article]] = {}
    for key, article in archive.articles(connection, newsletter_slug):
        shown.setdefault(key, []).append(article)
    numbers = [
        Number(issue=issue, articles=tuple(shown.get(issue.key, ())))
        for issue in archive.past_issues(connection, newsletter_slug)
    ]
    # Issues of several cadences share the list; the day they came out is what readers look for.
    ordered = sorted(numbers, key=lambda number: number.issue.published_on, reverse=True)
    return Archive(
        publication=publication, numbers=tuple(ordered), changed_at=archive.changed_at(connection, newsletter_slug)
    )


@dataclass(slots=True)
class Shelf(Generic[T]):
    """Keeps what is made of each newsletter's archive until the archive changes."""

    make: Callable[[Archive], T]
    _kept: dict[str, tuple[str, T]] = field(default_factory=dict)
    #: When each was last found to be what the database has, by a clock that only goes forward.
    _seen: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def recent(self, newsletter_slug: str) -> T | None:
        """What was made, but to one caller a second None, who then asks the database on behalf of the others."""
        now = monotonic()
        if newsletter_slug not in self._seen or now - self._seen[newsletter_slug] >= _RECENT:
            if newsletter_slug in self._seen:
                self._seen[newsletter_slug] = now
            return None
        return self._kept[newsletter_slug][1]

    def get(self, connection: Connection, newsletter_slug: str) -> T:
        """What was made of the archive as it is now. Raises UnknownName."""
        asked_at = monotonic()
        # PostgreSQL cannot even be asked for what has a zero in it; `load` says that there is none.
        stamp = archive.stamp(connection, newsletter_slug) if newsletter_slug.isprintable() else ""
        known, made = self._kept.get(newsletter_slug, ("", None))
        if made is None or known != stamp:
            made = self.make(load(connection, newsletter_slug))
            with self._lock:
                self._kept[newsletter_slug] = (stamp, made)
        self._seen[newsletter_slug] = asked_at
        return made
