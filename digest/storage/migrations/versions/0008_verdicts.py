"""What issues were last found to be, so that nobody reckons it twice."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verdict",
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_verdict_issue_id"),
        sa.PrimaryKeyConstraint("issue_id", name="pk_verdict"),
    )


def downgrade() -> None:
    op.drop_table("verdict")
