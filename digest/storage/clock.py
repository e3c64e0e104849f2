"""The database's clock: the one time that all workers, on whatever machine, agree on."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from subscribers.tables import Instant


class _Now(FunctionElement[datetime]):
    """The instant at which a statement runs, shifted by some seconds."""

    type = Instant()
    inherit_cache = False

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = float(seconds)


@compiles(_Now, "sqlite")
def _sqlite(element: _Now, compiler: SQLCompiler, **kw: Any) -> str:
    # Six decimals, as instants are written everywhere else, so that text compares as time does.
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '{element.seconds:+.3f} seconds') || '000'"


@compiles(_Now)
def _postgresql(element: _Now, compiler: SQLCompiler, **kw: Any) -> str:
    # Not now(): that stands still within a transaction.
    return f"(clock_timestamp() + interval '{element.seconds:.3f} seconds')"


def database_now(shift: timedelta = timedelta()) -> ColumnElement[datetime]:
    """The database's present, for use within a statement."""
    return _Now(shift.total_seconds())


def read(connection: Connection) -> datetime:
    """The database's present."""
    return connection.execute(select(database_now())).scalar_one()
