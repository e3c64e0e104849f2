"""Copying: everything that one database holds into another that is empty, of whichever kind each is."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import JSON, Column, Connection, MetaData, Table, func, insert, select
from sqlalchemy.types import TypeEngine

from digest.errors import SettingsRefused
from digest.storage import schema, search
from digest.storage.chunks import chunks
from digest.storage.engine import Store
from digest.storage.tables import metadata


def rows_of(connection: Connection) -> dict[str, int]:
    """How many rows each table has, in an order in which each stands after those that it points at."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def must_be_ready(store: Store) -> None:
    """Raises SettingsRefused for a database that this program does not know as it is."""
    with store.read() as connection:
        if (at := schema.version(connection)) != schema.HEAD:
            raise SettingsRefused(
                f"The database is at version {at}, this program wants {schema.HEAD}.", remedy="Run: digest migrate."
            )


def must_be_empty(store: Store) -> None:
    """Raises SettingsRefused for a database that holds anything of ours: a copy would mix two publishers."""
    with store.read() as connection:
        if schema.version(connection) is None:
            return
    must_be_ready(store)
    with store.read() as connection:
        if found := [name for name, rows in rows_of(connection).items() if rows]:
            raise SettingsRefused(
                f"The other database is not empty: it has rows in {', '.join(found[:3])}.",
                remedy="Make a new one, and copy into that.",
            )


def copy(source: Store, target: Store, step: Callable[[int], None]) -> dict[str, int]:
    """Copy all tables, in one transaction on either side; `step` is told of so many rows. Returns the rows by table."""
    schema.upgrade(target)
    # Nobody writes into SQLite meanwhile, and PostgreSQL shows all of it as it was at one moment.
    with source.write(steady=True) as there, target.write() as here:
        rows = {table.name: _copy_table(table, there, here, step) for table in metadata.sorted_tables}
        search.index_all(here)
        return rows


def _copy_table(table: Table, there: Connection, here: Connection, step: Callable[[int], None]) -> int:
    copied = 0
    plain = _plain(table)
    rows = there.execution_options(yield_per=1000).execute(select(plain)).mappings()
    for some in chunks(rows):
        here.execute(insert(plain), [dict(row) for row in some])
        copied += len(some)
        step(len(some))
    if here.dialect.name == "postgresql" and copied and "id" in table.c:
        _count_on(table, here)
    return copied


@cache
def _plain(table: Table) -> Table:
    """The table with its columns as they are kept: no defaults, and a value that is absent stays absent in JSON too."""
    columns = [Column(c.name, _kept(c), primary_key=c.primary_key, autoincrement=False) for c in table.columns]
    return Table(table.name, MetaData(), *columns)


def _kept(column: Column[Any]) -> TypeEngine[Any]:
    return JSON(none_as_null=True) if isinstance(column.type, JSON) else column.type


def _count_on(table: Table, here: Connection) -> None:
    """Have the next new row take a number that is free."""
    last = select(func.max(table.c.id)).scalar_subquery()
    here.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
