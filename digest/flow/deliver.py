"""Deliver: lease what is due, mark it, hand it over, write down what became of it.

    lease a batch ─► connections ─► 354 ─► marker committed ─► dot ─► reply ─► outcome committed

Nothing is lost: what stops before the dot goes back to the queue. Nothing comes twice: what stops after the dot
becomes unknown and is not tried again by itself.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from digest.errors import Problem, StorageUnavailable, TransportRefused, TransportUnavailable
from digest.flow.feedback import suppress_refused
from digest.flow.house import House
from digest.flow.letters import Letters
from digest.flow.recover import recover
from digest.model.delivery import About, Attempt, DeliveryId, Handover, Outcome, Phase
from digest.ports import Session, Transport
from digest.storage import lock, outbox, workers
from digest.storage.journal import Journal
from digest.storage.outbox import Duty, RetryPolicy

#: So many refusals in a row that are about us, not about a reader, stop the stream.
PATIENCE_WITH_US = 5

#: So many connections may end while idle before that counts as a try.
MOST_IDLE_ENDS = 100


@dataclass(slots=True)
class Delivered:
    """How many attempts ended in which way."""

    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    withheld: int = 0

    def count(self, outcome: Outcome) -> None:
        """One more."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)


@dataclass(slots=True)
class Stop:
    """How a delivery run is asked to end: what is in flight is finished, the rest is given back."""

    wanted: bool = False
    #: What made the run end early; raised when all is tidied up.
    problem: Problem | None = None

    def because(self, problem: Problem) -> None:
        """End because of a problem; the first one is kept."""
        self.wanted = True
        self.problem = self.problem or problem


def drain_outbox(
    house: House,
    *,
    drain: bool = False,
    stop: Stop | None = None,
    progress: Callable[[Handover], None] = lambda _: None,
) -> Delivered:
    """Take the outbox, sweep up after whoever died with it, and deliver. Raises OutboxBusy, or what deliver raises."""
    with lock.hold(house.store, house.settings.data_folder):
        recover(house, alone=house.store.embedded)
        return deliver(house, drain=drain, stop=stop, progress=progress)


def deliver(
    house: House,
    *,
    drain: bool = False,
    stop: Stop | None = None,
    progress: Callable[[Handover], None] = lambda _: None,
) -> Delivered:
    """Deliver what is due, or, with `drain`, until nothing waits any more. The caller holds the outbox.

    Raises TransportUnavailable, TransportRefused or StorageUnavailable when the run had to stop; the ledger is whole
    then, and the same call later goes on where this one ended.
    """
    stop = stop or Stop()
    run = _Run(house, stop, progress)
    try:
        _event_loop_run(run.until_done(drain=drain))
    finally:
        run.close()
    if stop.problem:
        raise stop.problem
    return run.delivered


