"""Tables of what readers ask for on pages, and of the single letters that answer them."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, text
from sqlalchemy.types import JSON

from subscribers.tables import Instant, metadata, primary_key, reference

#: What somebody asked for on a page, kept before anybody has looked who it was; gone once it is answered.
request = Table(
    "request",
    metadata,
    primary_key(),
    Column("kind", String(12), nullable=False),
    reference("newsletter_id", "newsletter.id"),
    Column("email", String(254), nullable=False),
    # What was wished for: topics, cadence, name, language.
    Column("wish", JSON, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False, index=True),
)

_OPEN = text("settled_at IS NULL")

#: A single letter to one person: please confirm, welcome, your link. Its states are those of a delivery.
notice = Table(
    "notice",
    metadata,
    primary_key(),
    Column("kind", String(12), nullable=False),
    reference("newsletter_id", "newsletter.id"),
    reference("subscriber_id", "subscriber.id", index=True),
    # Whose beginning it is about; null for what is about the person.
    reference("subscription_id", "subscription.id", nullable=True),
    Column("recipient", String(254), nullable=False),
    Column("address_hash", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("lease_token", String(32)),
    Column("tries", Integer, nullable=False, server_default="0"),
    # How often it ended in doubt; once is sent once more.
    Column("doubts", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    # The Date of the message, the same in every attempt.
    Column("dated_at", Instant),
    Column("settled_at", Instant),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_notice_open", "not_before", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    # Numbers stand in links and in addresses for bounces, and letters of erased people go: none is given twice.
    sqlite_autoincrement=True,
)

#: That something was asked for, by whom (a keyed hash), and when; what limits are reckoned by. Forgotten after a week.
tally = Table(
    "tally",
    metadata,
    primary_key(),
    Column("kind", String(12), nullable=False),
    Column("key", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("ix_tally_kind_key_at", "kind", "key", "at"),
)
