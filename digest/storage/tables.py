"""Tables of issues and deliveries; they join the one MetaData that `subscribers` owns, as those of sources do."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON

from digest.storage import notice_tables, source_tables
from subscribers.tables import Id, Instant, metadata, primary_key, reference

__all__ = ["metadata", "notice_tables", "source_tables"]

#: What must be the same every time a database is opened, such as the fingerprint of its secret.
fact = Table(
    "fact",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

issue = Table(
    "issue",
    metadata,
    primary_key(),
    reference("newsletter_id", "newsletter.id"),
    Column("cadence", String(20), nullable=False),
    Column("period_key", String(12), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("title", String(200), nullable=False, server_default=""),
    Column("subject", String(200), nullable=False, server_default=""),
    Column("intro", Text, nullable=False, server_default=""),
    Column("composed_at", Instant, nullable=False),
    Column("approved_at", Instant),
    Column("approved_by", String(200), nullable=False, server_default=""),
    Column("frozen_at", Instant),
    # Since when somebody keeps it from going out, or from going on; null when nobody does.
    Column("held_at", Instant),
    Column("period_ends_at", Instant, nullable=False, index=True),
    Column("expected", Integer),
    Column("last", Boolean, nullable=False, server_default="0"),
    # What the issue says, and the headers its messages bear, as they were when it was frozen.
    Column("content", JSON),
    Column("headers", JSON),
    UniqueConstraint("newsletter_id", "cadence", "period_key"),
)

#: What the editor decided about an item in an issue.
curation = Table(
    "curation",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True),
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    Column("left_out", Boolean, nullable=False, server_default="0"),
    Column("position", Integer),
)

#: An item as a frozen issue shows it, for the archive.
article = Table(
    "article",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True),
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True, index=True),
    Column("slug", String(120), nullable=False),
    Column("position", Integer, nullable=False),
    # Whether this issue's page shows it; what an earlier page has shown stays there.
    Column("shown", Boolean, nullable=False),
    Column("content", JSON, nullable=False),
    UniqueConstraint("issue_id", "slug"),
)

#: What the archive's page of an issue says in plain words; `article_search`, of each database's own kind, finds it.
article_text = Table(
    "article_text",
    metadata,
    primary_key(),
    reference("issue_id", "issue.id"),
    reference("item_id", "item.id"),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("issue_id", "item_id"),
)

block = Table(
    "block",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True),
    # BCP 47 tag of the language it speaks; empty for the newsletter's own.
    Column("language", String(35), primary_key=True, server_default=""),
    Column("key", String(160), primary_key=True),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
)

variant = Table(
    "variant",
    metadata,
    primary_key(),
    reference("issue_id", "issue.id"),
    Column("key", String(64), nullable=False),
    Column("layout", JSON, nullable=False),
    UniqueConstraint("issue_id", "key"),
)

variant_item = Table(
    "variant_item",
    metadata,
    Column("variant_id", Id, ForeignKey("variant.id"), primary_key=True),
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True, index=True),
)

#: Readers who are alike as far as choosing goes; variant_id is null where nothing was new to them.
cohort = Table(
    "cohort",
    metadata,
    primary_key(),
    reference("issue_id", "issue.id"),
    reference("preference_id", "preference.id"),
    Column("language", String(35), nullable=False),
    Column("first", Boolean, nullable=False),
    # The variants they have had within the look-back, by id in order: "3,17".
    Column("received", Text, nullable=False),
    # The day from which they catch up after a long pause; empty for everybody else.
    Column("away", String(10), nullable=False, server_default=""),
    reference("variant_id", "variant.id", nullable=True),
    Column("readers", Integer, nullable=False),
    Index("ix_cohort_issue_preference", "issue_id", "preference_id"),
)

#: Readers for whom an issue had nothing new; they got no mail, and this says so.
nothing_new = Table(
    "nothing_new",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True),
    Column("subscriber_id", Id, ForeignKey("subscriber.id"), primary_key=True, index=True),
)

#: A check whose errors somebody let go in an issue, and what it had found then. Only ever grows.
overruled = Table(
    "overruled",
    metadata,
    primary_key(),
    reference("issue_id", "issue.id", index=True),
    Column("check_name", String(40), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", Text, nullable=False),
)

#: What came of asking for an address that a letter links to; believed for a while.
link_check = Table(
    "link_check",
    metadata,
    # SHA-256 of the address, in hex: an address may be longer than an index takes.
    Column("url_hash", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("outcome", String(12), nullable=False),
    # HTTP's, of the last answer; null where none came.
    Column("status", Integer),
    Column("why", Text, nullable=False, server_default=""),
    Column("checked_at", Instant, nullable=False, index=True),
)

#: What an issue was last found to be, with stamps of what that was reckoned from.
verdict = Table(
    "verdict",
    metadata,
    Column("issue_id", Id, ForeignKey("issue.id"), primary_key=True, autoincrement=False),
    Column("stamp", String(64), nullable=False),
    Column("audience", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("content", JSON, nullable=False),
)

#: A process that delivers. It beats by the database's clock; one that has fallen silent is dead.
worker = Table(
    "worker",
    metadata,
    primary_key(),
    Column("token", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

#: How many messages may leave just now; one row, shared by all workers.
pace = Table(
    "pace",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("level", Float, nullable=False),
    Column("filled_at", Instant, nullable=False),
)

#: Why a mail server is left in peace for now; gone when it accepts mail again.
trouble = Table(
    "trouble",
    metadata,
    Column("transport", String(40), primary_key=True),
    Column("what", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", Instant, nullable=False),
)

_QUEUED = text("state = 'queued'")
_HELD = text("lease_token IS NOT NULL")

delivery = Table(
    "delivery",
    metadata,
    primary_key(),
    reference("issue_id", "issue.id"),
    reference("subscriber_id", "subscriber.id"),
    reference("subscription_id", "subscription.id"),
    reference("variant_id", "variant.id"),
    Column("state", String(12), nullable=False),
    # Whose it is; null when nobody works on it any more.
    Column("lease_token", String(32)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    # The Date of the message, the same in every attempt.
    Column("dated_at", Instant),
    Column("settled_at", Instant),
    Column("reason", Text, nullable=False, server_default=""),
    # Who asks for a reader's deliveries goes through the issues: an index of readers over all years would be met at
    # random places by each of a million rows that an issue brings.
    UniqueConstraint("issue_id", "subscriber_id"),
    # Leases are taken in this order, so that a worker meets one variant after the other. What is over is in neither of
    # these two, so that a move costs little and they stay small.
    Index("ix_delivery_due", "issue_id", "not_before", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    Index("ix_delivery_held", "id", sqlite_where=_HELD, postgresql_where=_HELD),
    sqlite_autoincrement=True,
)

#: One SMTP transaction for a delivery.
attempt = Table(
    "attempt",
    metadata,
    primary_key(),
    reference("delivery_id", "delivery.id", index=True),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("phase", String(12), nullable=False),
    Column("reply_code", Integer),
    Column("enhanced_code", String(12), nullable=False, server_default=""),
    Column("diagnostic", Text, nullable=False, server_default=""),
    # By which way out: "smtp", "folder", or the name of a fallback.
    Column("transport", String(40), nullable=False, server_default=""),
)
