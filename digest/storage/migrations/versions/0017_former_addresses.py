"""The addresses that people moved away from are known, as hashes, so that no old list brings them back."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id, Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_address",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("left_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_former_address_subscriber_id"),
        sa.PrimaryKeyConstraint("address_hash", name="pk_former_address"),
    )
    op.create_index("ix_former_address_subscriber_id", "former_address", ["subscriber_id"])


def downgrade() -> None:
    op.drop_table("former_address")