@dataclass
class _Run:
    """One worker's run, from registering to retiring."""

    house: House
    stop: Stop
    progress: Callable[[Handover], None]
    delivered: Delivered = field(default_factory=Delivered)

    def __post_init__(self) -> None:
        settings = self.house.settings
        retry = RetryPolicy(attempts=settings.mail.attempts, first_wait=timedelta(seconds=settings.mail.retry_seconds))
        with self.house.store.write() as connection:
            self.token = workers.register(connection)
        self.journal = Journal(self.house.store, self.token, retry, suppress_refused(self.house))
        self.letters = Letters(self.house)
        self.transport: Transport = self.house.transport()
        self._refusals_of_us = 0
        self._idle_ends = 0

    async def until_done(self, *, drain: bool) -> None:
        """Batch after batch, while the worker shows that it lives."""
        heart = asyncio.create_task(self._beat())
        try:
            while not self.stop.wanted:
                duties = await asyncio.to_thread(self._lease)
                if duties:
                    await self._hand_over_all(duties)
                elif not (drain and await self._wait_for_more()):
                    return
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart

    def close(self) -> None:
        """Write down what is left, and retire. A database that is away is no reason to hide the first problem."""
        try:
            self.journal.close()
            with self.house.store.write() as connection:
                workers.retire(connection, self.token)
                workers.recover(connection, dead_after=timedelta(seconds=self._dead_after))
        except StorageUnavailable as problem:
            self.stop.because(problem)

    def _lease(self) -> list[Duty]:
        settings = self.house.settings.delivery
        with self.house.store.write() as connection:
            outbox.expire(connection, older_than=timedelta(hours=settings.expire_hours))
            duties = outbox.lease(connection, self.token, limit=settings.batch)
            outbox.refuse_forbidden(connection, self.token, [d.id for d in duties])
            wanted = [d for d in duties if d.email]
            self.letters.load(connection, wanted)
            return wanted

    async def _hand_over_all(self, duties: list[Duty]) -> None:
        waiting: asyncio.Queue[Duty] = asyncio.Queue()
        for duty in duties:
            waiting.put_nowait(duty)
        lines = min(self.transport.connections, len(duties))
        async with asyncio.TaskGroup() as group:
            for _ in range(lines):
                group.create_task(self._line(waiting))
        self.letters.trim()
        rest = [waiting.get_nowait().id for _ in range(waiting.qsize())]
        await asyncio.to_thread(self._give_back, rest)

    def _give_back(self, ids: list[DeliveryId]) -> None:
        if ids:
            with self.house.store.write() as connection:
                outbox.give_back(connection, self.token, ids)

    async def _line(self, waiting: "asyncio.Queue[Duty]") -> None:
        """One connection, kept for as long as there is something to hand over."""
        session: Session | None = None
        try:
            while not self.stop.wanted and not waiting.empty():
                session = session or await self.transport.connect()
                if waiting.empty():
                    break  # others were faster while we connected
                handover = await self._hand_over(session, waiting)
                if handover is None or handover.closed:
                    await session.close()
                    session = None
        except Problem as problem:
            self.stop.because(problem)
        finally:
            if session:
                await session.close()

    async def _hand_over(self, session: Session, waiting: "asyncio.Queue[Duty]") -> Handover | None:
        duty = waiting.get_nowait()
        started_at = datetime.now(UTC)
        try:
            handover = _held_if_about_us(await self._transact(session, duty))
        except Problem as problem:  # the marker could not be committed, so no dot went out
            waiting.put_nowait(duty)
            self.stop.because(problem)
            return None
        if _was_idle(handover) and self._idle_ends < MOST_IDLE_ENDS:
            self._idle_ends += 1
            waiting.put_nowait(duty)
            return handover
        self.journal.settle(
            Attempt(delivery_id=duty.id, started_at=started_at, ended_at=datetime.now(UTC), handover=handover)
        )
        self._judge(handover)
        return handover

    async def _transact(self, session: Session, duty: Duty) -> Handover:
        try:
            envelope, message = self.letters.letter(duty)
        except Exception as error:  # one reader's letter that cannot be made must not stop the others
            return Handover(
                outcome=Outcome.DEFERRED, phase=Phase.CONNECT, diagnostic=f"the letter cannot be made: {error}"[:500]
            )
        return await session.hand_over(envelope, message, lambda: self.journal.mark(duty.id))

    def _judge(self, handover: Handover) -> None:
        self.delivered.count(handover.outcome)
        self.progress(handover)
        if handover.outcome is Outcome.DEFERRED and handover.about is About.US:
            self._refusals_of_us += 1
            if self._refusals_of_us >= PATIENCE_WITH_US:
                self.stop.because(_turned_away(handover))
        elif handover.outcome is not Outcome.WITHHELD:
            self._refusals_of_us = 0
        if self.journal.broken:
            self.stop.because(self.journal.broken)

    async def _wait_for_more(self) -> bool:
        """Wait for the next deferred delivery to come due. False when nothing waits any more."""
        if not self.house.store.embedded:
            recover(self.house, alone=False)  # what waits may be the lease of a worker that died meanwhile
        with self.house.store.read() as connection:
            count, due_at = outbox.waiting(connection)
        if not count or due_at is None:
            return False
        seconds = (due_at - datetime.now(UTC)).total_seconds()
        deadline = asyncio.get_running_loop().time() + max(seconds, 0.2)
        # A signal or another thread sets the stop, so it is looked at rather than waited for.
        while not self.stop.wanted and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(min(0.2, max(seconds, 0.05)))
        return True

    async def _beat(self) -> None:
        """Show that we live; once declared dead, stop: others have our leases."""
        while True:
            await asyncio.sleep(self.house.settings.delivery.beat_seconds)
            with suppress(StorageUnavailable):  # the markers will tell soon enough
                if not await asyncio.to_thread(self._beat_once):
                    self.stop.because(
                        StorageUnavailable(
                            "This worker was silent for too long and was given up.", remedy="Start it again."
                        )
                    )
                    return

    def _beat_once(self) -> bool:
        with self.house.store.write() as connection:
            return workers.beat(connection, self.token)

    @property
    def _dead_after(self) -> float:
        return self.house.settings.delivery.dead_after_seconds


def _was_idle(handover: Handover) -> bool:
    """The connection had ended while it was idle: nothing was tried, and another may take its place."""
    return handover.outcome is Outcome.DEFERRED and handover.phase is Phase.CONNECT and handover.closed


def _held_if_about_us(handover: Handover) -> Handover:
    """A refusal for good that is about us says nothing of this reader: the delivery is kept for when we are mended."""
    if handover.outcome is Outcome.FAILED and handover.about is About.US:
        return replace(handover, outcome=Outcome.DEFERRED)
    return handover


def _turned_away(handover: Handover) -> Problem:
    what = f"The mail server refuses us, not a reader: {handover.diagnostic}"
    remedy = "Nobody was suppressed, all is kept. Mend that, then run: digest deliver."
    refused = (handover.reply_code or 0) >= 500
    return TransportRefused(what, remedy=remedy) if refused else TransportUnavailable(what, remedy=remedy)


def _event_loop_run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
