"""Statements that run thousands of times a second: compiled once for each kind of database."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.visitors import ExternallyTraversible


class Prepared:
    """A statement with named values, compiled once for each kind of database.

    SQLAlchemy works out at each run whether it knows a statement, which takes longer than a small one runs.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        #: By the database's name, and how it names values.
        self._compiled: dict[tuple[str, str], SQLCompiler] = {}
        #: What SQLAlchemy adds by itself while it compiles.
        self._added: dict[SQLCompiler, Mapping[str, Any]] = {}

    def run(self, connection: Connection, **values: str | int | None) -> list[tuple[Any, ...]]:
        """Run it with these values, which go to the driver as they are. Returns the rows, if it has any."""
        with self.at_the_driver(connection) as (driver, compiled):
            driver.execute(compiled.string, self.parameters(compiled, values))
            return list(driver.fetchall()) if driver.description else []

    def run_each(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Run it once for each of the rows, whose values are in the order in which the statement names its own."""
        with self.at_the_driver(connection) as (driver, compiled):
            names = compiled.positiontup or list(compiled.params)
            many = rows if compiled.positiontup else (dict(zip(names, row, strict=True)) for row in rows)
            driver.executemany(compiled.string, list(many))

    @contextmanager
    def at_the_driver(self, connection: Connection) -> Iterator[tuple[Any, SQLCompiler]]:
        """A cursor of the driver's own, and the statement as this kind of database has it. Errors are SQLAlchemy's."""
        dialect = connection.dialect
        compiled = self.compiled(dialect)
        driver = connection.connection.cursor()
        try:
            yield driver, compiled
        except dialect.loaded_dbapi.Error as error:
            base = dialect.loaded_dbapi.Error
            raise DBAPIError.instance(compiled.string, None, error, base, dialect=dialect) from error
        finally:
            driver.close()

    def compiled(self, dialect: Dialect) -> SQLCompiler:
        """As this kind of database has it."""
        return self._compiled.get((dialect.name, dialect.paramstyle)) or self._compile(dialect)

    def parameters(self, compiled: SQLCompiler, values: Mapping[str, str | int | None]) -> Any:
        """The values as this kind of database takes them: by place, or by name."""
        named = {**self._added[compiled], **values}
        return named if compiled.positiontup is None else tuple([named[name] for name in compiled.positiontup])

    def _compile(self, dialect: Dialect) -> SQLCompiler:
        compiled = _with_constants(self._as_run_on(dialect), dialect).compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._added[compiled] = compiled.construct_params(_check=False)
        return self._compiled.setdefault((dialect.name, dialect.paramstyle), compiled)

    def _as_run_on(self, dialect: Dialect) -> Any:
        return self._statement


class PreparedQuery(Prepared):
    """A query whose rows, of texts, numbers and instants, are read at once.

    SQLite's driver lets other threads in before each row, and has to wait for them after it: there the rows come as
    one value.
    """

    def run(self, connection: Connection, **values: str | int | None) -> list[tuple[Any, ...]]:
        """Run it with these values. Returns the rows."""
        rows = super().run(connection, **values)
        return rows if connection.dialect.name != "sqlite" else [tuple(row) for row in json.loads(rows[0][0])]

    def _as_run_on(self, dialect: Dialect) -> Any:
        return _as_one_value(self._statement) if dialect.name == "sqlite" else self._statement


def _as_one_value(query: Any) -> Select[tuple[str]]:
    """The JSON text of the list of a query's rows, in its order: SQLite goes through a selection as it comes."""
    rows = query.subquery()
    return select(func.json_group_array(func.json_array(*rows.c)))


def _with_constants(statement: Any, dialect: Dialect) -> Any:
    """The statement with all values that are known by now written into it: SQLite works out its plan anew at each run
    for a bound value that stands where an index might be limited to one."""

    def written_out(element: ExternallyTraversible, **_: Any) -> ExternallyTraversible | None:
        if not isinstance(element, BindParameter) or element.required:
            return None
        write = element.type.dialect_impl(dialect).literal_processor(dialect)
        return literal_column(write(element.value), element.type) if write else None

    return visitors.replacement_traverse(statement, {}, written_out)


class BoundStatement(NamedTuple):
    """A statement with its values: to be run now, or sent with others."""

    statement: Prepared
    values: Mapping[str, str | int | None]

    def run(self, connection: Connection) -> list[tuple[Any, ...]]:
        """Run it. Returns the rows, if it has any."""
        return self.statement.run(connection, **self.values)


#: A state that an index is limited to must stand in the statement itself; as a bound value no plan can rely on it.
def written(value: str) -> ColumnElement[str]:
    """A constant, written into the statement."""
    return literal_column(f"'{value}'")
