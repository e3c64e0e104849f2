"""Since when somebody has been away, until an issue was made for them after it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AWAY = sa.text("away_since <> ''")
#: Who is paused already: since the day that the record of consent has.
_PAUSED = """
UPDATE subscription SET away_since = coalesce((
    SELECT {day} FROM consent
    WHERE consent.subscriber_id = subscription.subscriber_id
      AND consent.newsletter_id = subscription.newsletter_id AND consent.kind = 'paused'
), '') WHERE state = 'paused'
"""


def upgrade() -> None:
    day = sa.Column("away_since", sa.String(length=10), nullable=False, server_default="")
    op.add_column("subscription", day)
    op.create_index("ix_subscription_away", "subscription", ["away_since"], sqlite_where=_AWAY, postgresql_where=_AWAY)
    op.add_column("cohort", sa.Column("away", sa.String(length=10), nullable=False, server_default=""))
    sqlite = op.get_bind().dialect.name == "sqlite"
    found = "substr(max(at), 1, 10)" if sqlite else "to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    op.execute(_PAUSED.format(day=found))


def downgrade() -> None:
    op.drop_column("cohort", "away")
    op.drop_index("ix_subscription_away", "subscription")
    op.drop_column("subscription", "away_since")
