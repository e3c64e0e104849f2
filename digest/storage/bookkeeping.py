"""Bookkeeping: what one worker writes down of its deliveries, over one connection and in short transactions."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId, Outcome
from digest.storage import outbox, settlement
from digest.storage.engine import Store, told
from digest.storage.outbox import RetryPolicy
from digest.storage.writer import Writer
from subscribers.prepared import BoundStatement

T = TypeVar("T")

#: How long outcomes are held in memory while the database is away, before they are given up as unknown.
PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 0.5

#: Called with attempts, within the transaction that writes them down.
Beside = Callable[[Connection, Sequence[Attempt]], None]
#: What else is to be done, in a transaction.
Work = Callable[[Connection], T]
#: Commits what was begun, and tells what came of it.
End = Callable[[], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swift:
    """What of a book takes so little time that servers' answers may wait for it, as bound statements."""

    #: Of markers, and which may go out by what the last of these returns.
    marking: Callable[[Connection, str, Collection[DeliveryId]], Sequence[BoundStatement]]
    marked: Callable[[Iterable[Sequence[Any]]], set[DeliveryId]]
    #: Of attempts that were accepted.
    accepting: Callable[[Connection, str, Sequence[Attempt]], Sequence[BoundStatement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where markers and outcomes are written down, and what else is done with them."""

    #: Commits markers; only what it returns may go out.
    mark: Callable[[Connection, str, Collection[DeliveryId]], set[DeliveryId]]
    #: Writes down how attempts ended.
    settle: Callable[[Connection, str, Sequence[Attempt], RetryPolicy], None]
    #: None where nothing of it may be written at once.
    swift: Swift | None = None
    #: Of attempts that may have been written down already, those that were not. Where it is None, twice is once.
    unwritten: Callable[[Connection, Sequence[Attempt]], list[Attempt]] | None = None
    #: What hangs on outcomes: called with those that were not accepted.
    on_settled: Beside | None = None
    #: Called with all attempts that are written, between statements: so nothing of such a book is sent in one go.
    on_written: Beside | None = None


#: The book of issues; single letters have one of their own.
DELIVERIES = Book(
    mark=outbox.mark,
    settle=settlement.settle,
    unwritten=settlement.unwritten,
    swift=Swift(marking=outbox.marking, marked=outbox.marked, accepting=settlement.accepting),
)


class Bookkeeper:
    """Writes into a book for one worker. One thread at a time."""

    def __init__(self, store: Store, token: str, retry: RetryPolicy, book: Book = DELIVERIES) -> None:
        self._token, self._retry, self._book = token, retry, book
        self._writer = Writer(store)
        #: What is sent to a server in one go; in a file it is just written.
        self._sent = None if store.embedded or book.on_written else book.swift
        #: Set when outcomes could not be written in time; no more work may be taken.
        self.broken: StorageUnavailable | None = None

    def write(self, marks: Collection[DeliveryId], attempts: Sequence[Attempt]) -> set[DeliveryId]:
        """Outcomes and markers in one transaction, however long others write. Returns what may go out."""
        if not marks and not attempts:
            return set()
        with self._writer.write() as connection:
            return self._enter(connection, marks, attempts)

    def do(self, work: Work[T]) -> T:
        """Some work in a transaction of its own."""
        with self._writer.write() as connection:
            return work(connection)

    def is_apart(self, attempt: Attempt) -> bool:
        """Whether an outcome is better written apart from others, which can be written at once."""
        return self._sent is not None and attempt.handover.outcome is not Outcome.ACCEPTED

    def write_at_once(self, marks: Collection[DeliveryId], attempts: Sequence[Attempt]) -> End[set[DeliveryId]] | None:
        """What `write` does, but for the commit and its wait, which are for what it returns.

        None where somebody else has to be waited for, or anything at all is wrong: nothing is written then.
        """
        with suppress(Exception):
            if self._sent:
                return self._send(self._sent, marks, attempts)
            return self.do_at_once(lambda connection: self._enter(connection, marks, attempts))
        return None

    def do_at_once(self, work: Work[T]) -> End[T] | None:
        """What `do` does, but for the commit, which is for what it returns. None where somebody has to be waited for.
        Raises what the work raises: nothing is written then."""
        connection = self._writer.begin_at_once() if self._book.swift else None
        if connection is None:
            return None
        try:
            with told():
                return partial(self._committed, work(connection))
        except BaseException:
            self._writer.roll_back()
            raise

    def _committed(self, result: T) -> T:
        self._writer.commit()
        return result

    def _send(
        self, swift: Swift, marks: Collection[DeliveryId], attempts: Sequence[Attempt]
    ) -> End[set[DeliveryId]] | None:
        if any(map(self.is_apart, attempts)):
            return None

        def statements(connection: Connection) -> list[BoundStatement]:
            accepting = swift.accepting(connection, self._token, attempts) if attempts else ()
            return [*accepting, *(swift.marking(connection, self._token, marks) if marks else ())]

        return partial(self._received, swift, bool(marks)) if self._writer.send(statements) else None

    def _received(self, swift: Swift, asked: bool) -> set[DeliveryId]:
        *_, last = self._writer.receive()
        return swift.marked(last) if asked else set()

    def insist(self, attempts: Sequence[Attempt], problem: StorageUnavailable) -> None:
        """Try again to write outcomes, which have happened and cannot be undone, for as long as patience lasts."""
        if not attempts:
            return
        deadline = time.monotonic() + PATIENCE_SECONDS
        time.sleep(PAUSE_SECONDS)
        if not self._insisted(attempts, deadline):
            self.broken = problem

    def _insisted(self, attempts: Sequence[Attempt], deadline: float) -> bool:
        """Whether all of them could be written. One that cannot be written is no reason to lose the others."""
        while time.monotonic() < deadline:
            try:
                self._write_once(attempts)
            except StorageUnavailable:
                time.sleep(PAUSE_SECONDS)
            except Exception:  # a mistake of ours: waiting will not mend it, and the thread must live to refuse markers
                return len(attempts) > 1 and False not in [self._insisted([each], deadline) for each in attempts]
            else:
                return True
        return False

    def _write_once(self, attempts: Sequence[Attempt]) -> None:
        """Those of them that were not written when the answer to a commit was lost."""
        with self._writer.write() as connection:
            if left := self._book.unwritten(connection, attempts) if self._book.unwritten else attempts:
                self._settle(connection, left)

    def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()

    def _enter(
        self, connection: Connection, marks: Collection[DeliveryId], attempts: Sequence[Attempt]
    ) -> set[DeliveryId]:
        if attempts:
            self._settle(connection, attempts)
        return self._book.mark(connection, self._token, marks) if marks else set()

    def _settle(self, connection: Connection, attempts: Sequence[Attempt]) -> None:
        self._book.settle(connection, self._token, attempts, self._retry)
        if self._book.on_settled:
            others = [each for each in attempts if each.handover.outcome is not Outcome.ACCEPTED]
            if others:
                self._book.on_settled(connection, others)
        if self._book.on_written:
            self._book.on_written(connection, attempts)
