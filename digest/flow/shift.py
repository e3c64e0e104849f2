"""A shift: one worker's run, from registering to retiring. It leases batches and shows that it lives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from digest.errors import Problem, StorageUnavailable
from digest.flow import line
from digest.flow.feed import Feed
from digest.flow.feedback import suppress_refused
from digest.flow.hours import Hours
from digest.flow.house import House
from digest.flow.letters import Letter, Letters
from digest.flow.lines import Delivered, Lines
from digest.flow.recover import recover
from digest.flow.stop import Stop
from digest.model.delivery import Handover
from digest.ports import Session, Transport
from digest.settings import Delivery
from digest.storage import outbox, pace, tally, workers
from digest.storage.journal import Journal
from digest.storage.outbox import RetryPolicy
from digest.storage.pace import Rate

#: How often whoever waits for the next that is due looks whether something else is.
LOOK_SECONDS = 2.0


@dataclass
class Shift:
    """One worker's run."""

    house: House
    stop: Stop
    progress: Callable[[Handover], None]
    hours: Hours
    delivered: Delivered = field(default_factory=Delivered)

    async def work(self, *, drain: bool) -> None:
        """Batch after batch, until nothing is due, or, with `drain`, until nothing waits."""
        transport = self.house.transport()
        while not self.stop.wanted and await self._is_due(drain=drain):
            try:
                # Catalogues, keys and a knock first: what is wrong with them leaves the database as it was.
                self.house.tongues.must_all_be_whole()
                signers = self.house.signers()
                first = await transport.connect()
            except Problem as problem:
                self.stop.because(problem)
                return
            async with self._registered(transport, first, Letters(self.house, signers)) as worker:
                await worker.until_nothing_is_due()

    async def _is_due(self, *, drain: bool) -> bool:
        """Whether something is due; with `drain`, waits for what was deferred. False when nothing waits any more."""
        while not self.stop.wanted:
            if not self.house.store.embedded:
                recover(self.house, alone=False)  # what waits may be the lease of a worker that died meanwhile
            with self.house.store.read() as connection:
                due, due_at = tally.next_due(connection, self.hours.closed(connection))
            if due or not drain or due_at is None:
                return due
            # Not for long: an issue may come out meanwhile, and hours may be changed.
            await self.stop.rest(min(max((due_at - datetime.now(UTC)).total_seconds(), 0.02), LOOK_SECONDS))
        return False

    @asynccontextmanager
    async def _registered(self, transport: Transport, first: Session, letters: Letters) -> "AsyncIterator[_Worker]":
        with self.house.store.write() as connection:
            token = workers.register(connection)
            outbox.expire(connection, older_than=timedelta(hours=self.house.settings.delivery.expire_hours))
        worker = _Worker(self, token, transport, first, letters)
        heart = asyncio.create_task(worker.beat())
        try:
            yield worker
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            worker.retire()


def rate_of(limits: Delivery) -> Rate | None:
    """The pace that the settings ask for; None for none."""
    rates = [each for each in (limits.per_second, limits.per_minute / 60) if each]
    return Rate(per_second=min(rates)) if rates else None


class _Worker:
    """A registered worker with its journal."""

    def __init__(self, shift: Shift, token: str, transport: Transport, first: Session, letters: Letters) -> None:
        self._house, self._stop, self._token, self._hours = shift.house, shift.stop, token, shift.hours
        mail = self._house.settings.mail
        retry = RetryPolicy(attempts=mail.attempts, first_wait=timedelta(seconds=mail.retry_seconds))
        self._journal = Journal(self._house.store, token, retry, suppress_refused(self._house))
        self._letters = letters
        self._rate = rate_of(self._house.settings.delivery)
        # Half a batch is left when the next is asked for, which is there before that is gone.
        low, per_domain = self._house.settings.delivery.batch // 2, mail.smtp.connections_per_domain
        self._feed = Feed(self._lease, low=low, per_domain=per_domain)
        self._lines = Lines(
            transport=transport,
            feed=self._feed,
            journal=self._journal,
            stop=shift.stop,
            delivered=shift.delivered,
            progress=shift.progress,
            spare=first,
        )

    async def until_nothing_is_due(self) -> None:
        """Lease and hand over; what is left when the run is asked to end is given back."""
        try:
            await line.run(self._lines)
            if left := await self._feed.close():
                ids = [letter.duty.id for letter in left]
                await self._journal.do(lambda connection: outbox.give_back(connection, self._token, ids))
        except Problem as problem:
            self._stop.because(problem)

    async def beat(self) -> None:
        """Show that we live; once given up, stop: others have our leases."""
        while True:
            await asyncio.sleep(self._house.settings.delivery.beat_seconds)
            with suppress(StorageUnavailable):  # the markers will tell soon enough
                if not await self._journal.do(lambda connection: workers.beat(connection, self._token)):
                    what = "This worker was silent for too long and was given up."
                    self._stop.because(StorageUnavailable(what, remedy="Start it again."))
                    return

    def retire(self) -> None:
        """Write down what is left, and end. A database that is away must not hide the first problem."""
        dead_after = timedelta(seconds=self._house.settings.delivery.dead_after_seconds)
        try:
            self._journal.close()
            with self._house.store.write() as connection:
                workers.retire(connection, self._token)
                workers.recover(connection, dead_after=dead_after)
        except StorageUnavailable as problem:
            self._stop.because(problem)

    async def _lease(self) -> list[Letter]:
        """Some more, as soon as the pace allows; none when nothing is due."""
        while not self._stop.wanted:
            letters, seconds = await self._journal.do(self._leased)
            if letters or not seconds:
                return letters
            await self._stop.rest(seconds)
        return []

    def _leased(self, connection: Connection) -> tuple[list[Letter], float]:
        """The letters leased, and how long to wait where only the pace is why there are none."""
        limit = self._house.settings.delivery.batch
        if self._rate:
            level, seconds = pace.allowed(connection, self._rate)
            if not level:
                return [], seconds
            limit = min(limit, level)
        duties = outbox.lease(connection, self._token, limit=limit, closed=self._hours.closed(connection))
        if self._rate:
            pace.spend(connection, len(duties))
        return self._letters.of(connection, duties), 0.0
