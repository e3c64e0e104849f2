"""What readers ask for on pages, the single letters that answer them, and the tallies that limits are reckoned by."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id, Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name="fk_request_newsletter_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )
    op.create_index("ix_request_not_before", "request", ["not_before"])
    op.create_table(
        "notice",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("newsletter_id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=True),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("queued_at", Instant(), nullable=False),
        sa.Column("dated_at", Instant(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name="fk_notice_newsletter_id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_notice_subscriber_id"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name="fk_notice_subscription_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_subscriber_id", "notice", ["subscriber_id"])
    op.create_index("ix_notice_open", "notice", ["not_before", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "tally",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tally"),
    )
    op.create_index("ix_tally_at", "tally", ["at"])
    op.create_index("ix_tally_kind_key_at", "tally", ["kind", "key", "at"])


def downgrade() -> None:
    op.drop_table("tally")
    op.drop_table("notice")
    op.drop_table("request")
