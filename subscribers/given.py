"""Given: many values that come into a statement as one, the JSON text of a list."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from subscribers.instants import AsInstant
from subscribers.tables import Instant


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


def as_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Rows as the value that `Rows` takes."""
    return _as_json(rows)


def as_list(values: Iterable[int] | Iterable[str]) -> str:
    """Numbers or hashes as the value that `Among` takes."""
    return _as_json(values)


def _as_json(values: Iterable[object]) -> str:
    return json.dumps(list(values), separators=(",", ":"))
