"""The journal: one thread that commits the markers and outcomes of all connections together.

The next commit begins when the last one has ended, so that commits group by themselves under load and nobody waits when
there is none. What else a worker writes goes the same way, so that its own writes never wait for each other.

mark, settle, do ─► gathered on the loop ─► written ─► committed by the thread ─► answered on the loop

On SQLite a swift book is written on the loop, at once: two threads that take turns at every statement need far longer
for it than one, and the disk is all that anybody has to wait for. Where somebody else writes, where the database is a
server, or anything is wrong, the thread writes, and waits.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage.bookkeeping import DELIVERIES, Book, Bookkeeper, OnSettled, Work
from digest.storage.engine import Store
from digest.storage.outbox import RetryPolicy

#: What comes in after a commit of more than few markers waits so long for more, or until there are many of them: a
#: commit costs as much as fifteen.
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
    work: Work


@dataclass(slots=True)
class _Group:
    """What is written down together: markers and outcomes, or one errand."""

    marks: list[_Mark] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    errand: _Errand | None = None
    #: Where all is written and waits for its commit: what to answer then.
    answers: list[tuple[_Waiting, object]] | None = None

    @property
    def ids(self) -> list[DeliveryId]:
        """Whose markers are asked for."""
        return [mark.delivery_id for mark in self.marks]

    @property
    def waiting(self) -> list[_Waiting]:
        """Everybody who waits for an answer."""
        return [*self.marks, *([self.errand] if self.errand else [])]


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
        #: What has come in, in its order; under the lock, as either thread may take it.
        self._groups, self._lock = deque[_Group](), threading.Lock()
        self._busy = self._closing = self._crowded = self._soon = False
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
            group = self._open_group()
            group.marks.append(_Mark(loop, answer, delivery_id))
        self._stir(loop, group)
        return answer

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a transaction of its own, after what is to be written down now. Raises what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._groups.append(group := _Group(errand=_Errand(loop, answer, work)))
        self._stir(loop, group)
        return await answer

    def settle(self, attempt: Attempt) -> None:
        """Have an outcome written down; returns at once."""
        with self._lock:
            group = self._open_group()
            group.attempts.append(attempt)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nobody's runs here
            self._loop = None
            self._taken.put(None)
        else:
            self._stir(loop, group)

    def close(self) -> None:
        """Write down all that is left, then stop. Raises StorageUnavailable when that could not be done."""
        with self._lock:
            self._closing = True
        self._taken.put(None)
        self._thread.join()
        if self.broken:
            raise self.broken

    def _open_group(self) -> _Group:
        """Where the next marker or outcome goes. Under the lock."""
        if not self._groups or self._groups[-1].errand:
            self._groups.append(_Group())
        return self._groups[-1]

    # On the loop.

    def _stir(self, loop: asyncio.AbstractEventLoop, group: _Group) -> None:
        """Have what has come in written down soon, or, after a commit of many, together with some more."""
        if loop is not self._loop:
            self._loop, self._due = loop, None
        if self._busy:
            return
        soon = group.errand is not None or len(group.marks) >= _MANY or not self._crowded
        if self._due and soon and not self._soon:
            self._due.cancel()
            self._due = None
        if self._due is None:
            self._due = loop.call_soon(self._begin) if soon else loop.call_later(_GATHERING_SECONDS, self._begin)
            self._soon = soon

    def _begin(self) -> None:
        """Write at once what can be; the rest is for the thread."""
        self._due, group = None, None
        try:
            group = self._take(closing=False)
            if group:
                group.answers = self._written_at_once(group)
        finally:
            if group:
                self._taken.put(group)

    def _written_at_once(self, group: _Group) -> list[tuple[_Waiting, object]] | None:
        if group.errand is None:
            allowed = self._keeper.write_at_once(group.ids, group.attempts)
            return None if allowed is None else _answers(group, allowed)
        try:
            results = self._keeper.do_at_once(group.errand.work)
        except Exception as error:  # for whoever asked
            _answer_all([(group.errand, error)])
            group.errand = None
            return None
        return None if results is None else [(group.errand, *results)]

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """After a commit: the next."""
        with self._lock:
            first = next(iter(self._groups), None)
        if first:
            self._stir(loop, first)

    # On either.

    def _take(self, *, closing: bool) -> _Group | None:
        """What came in first, if nothing is being written down; to be handed to the thread. Once the journal is being
        closed, only the thread takes."""
        with self._lock:
            if self._busy or not self._groups or (self._closing and not closing):
                return None
            self._busy, group = True, self._groups.popleft()
        if not group.errand:
            self._crowded = len(group.marks) > _FEW
        return group

    # On the thread.

    def _run(self) -> None:
        while group := self._next():
            if group.answers is None:
                self._write(group)
            else:
                self._commit(group, group.answers)
            # In this order, as `_stir` first says which loop it is and then looks: one of the two sees the other.
            self._busy = False
            self._tell_to_go_on()
        self._keeper.close()

    def _next(self) -> _Group | None:
        """A group to write or to commit; None when there will be no more."""
        while True:
            if self._closing or self._loop is None:
                if group := self._take(closing=True):
                    return group
                if self._closing and not self._busy:
                    return None
            if group := self._taken.get():
                return group

    def _tell_to_go_on(self) -> None:
        try:
            if loop := self._loop:
                loop.call_soon_threadsafe(self._go_on, loop)
        except RuntimeError:  # it has ended; the journal goes on
            self._loop = None

    def _commit(self, group: _Group, answers: Iterable[tuple[_Waiting, object]]) -> None:
        """What was written at once."""
        try:
            self._keeper.commit()
        except Exception as error:
            self._tell_and_insist(group, error)
        else:
            _give(answers)

    def _write(self, group: _Group) -> None:
        """What could not be written at once."""
        if group.errand:
            _give([(group.errand, self._done(group.errand))])
            return
        try:
            allowed = self._keeper.write(group.ids, group.attempts)
        except Exception as error:
            self._tell_and_insist(group, error)
        else:
            _give(_answers(group, allowed))

    def _tell_and_insist(self, group: _Group, error: Exception) -> None:
        """A marker that was not committed lets no dot go out; what has happened is to be written all the same."""
        if not isinstance(error, StorageUnavailable):
            error = StorageUnavailable(f"The journal failed: {error}.")
        _give((waiting, error) for waiting in group.waiting)
        self._keeper.insist(group.attempts, error)

    def _done(self, errand: _Errand) -> object:
        try:
            return self._keeper.do(errand.work)
        except Exception as error:  # for whoever asked
            return error


def _answers(group: _Group, allowed: set[DeliveryId]) -> list[tuple[_Waiting, object]]:
    return [(mark, mark.delivery_id in allowed) for mark in group.marks]


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
