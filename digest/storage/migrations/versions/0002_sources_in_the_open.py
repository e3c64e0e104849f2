"""How sources fare, what items have in common, what was changed after it came out."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id as ID
from subscribers.tables import Instant

INSTANT = Instant()

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STANDS_AT = {
    "sqlite": "UPDATE item SET stands_at = coalesce(published_on || ' 00:00:00.000000', published_at, first_seen_at)",
    "postgresql": """UPDATE item SET stands_at =
        coalesce(published_on::date::timestamp AT TIME ZONE 'UTC', published_at, first_seen_at)""",
}


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    op.execute(STANDS_AT[op.get_bind().dialect.name])
    op.create_index(op.f("ix_item_stands_at"), "item", ["stands_at"])
    op.create_index("ix_item_source_stands_at", "item", ["source_id", "stands_at"])
    _create_tables()


def _columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    """What is new in tables that were there, made anew each time: a column belongs to one table only."""
    return {
        "source": (
            sa.Column("topics", sa.JSON(), server_default="[]", nullable=False),
            sa.Column("selectors", sa.JSON()),
            sa.Column("succeeded_at", INSTANT),
            sa.Column("next_at", INSTANT),
            sa.Column("ended_at", INSTANT),
            sa.Column("moved_to", sa.Text(), server_default="", nullable=False),
            sa.Column("etag", sa.Text(), server_default="", nullable=False),
            sa.Column("modified", sa.String(length=80), server_default="", nullable=False),
            sa.Column("checksum", sa.String(length=64), server_default="", nullable=False),
        ),
        "item": (
            sa.Column("stands_at", INSTANT),
            sa.Column("lead", sa.Text(), server_default="", nullable=False),
            sa.Column("images", sa.JSON(), server_default="[]", nullable=False),
        ),
        "topic": (sa.Column("categories", sa.JSON(), server_default="[]", nullable=False),),
        "filing": (sa.Column("confidence", sa.Float()),),
    }


def _create_tables() -> None:
    op.create_table(
        "item_mark",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_mark_item_id")),
        sa.PrimaryKeyConstraint("mark", "item_id", name=op.f("pk_item_mark")),
    )
    op.create_index(op.f("ix_item_mark_item_id"), "item_mark", ["item_id"])
    op.create_table(
        "twin",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("first_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_twin_item_id")),
        sa.ForeignKeyConstraint(["first_id"], ["item.id"], name=op.f("fk_twin_first_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_twin")),
    )
    op.create_index(op.f("ix_twin_first_id"), "twin", ["first_id"])
    op.create_table(
        "item_change",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_change_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_change")),
        sa.UniqueConstraint("item_id", "fingerprint", name=op.f("uq_item_change_item_id_fingerprint")),
    )


def downgrade() -> None:
    for table in ("item_change", "twin", "item_mark"):
        op.drop_table(table)
    op.drop_index("ix_item_source_stands_at", "item")
    op.drop_index(op.f("ix_item_stands_at"), "item")
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
