"""Blocks of an issue in each language that its readers read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BLOCK = sa.table("block", sa.column("language", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("block") as batch:
        batch.add_column(sa.Column("language", sa.String(length=35), server_default="", nullable=False))
        batch.drop_constraint("pk_block", type_="primary")
        batch.create_primary_key("pk_block", ["issue_id", "language", "key"])


def downgrade() -> None:
    """What was said in other languages is lost; those who read it would get the newsletter's own."""
    op.get_bind().execute(sa.delete(BLOCK).where(BLOCK.c.language != ""))
    with op.batch_alter_table("block") as batch:
        batch.drop_constraint("pk_block", type_="primary")
        batch.create_primary_key("pk_block", ["issue_id", "key"])
        batch.drop_column("language")
