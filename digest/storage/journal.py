"""The journal: one thread that commits the markers and outcomes of all connections together.

The next commit starts when the last one ends, so that commits group by themselves under load and nobody waits when
there is none. What else a worker writes goes through the same thread, so that its own writes never wait for each other.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage import outbox, settlement
from digest.storage.engine import Store
from digest.storage.outbox import RetryPolicy

#: How long outcomes are held in memory while the database is away, before they are given up as unknown.
PATIENCE_SECONDS = 600.0
_PAUSE_SECONDS = 0.5
_GATHERING_SECONDS = 0.001

#: Called within the transaction that records them, for what else hangs on outcomes.
OnSettled = Callable[..., None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where markers and outcomes are written down."""

    #: Commits markers; only what it returns may go out.
    mark: Callable[[Connection, str, Collection[DeliveryId]], set[DeliveryId]]
    #: Writes down how attempts ended.
    settle: Callable[[Connection, str, Sequence[Attempt], RetryPolicy], None]


#: The book of issues; single letters have one of their own.
DELIVERIES = Book(mark=outbox.mark, settle=settlement.settle)


@dataclass(slots=True)
class _Waiting:
    """Somebody who waits for an answer, on a loop of theirs."""

    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


@dataclass(slots=True)
class _Mark(_Waiting):
    delivery_id: DeliveryId


@dataclass(slots=True)
class _Errand(_Waiting):
    work: Callable[[Connection], object]


@dataclass(slots=True)
class _Group:
    marks: list[_Mark] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    errands: list[_Errand] = field(default_factory=list)
    last: bool = False


class Journal:
    """Writes down what happens to one worker's deliveries."""

    def __init__(
        self,
        store: Store,
        token: str,
        retry: RetryPolicy,
        on_settled: OnSettled | None = None,
        book: Book = DELIVERIES,
    ) -> None:
        self._token, self._retry, self._on_settled, self._book = token, retry, on_settled, book
        self._writer = store.writer()
        self._entries: queue.SimpleQueue[_Mark | _Errand | Attempt | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        #: Set when outcomes could not be written in time; no more work may be taken.
        self.broken: StorageUnavailable | None = None
        self._thread.start()

    def mark(self, delivery_id: DeliveryId) -> "asyncio.Future[bool]":
        """Commit the marker durably; True when the dot may go out. Raises StorageUnavailable: then it may not."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._entries.put(_Mark(loop, answer, delivery_id))
        return answer

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a transaction of its own, after what is to be written down now. Raises what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._entries.put(_Errand(loop, answer, work))
        return await answer

    def settle(self, attempt: Attempt) -> None:
        """Have an outcome written down; returns at once."""
        self._entries.put(attempt)

    def close(self) -> None:
        """Write down all that is left, then stop. Raises StorageUnavailable when that could not be done."""
        self._entries.put(None)
        self._thread.join()
        if self.broken:
            raise self.broken

    def _run(self) -> None:
        last = False
        while not last:
            group = self._next_group()
            last = group.last
            self._write_markers_and_outcomes(group)
            for errand in group.errands:
                _give([(errand, self._done(errand))])
        self._writer.close()

    def _next_group(self) -> _Group:
        """All that has come in since the last commit; waits for the first."""
        group = _Group()
        try:
            entry = self._entries.get_nowait()
            # There is much to do: a moment's patience makes one commit of what would be several.
            time.sleep(_GATHERING_SECONDS)
        except queue.Empty:
            entry = self._entries.get()
        with suppress(queue.Empty):
            while True:
                match entry:
                    case None:
                        group.last = True
                    case _Mark():
                        group.marks.append(entry)
                    case Attempt():
                        group.attempts.append(entry)
                    case _Errand():
                        group.errands.append(entry)
                entry = self._entries.get_nowait()
        return group

    def _write_markers_and_outcomes(self, group: _Group) -> None:
        try:
            allowed = self._commit([m.delivery_id for m in group.marks], group.attempts)
        except Exception as error:  # a marker that was not committed must never let a dot go out
            problem = (
                error if isinstance(error, StorageUnavailable) else StorageUnavailable(f"The journal failed: {error}.")
            )
            _give((mark, problem) for mark in group.marks)
            self._insist(group.attempts, problem)
            return
        _give((mark, mark.delivery_id in allowed) for mark in group.marks)

    def _done(self, errand: _Errand) -> object:
        try:
            with self._writer.write() as connection:
                return errand.work(connection)
        except Exception as error:  # for whoever asked
            return error

    def _commit(self, marks: Sequence[DeliveryId], attempts: Sequence[Attempt]) -> set[DeliveryId]:
        if not marks and not attempts:
            return set()
        with self._writer.write() as connection:
            self._book.settle(connection, self._token, attempts, self._retry)
            if self._on_settled and attempts:
                self._on_settled(connection, attempts)
            return self._book.mark(connection, self._token, marks) if marks else set()

    def _insist(self, attempts: Sequence[Attempt], problem: StorageUnavailable) -> None:
        """Try again to write outcomes, which have happened and cannot be undone, for as long as patience lasts."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while attempts and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            try:
                self._commit([], attempts)
            except StorageUnavailable:
                continue
            except Exception:  # a mistake of ours: waiting will not mend it, and the thread must live to refuse markers
                attempts = [each for each in attempts if not self._could_write(each)]
                break
            return
        if attempts:
            self.broken = problem

    def _could_write(self, attempt: Attempt) -> bool:
        """One outcome alone: that another cannot be written is no reason to lose it."""
        with suppress(Exception):
            self._commit([], [attempt])
            return True
        return False


def _give(answers: Iterable[tuple[_Waiting, object]]) -> None:
    """Wake whoever waits; all of one loop at once, as each waking costs a system call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, object]]] = {}
    for waiting, answer in answers:
        by_loop.setdefault(waiting.loop, []).append((waiting, answer))
    for loop, theirs in by_loop.items():
        with suppress(RuntimeError):  # nobody waits any more: the loop has ended, the journal goes on
            loop.call_soon_threadsafe(_answer_all, theirs)


def _answer_all(answers: Sequence[tuple[_Waiting, object]]) -> None:
    for waiting, answer in answers:
        if waiting.answer.done():
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
