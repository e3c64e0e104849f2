"""Issues with which a newsletter ends."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issue") as batch:
        batch.add_column(sa.Column("last", sa.Boolean(), server_default="0", nullable=False))


def downgrade() -> None:
    """A draft that was to be the last becomes one like the others."""
    with op.batch_alter_table("issue") as batch:
        batch.drop_column("last")
