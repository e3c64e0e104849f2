"""Topics that everything from a source is filed under, for each newsletter that reads it."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id as ID

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SOURCE = sa.table("source", sa.column("id", ID), sa.column("topics", sa.JSON))
READ = sa.table(
    "newsletter_source", sa.column("newsletter_id", ID), sa.column("source_id", ID), sa.column("topics", sa.JSON)
)
TOPIC = sa.table("topic", sa.column("newsletter_id", ID), sa.column("slug", sa.String))


def upgrade() -> None:
    op.add_column("newsletter_source", _topics())
    _hand_down()
    op.drop_column("source", "topics")


def downgrade() -> None:
    op.add_column("source", _topics())
    _gather_up()
    op.drop_column("newsletter_source", "topics")


def _topics() -> sa.Column[Any]:
    return sa.Column("topics", sa.JSON(), server_default="[]", nullable=False)


def _hand_down() -> None:
    """Give each newsletter what its sources bring, as far as it has these topics."""
    known = {(row.newsletter_id, row.slug) for row in op.get_bind().execute(sa.select(TOPIC))}
    both = sa.select(READ.c.newsletter_id, READ.c.source_id, SOURCE.c.topics)
    for row in op.get_bind().execute(both.join_from(READ, SOURCE, SOURCE.c.id == READ.c.source_id)).all():
        these = (READ.c.newsletter_id == row.newsletter_id) & (READ.c.source_id == row.source_id)
        _write(READ, these, [slug for slug in row.topics if (row.newsletter_id, slug) in known])


def _gather_up() -> None:
    """Let each source bring what it brought to any newsletter; one that lacks a topic passes it over."""
    for source_id, topics in _by_source(op.get_bind().execute(sa.select(READ).order_by(READ.c.newsletter_id))).items():
        _write(SOURCE, SOURCE.c.id == source_id, topics)


def _by_source(rows: Iterable[sa.Row[Any]]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in rows:
        found[row.source_id] = list(dict.fromkeys((*found.get(row.source_id, ()), *row.topics)))
    return found


def _write(table: sa.TableClause, where: sa.ColumnElement[bool], topics: list[str]) -> None:
    if topics:
        op.get_bind().execute(sa.update(table).where(where).values(topics=topics))
