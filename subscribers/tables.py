"""Tables of the people, and the one MetaData that every other table joins."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 64 bits on PostgreSQL; SQLite counts rows only in a column it calls INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite, which has no type for it, keeps it as text without an offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses instants without a zone: they would mean another time on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def primary_key() -> Column[int]:
    """The surrogate key of a table."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def reference(name: str, target: str, **options: Any) -> Column[int]:
    """A column that points at another table's key."""
    return Column(name, Id, ForeignKey(target), nullable=options.pop("nullable", False), **options)


#: What one subscribes to. The rest of what `digest` knows of it is in `settings`.
newsletter = Table(
    "newsletter",
    metadata,
    primary_key(),
    Column("slug", String(80), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

#: A person, as far as we know one. After erasure only the id is left.
subscriber = Table(
    "subscriber",
    metadata,
    primary_key(),
    Column("email", String(254)),
    Column("address_hash", String(64), unique=True),
    Column("name", String(200), nullable=False, server_default=""),
    Column("language", String(35), nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    # Its number stands in links: nobody else is ever given it.
    sqlite_autoincrement=True,
)

#: What people were written to before they asked for another address.
former_address = Table(
    "former_address",
    metadata,
    Column("address_hash", String(64), primary_key=True),
    reference("subscriber_id", "subscriber.id", index=True),
    Column("left_at", Instant, nullable=False),
)

#: A set of topics, shared by all who chose the same.
preference = Table(
    "preference",
    metadata,
    primary_key(),
    Column("key", String(64), nullable=False, unique=True),
    Column("topics", Text, nullable=False),
)

_PENDING, _AWAY = text("state = 'pending'"), text("away_since <> ''")

subscription = Table(
    "subscription",
    metadata,
    primary_key(),
    reference("subscriber_id", "subscriber.id"),
    reference("newsletter_id", "newsletter.id"),
    reference("preference_id", "preference.id"),
    Column("cadence", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("paused_until", Instant),
    Column("ended_at", Instant),
    Column("end_reason", String(20), nullable=False, server_default=""),
    # When an issue was first made for this reader; until then, their next issue is their first.
    Column("considered_at", Instant),
    # The day on which a pause began, such as "2026-05-20", until an issue is made for this reader after it.
    Column("away_since", String(10), nullable=False, server_default=""),
    UniqueConstraint("subscriber_id", "newsletter_id"),
    Index("ix_subscription_audience", "newsletter_id", "cadence", "state"),
    Index("ix_subscription_pending", "created_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_subscription_away", "away_since", sqlite_where=_AWAY, postgresql_where=_AWAY),
    sqlite_autoincrement=True,
)

#: Append-only; the migrations add triggers that refuse UPDATE and DELETE.
consent = Table(
    "consent",
    metadata,
    primary_key(),
    reference("subscriber_id", "subscriber.id", index=True),
    reference("newsletter_id", "newsletter.id", nullable=True),
    Column("kind", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

suppression = Table(
    "suppression",
    metadata,
    primary_key(),
    Column("address_hash", String(64), nullable=False),
    Column("scope", String(80), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_because", Text, nullable=False, server_default=""),
    Index(
        "uq_suppression_in_force",
        "address_hash",
        "scope",
        unique=True,
        sqlite_where=text("lifted_at IS NULL"),
        postgresql_where=text("lifted_at IS NULL"),
    ),
)
