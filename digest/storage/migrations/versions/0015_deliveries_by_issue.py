"""Deliveries are found by their issue: two indexes go that publishing had to fill, and that cost more each year."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_delivery_subscriber_id", table_name="delivery")
    op.drop_index("ix_delivery_variant", table_name="delivery")


def downgrade() -> None:
    op.create_index("ix_delivery_variant", "delivery", ["variant_id"])
    op.create_index("ix_delivery_subscriber_id", "delivery", ["subscriber_id"])
