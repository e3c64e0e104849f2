"""Consent: the states of a subscription, and the record of how it came and went, which only ever grows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubscriptionState(StrEnum):
    """Whether a subscription gets issues."""

    PENDING = "pending"  #: asked for, not yet confirmed by the holder of the address
    ACTIVE = "active"  #: gets issues
    PAUSED = "paused"  #: gets none until a day the reader chose
    ENDED = "ended"  #: left, complained, erased, or never confirmed


_S = SubscriptionState

#: Which moves there are. What has ended begins again only with a fresh yes, or when its holder takes it back at once.
MOVES: dict[SubscriptionState, frozenset[SubscriptionState]] = {
    _S.PENDING: frozenset({_S.ACTIVE, _S.ENDED}),
    _S.ACTIVE: frozenset({_S.PAUSED, _S.ENDED}),
    _S.PAUSED: frozenset({_S.ACTIVE, _S.ENDED}),
    _S.ENDED: frozenset({_S.PENDING}),
}


class EndReason(StrEnum):
    """Why a subscription ended."""

    UNSUBSCRIBED = "unsubscribed"  #: the reader left
    COMPLAINED = "complained"  #: the reader called it unwanted
    ERASED = "erased"  #: the reader asked to be forgotten
    LAPSED = "lapsed"  #: nobody ever confirmed it


class ConsentKind(StrEnum):
    """One event in the history of a consent."""

    REQUESTED = "requested"
    IMPORTED = "imported"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    UNSUBSCRIBED = "unsubscribed"
    RETURNED = "returned"
    ERASED = "erased"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """What happened to a consent, when, and how we know. Never changed, never removed."""

    kind: ConsentKind
    at: datetime
    #: The newsletter's slug; empty for all of them.
    newsletter: str
    #: The way it came: "command", "import", "page", "one-click".
    channel: str
    #: What is needed to prove it, with no more of the person than that: a file and line, the topics chosen.
    detail: str
