"""Newsletters: what one subscribes to, and how its issues are chosen and look."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

from digest.model.cadence import Cadence, Schedule
from digest.model.sending import Sending

NewsletterId = NewType("NewsletterId", int)


class Approval(StrEnum):
    """Who lets an issue go out."""

    EDITOR = "editor"  #: a person approves each issue
    AUTOMATIC = "automatic"  #: a draft approves itself when it is due


class WhenEmpty(StrEnum):
    """What a reader gets for whom nothing is new."""

    SKIP = "skip"  #: no mail; recorded as such
    HEARTBEAT = "heartbeat"  #: a short mail that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionPolicy:
    """How items are chosen for a reader."""

    #: How many periods before its end an issue reaches back for what a reader has not had.
    look_back: int = 2
    #: How many periods back a new reader's first issue reaches.
    first_reach: int = 1
    #: Who comes back from a long pause catches up on so many days at most; with 0 on none.
    catch_up_days: int = 366
    #: At most so many items under one topic.
    per_topic: int = 8
    #: At most so many items in one message.
    per_issue: int = 30
    #: Bytes of the whole message. Gmail clips at 102 kB.
    byte_budget: int = 100_000
    when_empty: WhenEmpty = WhenEmpty.SKIP


class Font(StrEnum):
    """Letters that every mail program has or has a like of; nothing is fetched for them."""

    SERIF = "serif"  #: Georgia
    BOOK = "book"  #: Palatino
    SANS = "sans"  #: Helvetica
    WIDE = "wide"  #: Verdana
    SYSTEM = "system"  #: what the reader's own machine speaks in


class Pictures(StrEnum):
    """Which pictures of the items a letter shows. Each is fetched from its source, which sees by that who reads."""

    NONE = "none"  #: none
    LEAD = "lead"  #: the first of each item


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What a newsletter looks like, beyond the template: colours, letters and logo, light and dark."""

    accent: str = "#0f5c5c"
    accent_dark: str = "#7fd0c6"
    #: Absolute https address of a logo; empty for none.
    logo: str = ""
    #: The same for dark ground; the other on a light plate when empty.
    logo_dark: str = ""
    headline_font: Font = Font.SERIF
    text_font: Font = Font.SANS
    pictures: Pictures = Pictures.NONE
    #: The organisation that publishes.
    publisher: str = ""
    #: Where it can be reached by post; the law of many countries asks for it in every message.
    postal_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a message is from (RFC 5322)."""

    name: str
    address: str
    #: A mailbox that people read; the From address when empty.
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """What one subscribes to."""

    slug: str
    name: str
    #: One sentence for people who think of signing up.
    description: str = ""
    sender: Sender
    #: BCP 47 tag of the language it is written in.
    language: str = "en-GB"
    timezone: str = "Europe/London"
    approval: Approval = Approval.EDITOR
    cadences: dict[Cadence, Schedule] = field(default_factory=lambda: {Cadence.MONTHLY: Schedule()})
    default_cadence: Cadence = Cadence.MONTHLY
    selection: SelectionPolicy = SelectionPolicy()
    #: When its mail leaves; None for the days and hours of the house.
    sending: Sending | None = None
    brand: Brand = Brand()
    #: Whether its past issues are for its readers alone.
    private: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its calendar runs in."""
        return ZoneInfo(self.timezone)

    @property
    def longest_cadence(self) -> Cadence:
        """The rarest of its cadences; the look-back reckons by it, so that a change of frequency leaves no gap."""
        return max(self.cadences, key=list(Cadence).index)
