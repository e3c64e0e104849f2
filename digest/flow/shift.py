"""A shift: one worker's run, from registering to retiring. It leases batches and shows that it lives.

What it works off are `Duties`: the deliveries of issues, or single letters.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from digest.errors import Problem, StorageUnavailable, TransportRefused, TransportUnavailable
from digest.flow import line, restored
from digest.flow.ahead import Ahead
from digest.flow.duties import Duties
from digest.flow.feed import Feed, Leased
from digest.flow.handfuls import Handfuls
from digest.flow.house import House
from digest.flow.lines import Delivered, Lines
from digest.flow.recover import recover
from digest.flow.relays import Relays
from digest.flow.stop import Stop
from digest.mail.dkim import Signer
from digest.model.delivery import Handover
from digest.ports import Session, Transport
from digest.storage import troubles, workers
from digest.storage.journal import Journal
from digest.storage.outbox import RetryPolicy

#: How often whoever waits for the next that is due, or for another shift, looks whether something else is.
LOOK_SECONDS = 2.0


@dataclass
class Shift:
    """One worker's run."""

    house: House
    stop: Stop
    progress: Callable[[Handover], None]
    duties: Duties
    delivered: Delivered = field(default_factory=Delivered)
    #: Whether to leave in peace who has just turned another worker away; a person who asks is told at once.
    patient: bool = False
    #: The other shift of the same run.
    beside: "Shift | None" = field(init=False, default=None)
    #: Whether a mail server lets it in, or is just being asked; and who delivers in it then.
    is_let_in: bool = field(init=False, default=False)
    at_work: "_Worker | None" = field(init=False, default=None)

    async def work(self, *, drain: bool) -> None:
        """Batch after batch, until nothing is due, or, with `drain`, until nothing waits.

        Whatever ends it early asks the other shift to end as well, and never breaks it off: its dots may be out. A mail
        server that lets in the other, and not this one, is no reason to end.
        """
        try:
            await self._work(drain=drain)
        except Problem as problem:
            self.stop.because(problem)
        except Exception:
            self.stop.wanted = True
            raise

    async def _work(self, *, drain: bool) -> None:
        transports, turned_away = self.duties.ways_out(), 0
        while not self.stop.wanted and await self._is_due(drain=drain):
            relays = self._relays(transports)
            if self.patient and relays.all_rest:
                return
            try:
                # Catalogues, keys and a knock first: what is wrong with them leaves the database as it was.
                self.house.tongues.must_all_be_whole()
                restored.must_be_the_same(self.house)
                signers = self.house.signers()
                first = await self._let_in(relays)
            except Problem as problem:
                refused = isinstance(problem, TransportUnavailable | TransportRefused)
                if refused and self.beside and self.beside.is_let_in:
                    await self._wait_for(self.beside, turned_away)
                    turned_away += 1
                    continue
                self.stop.because(problem)
                self._write_down(relays)
                return
            turned_away = 0
            try:
                async with self._registered(relays, first, signers) as worker:
                    await worker.until_nothing_is_due()
            finally:
                self.is_let_in = False

    async def work_beside(self, its_work: "asyncio.Task[None]", *, drain: bool) -> None:
        """The same for as long as another shift goes on, as more may come meanwhile, and once more after it."""
        while not its_work.done() and not self.stop.wanted:
            await self.work(drain=False)
            await asyncio.wait({its_work}, timeout=LOOK_SECONDS)
        await self.work(drain=drain)

    async def _let_in(self, relays: Relays) -> Session:
        self.is_let_in = True  # as far as anybody knows: two who knock at once must not both give up
        try:
            return await relays.connect()
        except BaseException:
            self.is_let_in = False
            raise

    async def _wait_for(self, other: "Shift", turned_away: int) -> None:
        """Until the other shift has ended, or it is worth another try. Asked first, it leaves us a connection."""
        if not turned_away and other.at_work:
            other.at_work.give_way()
        for _ in range(1 << min(turned_away, 4)):
            if other.is_let_in:
                await self.stop.rest(LOOK_SECONDS)

    def _relays(self, transports: Sequence[Transport]) -> Relays:
        with self.house.store.read() as connection:
            return Relays(transports, troubles.listed(connection))

    def _write_down(self, relays: Relays) -> None:
        """A database that is away must not hide why nobody let us in."""
        with suppress(StorageUnavailable), self.house.store.write() as connection:
            relays.write_down(connection)

    async def _is_due(self, *, drain: bool) -> bool:
        """Whether something is due; with `drain`, waits for what was deferred. False when nothing waits any more."""
        while not self.stop.wanted:
            if not self.house.store.embedded:
                recover(self.house, alone=False)  # what waits may be the lease of a worker that died meanwhile
            with self.house.store.read() as connection:
                due, due_at = self.duties.waiting(connection)
            if due or not drain or due_at is None:
                return due
            # Not for long: an issue may come out meanwhile, and hours may be changed. What should have gone already is
            # in another worker's hands, and looked for ever less often.
            away = abs((due_at - datetime.now(UTC)).total_seconds())
            await self.stop.rest(min(max(away, 0.02), LOOK_SECONDS))
        return False

    @asynccontextmanager
    async def _registered(self, relays: Relays, first: Session, signers: Sequence[Signer]) -> "AsyncIterator[_Worker]":
        with self.house.store.write() as connection:
            token = workers.register(connection)
            expired = self.duties.begin(connection, signers)
        self.delivered.expired += expired
        worker = self.at_work = _Worker(self, token, relays, first, signers)
        heart = asyncio.create_task(worker.beat())
        try:
            yield worker
        finally:
            heart.cancel()
            try:
                with suppress(asyncio.CancelledError):
                    await heart
            finally:
                self.at_work = None
                # In a thread: where the database is away it waits, and the other shift's replies must not.
                await asyncio.to_thread(worker.retire)


