"""Deliveries: the duty to bring one message to one recipient, and how it ends.

queued ─► leased ─► in_flight ─► accepted ─► bounced | complained
  ▲ ▲        │          ├─ 4yz after the dot ─► queued, later
  │ └────────┘          ├─ 5yz after the dot ─► failed
  │  anything before    └─ silence, crash ────► unknown
  │  the dot                                       │
  └──────────── an operator's word ────────────────┘
and from queued or leased: suppressed, cancelled, expired, failed; unknown where the database was brought back from a
backup
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType

DeliveryId = NewType("DeliveryId", int)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"  #: waits for its time
    LEASED = "leased"  #: a worker has taken it; nothing has been handed over
    IN_FLIGHT = "in_flight"  #: marked durably just before the final dot
    ACCEPTED = "accepted"  #: the next hop took responsibility (250)
    BOUNCED = "bounced"  #: came back after it was accepted (RFC 3464)
    COMPLAINED = "complained"  #: the recipient called it unwanted (RFC 5965)
    FAILED = "failed"  #: refused for good (5yz), or tried as often as the policy allows
    UNKNOWN = "unknown"  #: the dot may have gone out, no reply came; it may or may not have been accepted
    SUPPRESSED = "suppressed"  #: the recipient left or may not be written to
    CANCELLED = "cancelled"  #: the issue was stopped
    EXPIRED = "expired"  #: waited longer than the news is worth


_S = DeliveryState

#: Which moves there are. A report can come days after the 250, before that is written down, or close a doubt.
MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.LEASED, _S.UNKNOWN, _S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED}),
    _S.LEASED: frozenset({_S.QUEUED, _S.UNKNOWN, _S.IN_FLIGHT, _S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED, _S.FAILED}),
    _S.IN_FLIGHT: frozenset({_S.ACCEPTED, _S.BOUNCED, _S.QUEUED, _S.FAILED, _S.UNKNOWN}),
    _S.ACCEPTED: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.FAILED, _S.BOUNCED, _S.COMPLAINED, _S.QUEUED}),
    _S.BOUNCED: frozenset(),
    _S.COMPLAINED: frozenset(),
    _S.FAILED: frozenset({_S.QUEUED}),
    _S.SUPPRESSED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}

#: Deliveries in these states are no receipt: what they carried is offered again.
NO_RECEIPT = frozenset({_S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED, _S.FAILED})


class Phase(StrEnum):
    """The step of an SMTP transaction (RFC 5321) that an attempt reached."""

    CONNECT = "connect"  #: TCP, TLS, greeting, EHLO, AUTH
    MAIL = "mail"  #: MAIL FROM
    RCPT = "rcpt"  #: RCPT TO
    DATA = "data"  #: DATA and the message, up to the final dot
    DOT = "dot"  #: after the final dot


class Outcome(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"  #: 250 after the dot
    DEFERRED = "deferred"  #: 4yz, or the dot was never reached
    FAILED = "failed"  #: 5yz
    UNKNOWN = "unknown"  #: the dot may have gone out and no reply came
    WITHHELD = "withheld"  #: asked once more before the dot, the ledger said no


class About(StrEnum):
    """Whom a refusal is about."""

    READER = "reader"  #: this address
    US = "us"  #: our server, our domain, our rate: says nothing about the reader


class Handover(NamedTuple):
    """What one SMTP transaction came to."""

    outcome: Outcome
    phase: Phase
    #: RFC 5321 reply code; None when no reply came.
    reply_code: int | None = None
    #: RFC 3463 status such as "5.1.1"; empty when the reply has none.
    enhanced_code: str = ""
    #: The server's words, one line, cleaned of controls, at most 500 characters.
    diagnostic: str = ""
    about: About = About.READER
    #: False when the connection can be used for another transaction.
    closed: bool = False


class Attempt(NamedTuple):
    """One SMTP transaction for a delivery."""

    delivery_id: DeliveryId
    started_at: datetime
    ended_at: datetime
    handover: Handover
    #: By which way out it was tried; empty where nobody said.
    transport: str = ""


class WireText(bytes):
    """A message as SMTP takes it, and as signatures read it: CRLF is its only line end, also the last, which is not of
    an empty line; no line begins with a dot; no line of its body has a tab, two spaces in a row, or one at its end; and
    it is ASCII but for the address it is for, where that is not.

    Whoever makes one answers for that, so that nobody has to look through each message again.
    """

    __slots__ = ()


class Envelope(NamedTuple):
    """Who a message is from and for, on the wire (RFC 5321)."""

    #: Where bounces go.
    envelope_sender: str
    recipient: str
    #: RFC 3461 ENVID; echoed in delivery reports.
    envelope_id: str
