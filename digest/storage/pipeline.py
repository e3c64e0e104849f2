"""A pipeline: statements that go to PostgreSQL together, as one transaction, with one wait for them all.

One after the other each would be waited for, which is a turn of threads each time; and the driver's own way through a
statement takes three times as long as libpq's, which it lends us. See “Pipeline Mode” in PostgreSQL's manual.

orders ─► prepared, where they are new ─► sent, and committed by the sync behind them ─► rows of each
"""

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from subscribers.prepared import Order, Prepared

#: libpq takes values by number.
_NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

#: As text, as the server writes it.
Row = tuple[bytes | None, ...]


class Pipeline:
    """What goes over one connection, which nobody else uses between `send` and `receive`."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        driver: Any = connection.connection.dbapi_connection
        self._connection, self._libpq = driver, driver.pgconn
        self._driver: Any = self._dialect.loaded_dbapi
        self._names: dict[Prepared, bytes] = {}
        #: Of each result that is to come, whether it is an order's; else a statement was prepared.
        self._coming: list[bool] = []
        #: Why not all could be sent.
        self._failure: Exception | None = None

    def send(self, orders: Sequence[Order]) -> None:
        """All of them, to be committed. Does not wait; what goes wrong `receive` tells, as it may be committed then."""
        try:
            self._libpq.enter_pipeline_mode()
            for order in orders:
                self._send(order)
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
        return [_rows(result) for result, is_orders in zip(results, coming, strict=True) if is_orders]

    def _send(self, order: Order) -> None:
        compiled = order.statement.compiled(_NUMBERED)
        if (name := self._names.get(order.statement)) is None:
            name = self._names[order.statement] = b"order_%d" % len(self._names)
            self._libpq.send_prepare(name, compiled.string.encode())
            self._coming.append(False)
        self._libpq.send_query_prepared(name, list(map(_as_text, order.statement.ordered(compiled, order.values))))
        self._coming.append(True)

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
        if self._libpq.status != self._driver.pq.ConnStatus.OK:
            raise self._driver.OperationalError(self._libpq.get_error_message())

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors are SQLAlchemy's; after any, nobody knows what is still to come over the connection."""
        base = self._driver.Error
        try:
            yield
        except BaseException as error:
            self._connection.close()
            if not isinstance(error, base):
                raise
            raise DBAPIError.instance("", None, error, base, dialect=self._dialect) from error


def _as_text(value: str | int | None) -> bytes | None:
    return None if value is None else str(value).encode()


def _rows(result: Any) -> list[Row]:
    columns = range(result.nfields)
    return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]
