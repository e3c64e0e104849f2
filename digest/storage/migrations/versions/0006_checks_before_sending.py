"""Errors that somebody let go in an issue, and what came of asking for links."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id, Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "overruled",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("check_name", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_overruled_issue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_overruled"),
    )
    op.create_index("ix_overruled_issue_id", "overruled", ["issue_id"])
    op.create_table(
        "link_check",
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("url_hash", name="pk_link_check"),
    )
    op.create_index("ix_link_check_checked_at", "link_check", ["checked_at"])


def downgrade() -> None:
    op.drop_table("link_check")
    op.drop_table("overruled")
