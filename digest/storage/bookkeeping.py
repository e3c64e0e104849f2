"""Bookkeeping: what one worker writes down of its deliveries, over one connection and in short transactions."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage import outbox, settlement
from digest.storage.engine import Store, told
from digest.storage.outbox import RetryPolicy
from digest.storage.writer import Writer

#: How long outcomes are held in memory while the database is away, before they are given up as unknown.
PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 0.5

#: Called within the transaction that records them, for what else hangs on outcomes.
OnSettled = Callable[..., None]
#: What else is to be done, in a transaction.
Work = Callable[[Connection], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where markers and outcomes are written down."""

    #: Commits markers; only what it returns may go out.
    mark: Callable[[Connection, str, Collection[DeliveryId]], set[DeliveryId]]
    #: Writes down how attempts ended.
    settle: Callable[[Connection, str, Sequence[Attempt], RetryPolicy], None]
    #: Whether all that is done in it takes so little time that servers' answers may wait for it.
    swift: bool = False


#: The book of issues; single letters have one of their own.
DELIVERIES = Book(mark=outbox.mark, settle=settlement.settle, swift=True)


class Bookkeeper:
    """Writes into a book for one worker. One thread at a time."""

    def __init__(
        self, store: Store, token: str, retry: RetryPolicy, on_settled: OnSettled | None, book: Book = DELIVERIES
    ) -> None:
        self._token, self._retry, self._on_settled, self._book = token, retry, on_settled, book
        self._writer = Writer(store)
        #: Set when outcomes could not be written in time; no more work may be taken.
        self.broken: StorageUnavailable | None = None

    def write(self, marks: Collection[DeliveryId], attempts: Sequence[Attempt]) -> set[DeliveryId]:
        """Outcomes and markers in one transaction, however long others write. Returns what may go out."""
        if not marks and not attempts:
            return set()
        with self._writer.write() as connection:
            return self._enter(connection, marks, attempts)

    def do(self, work: Work) -> Any:
        """Some work in a transaction of its own."""
        with self._writer.write() as connection:
            return work(connection)

    def write_at_once(self, marks: Collection[DeliveryId], attempts: Sequence[Attempt]) -> set[DeliveryId] | None:
        """What `write` does, but for the commit, where nobody has to be waited for.

        None where somebody has, or anything at all is wrong: nothing is written then.
        """
        with suppress(Exception), self._at_once() as connection:
            return self._enter(connection, marks, attempts) if connection else None
        return None

    def do_at_once(self, work: Work) -> list[Any] | None:
        """What `do` does, but for the commit: a list of the one thing that came of it. None where somebody has to be
        waited for. Raises what the work raises: nothing is written then."""
        with self._at_once() as connection:
            return [work(connection)] if connection else None

    @contextmanager
    def _at_once(self) -> Iterator[Connection | None]:
        """A transaction that is left for `commit`, unless the block raises."""
        connection = self._writer.begin_at_once() if self._book.swift else None
        try:
            with told():
                yield connection
        except BaseException:
            self._writer.roll_back()
            raise

    def commit(self) -> None:
        """What was written at once is durable from now on. Raises StorageUnavailable: then it is not."""
        self._writer.commit()

    def insist(self, attempts: Sequence[Attempt], problem: StorageUnavailable) -> None:
        """Try again to write outcomes, which have happened and cannot be undone, for as long as patience lasts."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while attempts and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            try:
                self.write([], attempts)
            except StorageUnavailable:
                continue
            except Exception:  # a mistake of ours: waiting will not mend it, and the thread must live to refuse markers
                attempts = [each for each in attempts if not self._could_write(each)]
                break
            return
        if attempts:
            self.broken = problem

    def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()

    def _enter(
        self, connection: Connection, marks: Collection[DeliveryId], attempts: Sequence[Attempt]
    ) -> set[DeliveryId]:
        if attempts:
            self._book.settle(connection, self._token, attempts, self._retry)
            if self._on_settled:
                self._on_settled(connection, attempts)
        return self._book.mark(connection, self._token, marks) if marks else set()

    def _could_write(self, attempt: Attempt) -> bool:
        """One outcome alone: that another cannot be written is no reason to lose it."""
        with suppress(Exception):
            self.write([], [attempt])
            return True
        return False
