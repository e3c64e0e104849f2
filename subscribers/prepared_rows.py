"""Prepared insertions: as many rows at a time as there are."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, bindparam, insert, select
from sqlalchemy.sql.compiler import SQLCompiler

from subscribers.given import Rows, as_rows
from subscribers.instants import AsInstant
from subscribers.prepared import BoundStatement, Prepared
from subscribers.tables import Instant


def value_for(column: Column[Any]) -> ColumnElement[Any]:
    """A bound value of a column's name; an instant comes as the text that `as_instant` makes."""
    if isinstance(column.type, Instant):
        return AsInstant(bindparam(column.name, type_=String))
    return bindparam(column.name, type_=column.type)


class PreparedRows:
    """An insertion of as many rows at a time as there are.

    One after the other they would let other threads in between. PostgreSQL takes them as `Rows`, as psycopg reads a
    long statement anew each time; SQLite by a statement of as many, as it would go through the text once a field.
    """

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        into, rows = insert(columns[0].table).inline(), Rows(bindparam("rows", type_=String))
        fields = [rows.field(at, column.type) for at, column in enumerate(columns)]
        self._from_text = Prepared(into.from_select([column.name for column in columns], select(*fields)))
        self._one = Prepared(into.values({column.name: value_for(column) for column in columns}))
        self._many: dict[int, str] = {}

    def bound(self, rows: Iterable[tuple[object, ...]]) -> BoundStatement:
        """What `run` does on PostgreSQL, to be sent with others."""
        return BoundStatement(self._from_text, {"rows": as_rows(rows)})

    def run(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Put in rows whose values are in the order of the columns; an instant is the text that `as_instant` makes."""
        if connection.dialect.name != "sqlite":
            self.bound(rows).run(connection)
            return
        with self._one.at_the_driver(connection) as (driver, compiled):
            for begin in range(0, len(rows), _MOST_ROWS):
                some = rows[begin : begin + _MOST_ROWS]
                statement = self._many.get(len(some)) or self._many.setdefault(len(some), _for(len(some), compiled))
                driver.execute(statement, tuple(chain.from_iterable(some)))


#: So many at once: the driver keeps about a hundred statements ready.
_MOST_ROWS = 64


def _for(count: int, one: SQLCompiler) -> str:
    """The statement for so many rows, of that for one."""
    head, values, row = one.string.partition(" VALUES ")
    return f"{head}{values}{', '.join([row] * count)}"
