"""Instants as text, on their way into the database and out of it, where statements go to the driver as they are."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class AsInstant(FunctionElement[Any]):
    """Text that says an instant, as the database keeps instants."""

    inherit_cache = False


@compiles(AsInstant, "sqlite")
def _sqlite_instant(element: AsInstant, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(AsInstant)
def _postgresql_instant(element: AsInstant, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS timestamptz)"


_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_DAY_SECONDS = 86_400


def as_instant(at: datetime, connection: Connection) -> str:
    """An instant as text: of one form on SQLite, where text is compared, and with its offset elsewhere."""
    since = at - _EPOCH  # divided by a second it would be as exact, and take three times as long
    text = f"{_second(since.days * _DAY_SECONDS + since.seconds)}.{at.microsecond:06}"
    return text if connection.dialect.name == "sqlite" else f"{text}+00:00"


@lru_cache(maxsize=64)
def _second(since_1970: int) -> str:
    """A second as text: thousands of instants lie in one, and most of the text takes longer than the rest."""
    return (_EPOCH + since_1970 * _SECOND).replace(tzinfo=None).isoformat(" ")


def as_read(stored: datetime | str) -> datetime:
    """An instant as a prepared statement's row has it: SQLite's text, or what the driver made of it."""
    if isinstance(stored, str):
        return datetime.fromisoformat(f"{stored}+00:00")
    return stored.astimezone(UTC)
