"""Statements that run thousands of times a second: compiled once, and given many rows as one value."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.sql.visitors import ExternallyTraversible
from sqlalchemy.types import TypeEngine

from subscribers.instants import AsInstant
from subscribers.tables import Instant


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
            driver.execute(compiled.string, self.positional(compiled, values))
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

    def positional(self, compiled: SQLCompiler, values: Mapping[str, str | int | None]) -> Any:
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
    # As jsonb, whose fields are found without reading the text again for each.
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **kw)} AS jsonb))"


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
        return cast(of, kind) if not isinstance(kind, Instant) else AsInstant(of)


class Among(FunctionElement[bool]):
    """Whether a column's number or hash is among those that come in as one value: the JSON text of a list.

    PostgreSQL takes them as an array, by which it looks up each; of rows it would guess that they are many, and many
    values of their own it would compare with each row there is.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[int] | ColumnElement[str], parameter: ColumnElement[str]) -> None:
        super().__init__(column, parameter)
        self.kind = "text" if isinstance(column.type, String) else "bigint"

    def self_group(self, against: object = None) -> "Among":
        """As it is: “= 1” behind it, as SQLite's truth is written, would keep it from the index."""
        return self


@compiles(Among, "sqlite")
def _sqlite_among(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608  both are the compiler's own


@compiles(Among)
def _postgresql_among(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = (compiler.process(each, **kw) for each in element.clauses)
    # Within a selection of its own it is read once, and not for each row where PostgreSQL goes through a small table.
    given = f"SELECT CAST(translate({parameter}, '[]', '{{}}') AS {element.kind}[])"
    return f"{column} = ANY (({given})::{element.kind}[])"


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


def as_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Rows as the value that `Rows` takes."""
    return _as_json(rows)


def as_list(values: Iterable[int] | Iterable[str]) -> str:
    """Numbers or hashes as the value that `Among` takes."""
    return _as_json(values)


def _as_json(values: Iterable[object]) -> str:
    return json.dumps(list(values), separators=(",", ":"))


#: A state that an index is limited to must stand in the statement itself; as a bound value no plan can rely on it.
def written(value: str) -> ColumnElement[str]:
    """A constant, written into the statement."""
    return literal_column(f"'{value}'")
