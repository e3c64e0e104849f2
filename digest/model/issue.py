"""Issues: one number of a newsletter, its states, and what it holds once it is frozen."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from digest.errors import WrongState
from digest.model.cadence import Period
from digest.model.item import Image, ItemId
from digest.model.newsletter import Brand

IssueId = NewType("IssueId", int)


class IssueState(StrEnum):
    """How far an issue has come."""

    DRAFT = "draft"  #: editors may still pin, order, leave out and introduce
    APPROVED = "approved"  #: an editor has let it go
    PUBLISHED = "published"  #: frozen; the outbox holds its deliveries, the archive shows it
    EMPTY = "empty"  #: frozen; nobody had anything new, nothing was sent
    CANCELLED = "cancelled"  #: stopped; what had not gone out stays here


#: An approved issue goes back to draft when an editor changes it; nothing leaves a frozen one but cancelling.
MOVES: dict[IssueState, frozenset[IssueState]] = {
    IssueState.DRAFT: frozenset({IssueState.APPROVED, IssueState.CANCELLED}),
    IssueState.APPROVED: frozenset({IssueState.DRAFT, IssueState.PUBLISHED, IssueState.EMPTY, IssueState.CANCELLED}),
    IssueState.PUBLISHED: frozenset({IssueState.CANCELLED}),
    IssueState.EMPTY: frozenset(),
    IssueState.CANCELLED: frozenset(),
}

FROZEN = frozenset({IssueState.PUBLISHED, IssueState.EMPTY, IssueState.CANCELLED})
#: What the archive shows: a cancelled issue may have reached some, so it stays readable.
OUT = (IssueState.PUBLISHED, IssueState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One number of a newsletter for one cadence and period; unique by the three."""

    id: IssueId
    newsletter: str
    period: Period
    state: IssueState
    #: Counts up within the newsletter and cadence, from 1, in the order of coming out; 0 until then.
    number: int
    title: str
    subject: str
    #: The editor's introduction, Markdown.
    intro: str
    composed_at: datetime
    approved_at: datetime | None
    approved_by: str
    frozen_at: datetime | None
    #: How many deliveries it made; None until it is frozen.
    expected: int | None
    #: Whether the newsletter ends with it.
    last: bool = False
    #: Since when somebody keeps it from going on; None when nobody does.
    held_at: datetime | None = None

    @property
    def name(self) -> str:
        """What people call it: `social-care/2014-11`."""
        return f"{self.newsletter}/{self.period.key}"

    def must_allow(self, state: IssueState) -> None:
        """Raises WrongState unless the issue may move there from where it is."""
        if state not in MOVES[self.state]:
            stands = "still a draft" if self.state is IssueState.DRAFT else self.state
            raise WrongState(f"{self.name} is {stands} and cannot become {state}.", remedy=self._remedy())

    def _remedy(self) -> str:
        return _REMEDIES[self.state].replace("ISSUE", self.name)


_REMEDIES = {
    IssueState.DRAFT: "Approve it first: digest approve ISSUE.",
    IssueState.APPROVED: "Publish it: digest publish ISSUE.",
    IssueState.PUBLISHED: "What is published stays as it is.",
    IssueState.EMPTY: "Nobody had anything new; what comes later is in the next issue.",
    IssueState.CANCELLED: "What is cancelled stays so; its items are in the next issue.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A topic as an issue names it."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where else a piece can be read."""

    #: The source as readers see it.
    name: str
    #: None where that source lost it.
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One item as an issue shows it; frozen with the issue, whatever becomes of the item."""

    id: ItemId
    #: Its name in addresses, unique within the issue: `first-nights-home`.
    slug: str
    title: str
    #: The source as readers see it: "Research news".
    source: str
    published_on: date | None
    people: tuple[str, ...]
    word_count: int | None
    reading_minutes: int | None
    #: The first paragraphs, for the letter.
    summary_html: str
    summary_text: str
    #: All that was gathered, for the archive.
    body_html: str
    #: Where the whole is read: the canonical link, or the archive's page when the source lost its link.
    link: str
    #: What the link says: "Read the findings".
    link_label: str
    #: Its page in the archive, absolute.
    archive_url: str
    #: Topic slugs, in the newsletter's order.
    topics: tuple[str, ...]
    pinned: bool = False
    #: The same piece from other sources.
    also_at: tuple[Place, ...] = ()
    #: BCP 47 tag of the language it is written in; empty when nobody noted it.
    language: str = ""
    #: Its first picture.
    image: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueContent:
    """All that an issue says, before it is cut to one reader's choice."""

    newsletter: str
    #: The newsletter's name over the letter.
    name: str
    title: str
    number: int
    #: The period in words: "November 2026".
    period_label: str
    published_on: date
    language: str
    brand: Brand
    intro_html: str
    intro_text: str
    #: The newsletter's topics in its order, also those without an article.
    topics: tuple[Heading, ...]
    #: In the order in which they come under each topic.
    articles: tuple[Article, ...]
    #: The issue's page in the archive, absolute.
    archive_url: str
    #: All past issues, absolute.
    archive_home_url: str
    #: BCP 47 tag of the language of the newsletter's own words, whatever the letter speaks; empty for the same.
    written_in: str = ""
    #: The day on which the next is due; None when nobody knows.
    next_on: date | None = None
    #: Whether the newsletter ends with it.
    last: bool = False
    #: Whether the archive is for readers alone, so that links to it bear the reader's own key.
    private: bool = False
