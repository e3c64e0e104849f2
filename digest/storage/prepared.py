"""Statements that run thousands of times a second: compiled once, and given many rows as one value."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    bindparam,
    cast,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from subscribers.tables import Id, Instant


class Prepared:
    """A statement with named values, compiled once for each kind of database.

    SQLAlchemy works out at each run whether it knows a statement, which takes longer than a small one runs.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        self._compiled: dict[str, SQLCompiler] = {}
        self._given: dict[str, Mapping[str, Any]] = {}

    def run(self, connection: Connection, **values: str | int | None) -> list[tuple[Any, ...]]:
        """Run it with these values, which go to the driver as they are. Returns the rows, if it has any."""
        with self._at_the_driver(connection) as (driver, compiled, given):
            driver.execute(compiled.string, _ordered(compiled, {**given, **values}))
            return list(driver.fetchall()) if driver.description else []

    def run_each(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Run it once for each of the rows, whose values are in the order in which the statement names its own."""
        with self._at_the_driver(connection) as (driver, compiled, _):
            order = compiled.positiontup or list(compiled.params)
            many = rows if compiled.positiontup else (dict(zip(order, row, strict=True)) for row in rows)
            driver.executemany(compiled.string, list(many))

    @contextmanager
    def _at_the_driver(self, connection: Connection) -> Iterator[tuple[Any, SQLCompiler, Mapping[str, Any]]]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        driver = connection.connection.cursor()
        try:
            yield driver, compiled, self._given[dialect.name]
        except dialect.loaded_dbapi.Error as error:
            base = dialect.loaded_dbapi.Error
            raise DBAPIError.instance(compiled.string, None, error, base, dialect=dialect) from error
        finally:
            driver.close()

    def _compile(self, dialect: Dialect) -> SQLCompiler:
        compiled = self._statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._given[dialect.name] = compiled.construct_params(_check=False)
        return self._compiled.setdefault(dialect.name, compiled)


def _ordered(compiled: SQLCompiler, named: Mapping[str, Any]) -> Any:
    """The values as this kind of database takes them: by place, or by name."""
    return named if compiled.positiontup is None else tuple([named[name] for name in compiled.positiontup])


class _Elements(FunctionElement[Any]):
    """The elements of a JSON list as rows of one column, `value`."""

    name = "elements"
    inherit_cache = True


class _Field(FunctionElement[Any]):
    """One field of an element that is a list itself, as text or number."""

    inherit_cache = False

    def __init__(self, of: ColumnElement[Any], index: int) -> None:
        super().__init__(of)
        self.index = index


@compiles(_Elements, "sqlite")
def _sqlite_elements(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Elements)
def _postgresql_elements(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **kw)} AS json))"


@compiles(_Field, "sqlite")
def _sqlite_field(element: _Field, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$[{element.index}]')"


@compiles(_Field)
def _postgresql_field(element: _Field, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} ->> {element.index})"


class Rows:
    """Rows that come in as one value: the JSON text of a list of lists."""

    def __init__(self, parameter: ColumnElement[str]) -> None:
        self.table: TableValuedAlias = _Elements(parameter).table_valued("value", name="given")

    def field(self, index: int, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """The field at this place of each row."""
        of = _Field(self.table.c.value, index)
        # SQLite has a type for each value, not for each column, and takes an instant as the text it is.
        return cast(of, kind) if not isinstance(kind, Instant) else _AsInstant(of)

    def ids(self) -> Select[Any]:
        """The first fields, as ids."""
        return select(self.field(0, Id))


class _AsInstant(FunctionElement[Any]):
    """Text that says an instant, as the database keeps instants."""

    inherit_cache = False


@compiles(_AsInstant, "sqlite")
def _sqlite_instant(element: _AsInstant, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(_AsInstant)
def _postgresql_instant(element: _AsInstant, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS timestamptz)"


def value_for(column: Column[Any]) -> ColumnElement[Any]:
    """A bound value of a column's name; an instant comes as the text that `as_instant` makes."""
    if isinstance(column.type, Instant):
        return _AsInstant(bindparam(column.name, type_=String))
    return bindparam(column.name, type_=column.type)


def as_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Rows as the value that `Rows` takes."""
    return json.dumps(list(rows), separators=(",", ":"))


def as_instant(at: datetime, connection: Connection) -> str:
    """An instant as text: of one form on SQLite, where text is compared, and with its offset elsewhere."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    text = utc.isoformat(" ", "microseconds")
    return text[:_WITHOUT_OFFSET] if connection.dialect.name == "sqlite" else text


_WITHOUT_OFFSET = len("2026-11-21 10:30:00.000000")


def as_read(stored: datetime | str) -> datetime:
    """An instant as a prepared statement's row has it: SQLite's text, or what the driver made of it."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored.astimezone(UTC)


#: A state that an index is limited to must stand in the statement itself; as a bound value no plan can rely on it.
def written(value: str) -> ColumnElement[str]:
    """A constant, written into the statement."""
    return literal_column(f"'{value}'")
