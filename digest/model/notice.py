"""Notices and requests: single letters to one person, and what people ask for on pages.

request ─► answered: nothing, or a notice ─► queued ─► leased ─► in_flight ─► accepted   (as a delivery, see there)
                                                ▲                    └─ in doubt, the first time ─► queued
                                                └────────────────────────┘
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from digest.model.delivery import DeliveryId

RequestId = NewType("RequestId", int)


class NoticeKind(StrEnum):
    """What a notice is for."""

    CONFIRM = "confirm"  #: asks the holder of an address whether it was they who signed up
    WELCOME = "welcome"  #: what comes now, and the latest issue
    PRESENT = "present"  #: somebody signed up an address that is subscribed already
    LINK = "link"  #: the way to all that we keep about a person, sent on request
    MOVING = "moving"  #: asks the holder of a new address to confirm it
    MOVED = "moved"  #: tells the old address that there is a new one


class RequestKind(StrEnum):
    """What can be asked for by address alone."""

    SIGN_UP = "sign-up"  #: to subscribe
    LINK = "link"  #: a link to one's own page


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody who signs up wants; it counts once they have confirmed."""

    #: None for everything.
    topics: tuple[str, ...] | None = None
    #: Empty for the newsletter's usual one.
    cadence: str = ""
    name: str = ""
    #: BCP 47 tag; empty for the newsletter's own.
    language: str = ""

    def as_json(self) -> dict[str, object]:
        """How it is kept."""
        topics = None if self.topics is None else list(self.topics)
        return {"topics": topics, "cadence": self.cadence, "name": self.name, "language": self.language}

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> "Wish":
        """What `as_json` made."""
        topics = kept.get("topics")
        texts = {name: str(kept.get(name, "")) for name in ("cadence", "name", "language")}
        return cls(topics=tuple(map(str, topics)) if isinstance(topics, list) else None, **texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that was asked for and waits for its answer."""

    id: RequestId
    kind: RequestKind
    newsletter: str
    email: str
    wish: Wish
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A leased notice, with what its message needs. It has a number as deliveries do, from a list of its own."""

    id: DeliveryId
    kind: NoticeKind
    newsletter: str
    subscriber_id: int
    subscription_id: int | None
    recipient: str
    #: The Date of the message, the same in every attempt.
    dated_at: datetime
