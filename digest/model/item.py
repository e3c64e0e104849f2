"""Items: what was found in a source, and how one is known again."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import NewType
from zoneinfo import ZoneInfo

from digest.model.addresses import one_spelling

ItemId = NewType("ItemId", int)

#: Words a minute at which reading times are reckoned.
READING_SPEED = 220
#: The first 200 characters of a text tell it from others; they are looked for in its first 800, however it is spaced.
_LEAD, BEGINNING = 200, 800


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of an item; it is kept beside the text, never within it, as to show it tells its owner who reads."""

    #: http or https.
    url: str
    #: What it shows, in words, as the source has it; empty for mere ornament.
    alt: str = ""
    #: In pixels, by the source's word; None when it says nothing. Another size does not make it another picture.
    width: int | None = field(default=None, compare=False, repr=False)
    height: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    """One thing found in a source, cleaned but not yet kept."""

    #: One line of plain text.
    title: str
    #: The source's own identifier (RSS guid, Atom id); None when it has none.
    guid: str | None = None
    #: Where the whole of it can be read, http or https, without tracking parameters; None when the source lost it.
    link: str | None = None
    #: A `date` where the source names only a day, an aware `datetime` where it names an instant; None when unknown.
    published: date | datetime | None = None
    #: Who wrote it, as the source names them.
    people: tuple[str, ...] = ()
    #: The sanitized text as HTML: paragraphs, lists, links, emphasis; no headings above h3, no scripts, no styles.
    body_html: str
    #: The same as plain text, paragraphs parted by a blank line, bullets as "• …".
    body_text: str
    #: Length of the whole, by the source's word or by count; None when only an excerpt of unknown length is at hand.
    word_count: int | None = None
    #: True when `body_html` is only the beginning of the piece.
    excerpt: bool = False
    #: The source's own summary in plain text; empty when it has none.
    lead: str = ""
    #: Its pictures in their order, the lead image first.
    images: tuple[Image, ...] = ()
    #: What the source itself files it under.
    categories: tuple[str, ...] = ()
    #: Numbers that it shares with other items that may be the same piece; empty when nobody has reckoned them yet.
    marks: frozenset[int] = frozenset()
    #: BCP 47 tag, by the source's word or by the looks of the text; None when neither tells.
    language: str | None = None

    @property
    def identity(self) -> str:
        """What the item is known by within its source: guid, else link, else title and first words.

        It stays the same when a site moves from http to https, and whether or not its links have “www.” or end in “/”.
        """
        known_by = self.guid or self.link
        return _hash(one_spelling(known_by)) if known_by else wording(self.title, self.body_text)

    @property
    def fingerprint(self) -> str:
        """Changes whenever anything a reader would see changes."""
        text = (self.title, self.lead, self.body_html, self.word_count, self.excerpt)
        seen = (*text, self.link, self.published, self.people, self.images)
        return _hash(repr(seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The same piece as another source has it."""

    id: ItemId
    #: The slug of that source.
    source: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A kept item with the topics it is filed under."""

    id: ItemId
    source: str
    title: str
    link: str | None
    published: date | datetime | None
    first_seen_at: datetime
    people: tuple[str, ...]
    body_html: str
    body_text: str
    word_count: int | None
    excerpt: bool
    #: BCP 47 tag; None when nobody knows.
    language: str | None = None
    #: The source's own summary in plain text; empty when it has none.
    lead: str = ""
    images: tuple[Image, ...] = ()
    #: Topic slugs, in the newsletter's order of topics.
    topics: tuple[str, ...]
    #: Where else it is: the same piece from other sources.
    also_at: tuple[Elsewhere, ...] = ()

    def dated_at(self, zone: ZoneInfo) -> datetime:
        """The instant it counts as published: a bare day begins at its local midnight, no date counts as first seen."""
        return instant(self.published, zone) or self.first_seen_at

    @property
    def reading_minutes(self) -> int | None:
        """Whole minutes, at least one; None when the length is unknown."""
        return None if self.word_count is None else max(1, round(self.word_count / READING_SPEED))


def own_guid(guid: str | None, link: str | None) -> str | None:
    """An identifier that says more than the link does, in one spelling; None where there is none."""
    known_by = one_spelling(guid) if guid else None
    return known_by if known_by and not (link and known_by == one_spelling(link)) else None


def wording(title: str, beginning: str) -> str:
    """What an item is known by that has neither guid nor link: its title and first words, however they are spaced."""
    return _hash(f"{_folded(title)}\n{_folded(beginning[:BEGINNING])[:_LEAD]}")


def instant(published: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """An aware instant for a date, an instant or nothing."""
    if published is None or isinstance(published, datetime):
        return published
    return datetime.combine(published, time.min, zone)


def day(published: date | datetime | None, zone: ZoneInfo) -> date | None:
    """The calendar day a reader in `zone` would give it; a bare day stays that day everywhere."""
    return published.astimezone(zone).date() if isinstance(published, datetime) else published


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()
