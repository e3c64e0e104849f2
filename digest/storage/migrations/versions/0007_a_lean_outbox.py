"""Indexes of the outbox that a delivery leaves when it is over, so that each move costs less."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'queued'")
_HELD = sa.text("lease_token IS NOT NULL")


def upgrade() -> None:
    for name in ("ix_delivery_state", "ix_delivery_queued", "ix_delivery_issue_state", "ix_delivery_lease_token"):
        op.drop_index(name, table_name="delivery")
    op.execute("UPDATE delivery SET lease_token = NULL WHERE state IN ('accepted', 'bounced', 'complained', 'failed')")
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["issue_id", "not_before", "id"],
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    )
    op.create_index("ix_delivery_held", "delivery", ["id"], sqlite_where=_HELD, postgresql_where=_HELD)


def downgrade() -> None:
    op.drop_index("ix_delivery_held", table_name="delivery")
    op.drop_index("ix_delivery_due", table_name="delivery")
    op.create_index("ix_delivery_lease_token", "delivery", ["lease_token"])
    op.create_index("ix_delivery_issue_state", "delivery", ["issue_id", "state"])
    op.create_index("ix_delivery_queued", "delivery", ["state", "queued_at"])
    op.create_index("ix_delivery_state", "delivery", ["state", "id"])
