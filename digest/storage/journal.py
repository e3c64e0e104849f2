"""The journal: one thread that commits the markers and outcomes of all connections together.

The next commit begins when the last one has ended, so that commits group by themselves under load and nobody waits when
there is none. What else a worker writes goes the same way, so that its own writes never wait for each other.

mark, settle, do ─► gathered on the loop ─► written ─► committed by the thread ─► answered on the loop

On SQLite it is written on the loop, at once: two threads that take turns at every statement need far longer for it than
one, and the disk is all that anybody has to wait for. Where somebody else writes, where the database is a server, or
anything is wrong, the thread writes, and waits.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage.bookkeeping import DELIVERIES, Book, Bookkeeper, OnSettled
from digest.storage.engine import Store
from digest.storage.outbox import RetryPolicy

#: Markers that come in after a commit of more than few wait so long for others, or until they are many themselves: a
#: commit costs as much as fifteen markers.
_GATHERING_SECONDS, _FEW, _MANY = 0.004, 4, 24

T = TypeVar("T")


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
    """What is written down together."""

    marks: list[_Mark] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    errands: list[_Errand] = field(default_factory=list)
    #: The markers that are allowed and what the errands came to, where all is written and waits for its commit.
    written: tuple[set[DeliveryId], list[Any]] | None = None

    def __bool__(self) -> bool:
        return bool(self.marks or self.attempts or self.errands)

    @property
    def ids(self) -> list[DeliveryId]:
        """Whose markers are asked for."""
        return [mark.delivery_id for mark in self.marks]


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
        self._keeper = Bookkeeper(store, token, retry, on_settled, book)
        #: What has come in since the last group was taken; under the lock, as either thread may take it.
        self._group, self._lock = _Group(), threading.Lock()
        self._busy = self._closing = self._crowded = False
        #: The loop that writes what comes in, and when it will; None while there is none.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: asyncio.Handle | None = None
        #: Groups to commit; None when the thread is to look for itself.
        self._taken: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> StorageUnavailable | None:
        """Why outcomes could not be written in time; no more work may be taken then."""
        return self._keeper.broken

    def mark(self, delivery_id: DeliveryId) -> "asyncio.Future[bool]":
        """Commit the marker durably; True when the dot may go out. Raises StorageUnavailable: then it may not."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        with self._lock:
            self._group.marks.append(_Mark(loop, answer, delivery_id))
        self._stir(loop)
        return answer

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a transaction, with or after what is to be written down now. Raises what it raises.

        It may be done twice where the first time is undone.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._group.errands.append(_Errand(loop, answer, work))
        self._stir(loop)
        return await answer

    def settle(self, attempt: Attempt) -> None:
        """Have an outcome written down; returns at once."""
        with self._lock:
            self._group.attempts.append(attempt)
        try:
            self._stir(asyncio.get_running_loop())
        except RuntimeError:  # nobody's loop runs here
            self._loop = None
            self._taken.put(None)

    def close(self) -> None:
        """Write down all that is left, then stop. Raises StorageUnavailable when that could not be done."""
        self._closing = True
        self._taken.put(None)
        self._thread.join()
        if self.broken:
            raise self.broken

    # On the loop.

    def _stir(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have what has come in written down soon, or, after a commit of many, together with some more."""
        if loop is not self._loop:
            self._loop, self._due = loop, None
        if self._busy:
            return
        marks = len(self._group.marks)
        if self._due is None:
            soon = marks >= _MANY or not self._crowded
            self._due = self._soon(loop) if soon else loop.call_later(_GATHERING_SECONDS, self._begin)
        elif marks == _MANY:
            self._due.cancel()
            self._due = self._soon(loop)

    def _soon(self, loop: asyncio.AbstractEventLoop) -> asyncio.Handle:
        return loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Write at once what can be; the rest is for the thread."""
        self._due = None
        group = None if self._closing else self._take()
        if group:
            try:
                works = [errand.work for errand in group.errands]
                group.written = self._keeper.write_at_once(group.ids, group.attempts, works)
            finally:
                self._taken.put(group)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """After a commit: the next."""
        if self._group:
            self._stir(loop)

    # On either.

    def _take(self) -> _Group | None:
        """What has come in, if nothing is being written down; to be handed to the thread."""
        with self._lock:
            if self._busy or not self._group:
                return None
            group, self._group, self._busy = self._group, _Group(), True
        self._crowded = len(group.marks) > _FEW
        return group

    # On the thread.

    def _run(self) -> None:
        while group := self._next():
            if group.written is None:
                self._write(group)
            else:
                self._commit(group, *group.written)
            self._busy = False
            self._tell_to_go_on()
        self._keeper.close()

    def _next(self) -> _Group | None:
        """A group to write or to commit; None when there will be no more."""
        while True:
            if self._closing or self._loop is None:
                if group := self._take():
                    return group
                if self._closing and not self._busy:
                    return None
            if group := self._taken.get():
                return group

    def _tell_to_go_on(self) -> None:
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._go_on, loop)
            except RuntimeError:  # it has ended; the journal goes on
                self._loop = None

    def _commit(self, group: _Group, allowed: set[DeliveryId], results: Sequence[object]) -> None:
        """What was written at once."""
        try:
            self._keeper.commit()
        except Exception as error:
            problem = _as_problem(error)
            _give((waiting, problem) for waiting in (*group.marks, *group.errands))
            self._keeper.insist(group.attempts, problem)
            return
        _give((mark, mark.delivery_id in allowed) for mark in group.marks)
        _give(zip(group.errands, results, strict=True))

    def _write(self, group: _Group) -> None:
        """What could not be written at once: the errands after the rest, each by itself."""
        try:
            allowed = self._keeper.write(group.ids, group.attempts)
        except Exception as error:  # a marker that was not committed must never let a dot go out
            problem = _as_problem(error)
            _give((mark, problem) for mark in group.marks)
            self._keeper.insist(group.attempts, problem)
        else:
            _give((mark, mark.delivery_id in allowed) for mark in group.marks)
        for errand in group.errands:
            _give([(errand, self._done(errand))])

    def _done(self, errand: _Errand) -> object:
        try:
            return self._keeper.do(errand.work)
        except Exception as error:  # for whoever asked
            return error


def _as_problem(error: Exception) -> StorageUnavailable:
    return error if isinstance(error, StorageUnavailable) else StorageUnavailable(f"The journal failed: {error}.")


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
