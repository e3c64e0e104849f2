"""The journal: one thread that commits the markers and outcomes of all connections together.

The next commit begins when the last one has ended, so that commits group by themselves under load and nobody waits when
there is none. What else a worker writes goes the same way, so that its own writes never wait for each other.

mark, settle, do ─► gathered on the loop ─► written or sent ─► committed, the thread waits ─► answered on the loop

What a swift book needs is begun on the loop, at once: two threads that take turns at every statement need far longer
for it than one, and the disk is all that anybody has to wait for. On SQLite it is written there, on PostgreSQL sent.
Where somebody else writes, outcomes need more thought, or anything is wrong, the thread writes, and waits.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage.bookkeeping import DELIVERIES, Book, Bookkeeper, End
from digest.storage.engine import Store, line_of
from digest.storage.groups import Errand, Group, Mark, answer_all, give
from digest.storage.outbox import RetryPolicy

#: What comes in after a commit of more than few markers waits for more until there are many of them, or for so long as
#: each look finds some that have come since the last: a commit costs as much as fifteen markers.
_FEW, _MANY = 4, 24
_LOOK_SECONDS, _LOOKS = 0.002, 2

T = TypeVar("T")


class Journal:
    """Writes down what happens to one worker's deliveries."""

    def __init__(
        self,
        store: Store,
        token: str,
        retry: RetryPolicy,
        book: Book = DELIVERIES,
        *,
        connections: int = _MANY,
    ) -> None:
        self._keeper = Bookkeeper(store, token, retry, book)
        #: What has come in, in its order; under the lock, as either thread may take it.
        self._groups, self._lock = deque[Group](), threading.Lock()
        self._busy = self._closing = self._crowded = self._soon = False
        #: Where each connection waits for its marker, no more will come.
        self._many = min(connections, _MANY)
        #: The loop that writes what comes in, and when it will; None while there is none.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: asyncio.Handle | None = None
        #: Groups to commit; None when the thread is to look for itself.
        self._taken: queue.SimpleQueue[Group | None] = queue.SimpleQueue()
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
            self._must_be_open()
            group = self._open_group(apart=False)
            group.marks.append(Mark(loop, answer, delivery_id))
        self._stir(loop, group)
        return answer

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a transaction of its own, after what is to be written down now. Raises what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._must_be_open()
            self._groups.append(group := Group(errand=Errand(loop, answer, work)))
        self._stir(loop, group)
        return await answer

    def settle(self, attempt: Attempt) -> None:
        """Have an outcome written down; returns at once. Raises StorageUnavailable once the journal is closed."""
        with self._lock:
            self._must_be_open()
            group = self._open_group(apart=self._keeper.is_apart(attempt))
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

    def _must_be_open(self) -> None:
        """Under the lock: what comes in later nobody would write down, or answer."""
        if self._closing:
            raise StorageUnavailable("The journal is closed.")

    def _open_group(self, *, apart: bool) -> Group:
        """Where the next marker or outcome goes: behind the last errand, with its like. Under the lock."""
        for group in reversed(self._groups):
            if group.errand:
                break
            if group.apart is apart:
                return group
        self._groups.append(group := Group(apart=apart))
        return group

    # On the loop.

    def _stir(self, loop: asyncio.AbstractEventLoop, group: Group) -> None:
        """Have what has come in written down soon, or, after a commit of many, together with some more."""
        if loop is not self._loop:
            self._loop, self._due = loop, None
        if self._busy:
            return
        soon = group.errand is not None or len(group.marks) >= self._many or not self._crowded
        if self._due and soon and not self._soon:
            self._due.cancel()
            self._due = None
        if self._due is None:
            self._soon = soon
            self._due = loop.call_soon(self._begin) if soon else self._later(loop, group, _LOOKS)

    def _later(self, loop: asyncio.AbstractEventLoop, group: Group, looks: int) -> asyncio.Handle:
        return loop.call_later(_LOOK_SECONDS, self._look, loop, group, len(group.marks), looks - 1)

    def _look(self, loop: asyncio.AbstractEventLoop, group: Group, before: int, looks: int) -> None:
        """Begin, unless more came since the last look."""
        if looks and len(group.marks) > before:
            self._due = self._later(loop, group, looks)
        else:
            self._begin()

    def _begin(self) -> None:
        """Begin at once what can be; the rest is for the thread."""
        self._due, group = None, None
        try:
            group = self._take(closing=False)
            if group:
                group.end = self._begun_at_once(group)
        finally:
            if group:
                self._taken.put(group)

    def _begun_at_once(self, group: Group) -> End[Any] | None:
        if group.errand is None:
            return self._keeper.write_at_once(group.ids, group.attempts)
        try:
            return self._keeper.do_at_once(group.errand.work)
        except Exception as error:  # for whoever asked
            answer_all([(group.errand, error)])
            group.errand = None
            return None

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """After a commit: the next."""
        with self._lock:
            first = next(iter(self._groups), None)
        if first:
            self._stir(loop, first)

    # On either.

    def _take(self, *, closing: bool) -> Group | None:
        """What came in first, if nothing is being written down; to be handed to the thread. Once the journal is being
        closed, only the thread takes."""
        with self._lock:
            if self._busy or not self._groups or (self._closing and not closing):
                return None
            self._busy, group = True, self._groups.popleft()
        if not group.errand and not group.apart:
            self._crowded = len(group.marks) > _FEW
        return group

    # On the thread.

    def _run(self) -> None:
        while group := self._next():
            self._finish(group)
            # In this order, as `_stir` first says which loop it is and then looks: one of the two sees the other.
            self._busy = False
            self._tell_to_go_on()
        self._keeper.close()

    def _next(self) -> Group | None:
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

    def _finish(self, group: Group) -> None:
        """Commit what was begun at once; write what could not be."""
        try:
            came = group.end() if group.end else self._written(group)
        except Exception as error:
            self._tell_and_insist(group, error)
        else:
            give(group.answers(came))

    def _written(self, group: Group) -> Any:
        if group.errand is None:
            return self._keeper.write(group.ids, group.attempts)
        try:
            return self._keeper.do(group.errand.work)
        except Exception as error:  # for whoever asked
            return error

    def _tell_and_insist(self, group: Group, error: Exception) -> None:
        """A marker that was not committed lets no dot go out; what has happened is to be written all the same."""
        if not isinstance(error, StorageUnavailable):
            error = StorageUnavailable(f"The journal failed: {line_of(error)}.")
        give((waiting, error) for waiting in group.waiting)
        self._keeper.insist(group.attempts, error)
