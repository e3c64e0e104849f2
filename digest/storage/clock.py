"""The database's clock: the one time that all workers, on whatever machine, agree on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from subscribers.tables import Instant


class _Now(FunctionElement[datetime]):
    """The instant at which a statement runs, shifted by a span such as "-30.000 seconds"."""

    type = Instant()
    # The span is a bound value, so statements that differ only in it are compiled once.
    inherit_cache = True


@compiles(_Now, "sqlite")
def _sqlite(element: _Now, compiler: SQLCompiler, **kw: Any) -> str:
    # Six decimals, as instants are written everywhere else, so that text compares as time does.
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', {compiler.process(element.clauses, **kw)}) || '000')"


@compiles(_Now)
def _postgresql(element: _Now, compiler: SQLCompiler, **kw: Any) -> str:
    # Not now(), which stands still within a transaction; and not clock_timestamp(), which no index can serve.
    return f"(statement_timestamp() + CAST({compiler.process(element.clauses, **kw)} AS interval))"


def database_later(seconds: ColumnElement[int]) -> ColumnElement[datetime]:
    """So many seconds after the database's present; another for each row."""
    return _Now(cast(seconds, String) + literal(" seconds", String))


def database_now(shift: timedelta = timedelta()) -> ColumnElement[datetime]:
    """The database's present, for use within a statement."""
    return _Now(literal(f"{shift.total_seconds():+.3f} seconds", String))


def as_the_database_tells_it(connection: Connection, at: datetime) -> datetime:
    """A moment that this machine's clock tells, by the database's. A second or two between them is no difference."""
    off = connection.execute(select(database_now())).scalar_one() - datetime.now(UTC)
    return at if abs(off) < _IN_STEP else at + off


_IN_STEP = timedelta(seconds=2)
