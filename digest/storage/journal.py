"""The journal: one thread that commits the markers and outcomes of all connections together.

The next commit starts when the last one ends, so that commits group by themselves under load and nobody waits when
there is none.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from digest.errors import StorageUnavailable
from digest.model.delivery import Attempt, DeliveryId
from digest.storage import outbox, settlement
from digest.storage.engine import Store
from digest.storage.outbox import RetryPolicy

#: How long outcomes are held in memory while the database is away, before they are given up as unknown.
PATIENCE_SECONDS = 600.0
_PAUSE_SECONDS = 0.5

#: Called within the transaction that records them, for what else hangs on outcomes.
OnSettled = Callable[..., None]


@dataclass(slots=True)
class _Mark:
    delivery_id: DeliveryId
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[bool]"


@dataclass(slots=True)
class _Settle:
    attempt: Attempt


@dataclass(slots=True)
class _Group:
    marks: list[_Mark] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    last: bool = False


class Journal:
    """Writes down what happens to one worker's deliveries."""

    def __init__(self, store: Store, token: str, retry: RetryPolicy, on_settled: OnSettled | None = None) -> None:
        self._store, self._token, self._retry, self._on_settled = store, token, retry, on_settled
        self._entries: queue.SimpleQueue[_Mark | _Settle | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        #: Set when outcomes could not be written in time; no more work may be taken.
        self.broken: StorageUnavailable | None = None
        self._thread.start()

    async def mark(self, delivery_id: DeliveryId) -> bool:
        """Commit the marker durably; True when the dot may go out. Raises StorageUnavailable: then it may not."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._entries.put(_Mark(delivery_id, loop, answer))
        return await answer

    def settle(self, attempt: Attempt) -> None:
        """Have an outcome written down; returns at once."""
        self._entries.put(_Settle(attempt))

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

    def _next_group(self) -> _Group:
        """All that has come in since the last commit; waits for the first."""
        group = _Group()
        entry = self._entries.get()
        while True:
            match entry:
                case None:
                    group.last = True
                case _Mark():
                    group.marks.append(entry)
                case _Settle(attempt=attempt):
                    group.attempts.append(attempt)
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                return group

    def _write_markers_and_outcomes(self, group: _Group) -> None:
        try:
            allowed = self._commit([m.delivery_id for m in group.marks], group.attempts)
        except Exception as error:  # a marker that was not committed must never let a dot go out
            problem = (
                error if isinstance(error, StorageUnavailable) else StorageUnavailable(f"The journal failed: {error}.")
            )
            for mark in group.marks:
                _answer(mark, problem)
            self._insist(group.attempts, problem)
            return
        for mark in group.marks:
            _answer(mark, mark.delivery_id in allowed)

    def _commit(self, marks: Sequence[DeliveryId], attempts: Sequence[Attempt]) -> set[DeliveryId]:
        if not marks and not attempts:
            return set()
        with self._store.write() as connection:
            settlement.settle(connection, self._token, attempts, self._retry)
            if self._on_settled and attempts:
                self._on_settled(connection, attempts)
            return outbox.mark(connection, self._token, marks) if marks else set()

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
                break
            return
        if attempts:
            self.broken = problem


def _answer(mark: _Mark, answer: bool | Exception) -> None:
    def set_answer() -> None:
        if mark.answer.done():
            return
        if isinstance(answer, Exception):
            mark.answer.set_exception(answer)
        else:
            mark.answer.set_result(answer)

    with suppress(RuntimeError):  # nobody waits any more: the loop has ended, the journal goes on
        mark.loop.call_soon_threadsafe(set_answer)
