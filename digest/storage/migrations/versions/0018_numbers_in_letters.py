"""Numbers of people, subscriptions and deliveries stand in links and bounce addresses: none is ever given twice."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TABLES = ("subscriber", "subscription", "delivery")
_ONCE, _ANY = "PRIMARY KEY (id AUTOINCREMENT)", "PRIMARY KEY (id)"


def upgrade() -> None:
    if _say_of_each(_ANY, _ONCE):
        for name in _TABLES:
            last = f"SELECT '{name}', coalesce(max(id), 0) FROM {name}"  # noqa: S608  names of our own
            op.execute(f"INSERT INTO sqlite_sequence (name, seq) {last}")


def downgrade() -> None:
    if _say_of_each(_ONCE, _ANY):
        for name in _TABLES:
            op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{name}'")  # noqa: S608  names of our own


def _say_of_each(before: str, after: str) -> bool:
    """Whether it is SQLite, which says so where a table is described. The rows are the same, so that they are left as
    they are: there may be many millions. PostgreSQL's numbers are like that anyway."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return False
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    described = sa.text(
        "UPDATE sqlite_master SET sql = replace(sql, :before, :after) WHERE type = 'table' AND name = :name"
    )
    for name in _TABLES:
        connection.execute(described, {"before": before, "after": after, "name": name})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    return True
