"""Why a mail server is left in peace, for all workers to see, and which one took a message."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("transport", sa.String(length=40), nullable=False, server_default=""))
    op.create_table(
        "trouble",
        sa.Column("transport", sa.String(length=40), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("transport", name="pk_trouble"),
    )


def downgrade() -> None:
    op.drop_table("trouble")
    op.drop_column("attempt", "transport")
