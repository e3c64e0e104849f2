"""A writer: one connection that is kept open for many short transactions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from digest.errors import StorageUnavailable
from digest.storage.engine import BUSY_SECONDS, Store, told
from digest.storage.pipeline import Pipeline, Row
from subscribers.prepared import BoundStatement

#: What a writer says again and again, it finds by number: PostgreSQL would take longer to plan it anew than to do it.
_PLAN_ONCE = "SET plan_cache_mode = force_generic_plan"


class Writer:
    """One connection, kept open for many transactions one after the other; made anew when one has failed."""

    def __init__(self, store: Store) -> None:
        self._store, self._closings = store, store.closings
        self._connection: Connection | None = None
        self._pipeline: Pipeline | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it or none."""
        connection = self._ready()
        try:
            with told():
                _wait_for_others(connection, BUSY_SECONDS)
                with connection.begin():
                    yield connection
        except BaseException:
            self.close()
            raise

    def begin_at_once(self) -> Connection | None:
        """A transaction that nobody has to wait for, to be ended by `commit` or `roll_back`, by whatever thread.

        None where the database is a server, no connection is open yet, somebody else writes, or it does not answer.
        """
        connection = self._open() if self._store.embedded else None
        if connection is None:
            return None
        try:
            with told():
                _wait_for_others(connection, 0)
                connection.begin()
        except StorageUnavailable:
            return None
        return connection

    def commit(self) -> None:
        """End what was begun at once. Raises StorageUnavailable: then nothing of it is written."""
        assert self._connection is not None
        try:
            driver: Any = self._connection.connection.dbapi_connection
            if not driver.in_transaction:  # SQLite ends some by itself
                raise StorageUnavailable("The database undid what was to be committed.", remedy="Try again later.")
            with told():
                self._connection.commit()
        except BaseException:
            self.close()
            raise

    def send(self, statements: Callable[[Connection], Sequence[BoundStatement]]) -> bool:
        """Have a server do these as one transaction, which `receive` waits for, on whatever thread.

        False, and nothing is sent, where the database is a file, or no connection is open yet.
        """
        connection = None if self._store.embedded else self._open()
        if connection is None:
            return False
        given = statements(connection)
        self._pipeline = self._pipeline or Pipeline(connection)
        self._pipeline.send(given)
        return True

    def receive(self) -> list[list[Row]]:
        """What the statements returned, which are committed now. Raises StorageUnavailable, or Never where a value
        cannot be held: then they are not, as far as anybody knows."""
        assert self._pipeline is not None
        try:
            with told():
                return self._pipeline.receive()
        except BaseException:
            self.close()
            raise

    def roll_back(self) -> None:
        """Undo what was begun at once."""
        assert self._connection is not None
        try:
            self._connection.rollback()
        except BaseException:
            self.close()
            raise

    def _open(self) -> Connection | None:
        """The connection, if it is open and none of those that were let go of."""
        return self._connection if self._closings == self._store.closings else None

    def _ready(self) -> Connection:
        if self._closings != self._store.closings:
            self.close()
        with told():
            self._closings = self._store.closings
            self._connection = self._connection or self._opened()
        return self._connection

    def _opened(self) -> Connection:
        connection = self._store.engine.connect()
        connection.detach()  # ours for good, so that closing it does not leave it in a pool
        if not self._store.embedded:
            with connection.begin():
                connection.exec_driver_sql(_PLAN_ONCE)
        return connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            with suppress(DBAPIError):  # whatever was wrong with it has been told
                self._connection.close()
            self._connection = self._pipeline = None


def _wait_for_others(connection: Connection, seconds: int) -> None:
    """How long this connection waits where somebody else writes (SQLite)."""
    if connection.dialect.name == "sqlite" and connection.info.get("patience", BUSY_SECONDS) != seconds:
        connection.connection.cursor().execute(f"PRAGMA busy_timeout = {seconds * 1000}")
        connection.info["patience"] = seconds
