"""A pipeline: statements that go to PostgreSQL together, as one transaction, with one wait for them all.

One after the other each would be waited for, which is a turn of threads each time; and the driver's own way through a
statement takes three times as long as libpq's, which it lends us. See “Pipeline Mode” in PostgreSQL's manual.

bound statements ─► prepared, where they are new ─► sent, and committed by the sync behind them ─► rows of each
"""

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from subscribers.prepared import BoundStatement, Prepared

#: libpq takes values by number.
_NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

#: As text, as the server writes it.
Row = tuple[bytes | None, ...]


class Pipeline:
    """What goes over one connection, which nobody else uses between `send` and `receive`."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        driver: Any = connection.connection.dbapi_connection
        self._connection, self._driver_connection, self._libpq = connection, driver, driver.pgconn
        self._driver: Any = self._dialect.loaded_dbapi
        #: As the server knows them. It would forget them at the driver's word, which follows a DROP, an ALTER or a
        #: ROLLBACK TO over the same connection: no work of a journal may say one of these.
        self._names: dict[Prepared, bytes] = {}
        #: Of each result that is to come, whether a statement was run; else it was prepared.
        self._coming: list[bool] = []
        #: Why not all could be sent.
        self._failure: Exception | None = None

    def send(self, statements: Sequence[BoundStatement]) -> None:
        """All of them, to be committed. Does not wait; what goes wrong `receive` tells, as it may be committed then."""
        try:
            self._must_be_between_transactions()
            self._libpq.enter_pipeline_mode()
            for statement in statements:
                self._send(statement)
            self._libpq.pipeline_sync()
        except Exception as error:
            self._failure = error

    def receive(self) -> list[list[Row]]:
        """Wait till it is committed: the rows of each. Raises DBAPIError: then nothing of it is; or, where the server
        has gone away, nobody knows. The connection is closed then."""
        with self._failing():
            if self._failure:
                raise self._failure
            results = list(self._results())
            self._libpq.exit_pipeline_mode()
        coming, self._coming = self._coming, []
        return [_rows(result) for result, was_run in zip(results, coming, strict=True) if was_run]

    def _send(self, given: BoundStatement) -> None:
        statement, compiled = given.statement, given.statement.compiled(_NUMBERED)
        if (name := self._names.get(statement)) is None:
            name = self._names[statement] = b"piped_%d" % len(self._names)
            self._libpq.send_prepare(name, compiled.string.encode())
            self._coming.append(False)
        self._libpq.send_query_prepared(name, list(map(self._as_text, statement.parameters(compiled, given.values))))
        self._coming.append(True)

    def _as_text(self, value: str | int | None) -> bytes | None:
        if value is None:
            return None
        text = str(value).encode()
        if b"\0" in text:  # where libpq would take the text to end
            raise self._driver.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return text

    def _must_be_between_transactions(self) -> None:
        """Within one the sync would commit nothing, and what was not committed would be taken for it."""
        if self._libpq.transaction_status != self._driver.pq.TransactionStatus.IDLE:
            raise self._driver.OperationalError("a transaction was left open")

    def _results(self) -> Iterator[Any]:
        """Until the sync, which says that it is committed."""
        status = self._driver.pq.ExecStatus
        while True:
            while self._libpq.is_busy():
                self._wait()
            result = self._libpq.get_result()
            if result is None:  # between the results of two statements
                self._must_be_connected()
            elif result.status == status.PIPELINE_SYNC:
                return
            elif result.status in (status.COMMAND_OK, status.TUPLES_OK):
                yield result
            else:
                raise self._driver.errors.error_from_result(result)

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._libpq.socket, select.POLLIN | (select.POLLOUT if self._libpq.flush() else 0))
        poll.poll()
        self._libpq.consume_input()

    def _must_be_connected(self) -> None:
        """Else there would be no result for ever."""
        if self._libpq.status != self._driver.pq.ConnStatus.OK:
            raise self._driver.OperationalError(self._libpq.get_error_message())

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors are SQLAlchemy's; after any, nobody knows what is still to come over the connection."""
        base = self._driver.Error
        try:
            yield
        except BaseException as error:
            self._driver_connection.close()
            self._connection.invalidate()  # its pool need not reset what is closed
            if not isinstance(error, base):
                raise
            raise DBAPIError.instance("", None, error, base, dialect=self._dialect) from error


def _rows(result: Any) -> list[Row]:
    columns = range(result.nfields)
    return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]
