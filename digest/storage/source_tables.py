"""Tables of sources, topics and items; they join the one MetaData that `subscribers` owns."""

from sqlalchemy import (
    BigInteger,
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
)
from sqlalchemy.types import JSON

from subscribers.tables import Id, Instant, metadata, primary_key, reference

source = Table(
    "source",
    metadata,
    primary_key(),
    Column("slug", String(80), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("location", Text, nullable=False, server_default=""),
    Column("link_label", String(80), nullable=False, server_default=""),
    Column("selectors", JSON),
    # How its readings went.
    Column("read_at", Instant),
    Column("succeeded_at", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=False, server_default=""),
    # It is not read before then; null is at once. One that has ended is read only when it is named.
    Column("next_at", Instant),
    Column("ended_at", Instant),
    # Where its server says it has moved for good.
    Column("moved_to", Text, nullable=False, server_default=""),
    # What the last answer said of itself, so that the next asks only for what is new (RFC 9110).
    Column("etag", Text, nullable=False, server_default=""),
    Column("modified", String(80), nullable=False, server_default=""),
    Column("checksum", String(64), nullable=False, server_default=""),
)

newsletter_source = Table(
    "newsletter_source",
    metadata,
    Column("newsletter_id", Id, ForeignKey("newsletter.id"), primary_key=True),
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True, index=True),
    # Slugs of this newsletter's topics that everything from the source is filed under.
    Column("topics", JSON, nullable=False, server_default="[]"),
)

topic = Table(
    "topic",
    metadata,
    primary_key(),
    reference("newsletter_id", "newsletter.id"),
    Column("slug", String(80), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("phrases", JSON, nullable=False),
    Column("categories", JSON, nullable=False, server_default="[]"),
    Column("position", Integer, nullable=False),
    UniqueConstraint("newsletter_id", "slug"),
)

item = Table(
    "item",
    metadata,
    primary_key(),
    reference("source_id", "source.id"),
    Column("identity", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("guid", Text),
    Column("link", Text),
    # A bare day keeps its zone-less day; an instant keeps its instant. At most one of the two is there.
    Column("published_on", String(10)),
    Column("published_at", Instant),
    Column("first_seen_at", Instant, nullable=False, index=True),
    # Where it stands among others: its instant, or the beginning of its day, or when it was first seen.
    Column("stands_at", Instant, index=True),
    Column("changed_at", Instant, nullable=False),
    Column("people", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("word_count", Integer),
    Column("excerpt", Boolean, nullable=False),
    Column("language", String(35)),
    Column("lead", Text, nullable=False, server_default=""),
    Column("images", JSON, nullable=False, server_default="[]"),
    UniqueConstraint("source_id", "identity"),
    Index("ix_item_source_stands_at", "source_id", "stands_at"),
)

#: What an item shares with others that may be the same piece: hashes of its link, its title, of words in its text.
item_mark = Table(
    "item_mark",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True, index=True),
)

#: An item that another source has brought before.
twin = Table(
    "twin",
    metadata,
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True),
    Column("first_id", Id, ForeignKey("item.id"), nullable=False, index=True),
)

#: What a source changed in an item after an issue with it had been frozen; the item stays as that issue has it.
item_change = Table(
    "item_change",
    metadata,
    primary_key(),
    reference("item_id", "item.id"),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("parts", JSON, nullable=False),
    # What the source says now.
    Column("content", JSON, nullable=False),
    UniqueConstraint("item_id", "fingerprint"),
)

#: An item under a topic. An editor's word (origin "editor") stands for ever, also when it says no; what is only
#: proposed (origin "learned", by what editors decided elsewhere) does not stand.
filing = Table(
    "filing",
    metadata,
    Column("item_id", Id, ForeignKey("item.id"), primary_key=True),
    Column("topic_id", Id, ForeignKey("topic.id"), primary_key=True, index=True),
    Column("origin", String(10), nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("reasons", JSON, nullable=False),
    # How sure the one who proposes is, from 0 to 1; null where nobody guesses.
    Column("confidence", Float),
    Column("at", Instant, nullable=False),
)
