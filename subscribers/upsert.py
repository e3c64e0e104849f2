"""INSERT that leaves an existing row as it is, on both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its unique key is taken; whoever inserts it first, wins. Returns whether it was us."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(values).on_conflict_do_nothing()
    # The row comes back where it was made. Not counted: not every driver knows how many rows an INSERT made.
    return connection.execute(statement.returning(*table.primary_key)).first() is not None
