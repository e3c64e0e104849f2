"""The number of a letter that is gone is never given to another, as it stands in links and in addresses for bounces."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    _make_anew(sqlite_autoincrement=True)


def downgrade() -> None:
    _make_anew(sqlite_autoincrement=False)


def _make_anew(**options: bool) -> None:
    """SQLite says so of a table only when it is made; PostgreSQL's numbers are like that anyway."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_notice_open", table_name="notice")
        with op.batch_alter_table("notice", recreate="always", table_kwargs=options):
            pass
        op.create_index("ix_notice_open", "notice", ["not_before", "id"], sqlite_where=_OPEN)