class _Worker:
    """A registered worker with its journal."""

    def __init__(self, shift: Shift, token: str, relays: Relays, first: Session, signers: Sequence[Signer]) -> None:
        self._house, self._stop, self._token, self._duties = shift.house, shift.stop, token, shift.duties
        mail = self._house.settings.mail
        retry = RetryPolicy(attempts=mail.attempts, first_wait=timedelta(seconds=mail.retry_seconds))
        self._journal = Journal(self._house.store, token, retry, self._duties.book, connections=relays.connections)
        self._relays = relays
        self._maker = Ahead(signers) if signers else Handfuls()
        # Half a batch is left when the next is asked for, which is there before that is gone.
        low, per_domain = self._house.settings.delivery.batch // 2, mail.smtp.connections_per_domain
        self._feed = Feed(self._lease, low=low, per_domain=per_domain, maker=self._maker)
        self._lines = Lines(
            relays=relays,
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
                ids = [letter.id for letter in left]
                await self._journal.do(lambda connection: self._duties.give_back(connection, self._token, ids))
        except Problem as problem:
            self._stop.because(problem)
        finally:
            await self._maker.close()

    def give_way(self) -> None:
        """Have one connection fewer, until all goes well for a while."""
        self._lines.give_way()

    async def beat(self) -> None:
        """Show that we live; once given up, stop: others have our leases."""
        while True:
            await asyncio.sleep(self._house.settings.delivery.beat_seconds)
            with suppress(StorageUnavailable):  # the markers will tell soon enough
                if not await self._journal.do(self._beaten):
                    what = "This worker was silent for too long and was given up."
                    self._stop.because(StorageUnavailable(what, remedy="Start it again."))
                    return

    def _beaten(self, connection: Connection) -> bool:
        self._relays.write_down(connection)
        return workers.beat(connection, self._token)

    def retire(self) -> None:
        """Write down what is left, and end. A database that is away must not hide the first problem."""
        try:
            self._journal.close()
            with self._house.store.write() as connection:
                self._relays.write_down(connection)
                workers.retire(connection, self._token)
                # Of ours alone: the other shift may be silent by a clock that has jumped, and waits for its replies.
                workers.sweep(connection)
        except StorageUnavailable as problem:
            self._stop.because(problem)

    async def _lease(self) -> Sequence[Leased]:
        """Some more, as soon as the pace allows; none when nothing is due."""
        while not self._stop.wanted:
            letters, seconds = await self._journal.do(lambda connection: self._duties.lease(connection, self._token))
            if letters or not seconds:
                return letters
            await self._stop.rest(seconds)
        return []
