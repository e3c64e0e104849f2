"""Issues that are held while they go out, and the pace that all workers keep together."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issue", sa.Column("held_at", Instant(), nullable=True))
    op.create_table(
        "pace",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("filled_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pace"),
    )


def downgrade() -> None:
    op.drop_table("pace")
    op.drop_column("issue", "held_at")
