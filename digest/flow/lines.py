"""Lines: a worker's connections to the next hop, and what it makes of the answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from digest.errors import Problem, TransportRefused, TransportUnavailable
from digest.flow.letters import Letters
from digest.model.delivery import About, Attempt, Handover, Outcome, Phase
from digest.ports import Session, Transport
from digest.storage.journal import Journal
from digest.storage.outbox import Duty

#: So many refusals in a row that are about us, not about a reader, stop the stream.
PATIENCE_WITH_US = 5

#: So many readers refused in a row are no coincidence: the server's own list is broken, or ours is.
PATIENCE_WITH_MAILBOXES = 20

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


@dataclass
class Lines:
    """The connections of one worker, kept from batch to batch."""

    transport: Transport
    letters: Letters
    journal: Journal
    stop: Stop
    delivered: Delivered
    progress: Callable[[Handover], None]
    #: A session that is open already.
    spare: Session | None = None

    def __post_init__(self) -> None:
        self._idle: list[Session] = [self.spare] if self.spare else []
        self._open = 0
        self._refusals_of_us = 0
        self._idle_ends = 0
        self._bad_mailboxes = 0

    async def hand_over(self, duties: list[Duty]) -> list[Duty]:
        """Hand over these, over as many connections as there may be. Returns those that were not tried."""
        waiting: asyncio.Queue[Duty] = asyncio.Queue()
        for duty in duties:
            waiting.put_nowait(duty)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.transport.connections, len(duties))):
                group.create_task(self._line(waiting))
        return [waiting.get_nowait() for _ in range(waiting.qsize())]

    async def close(self) -> None:
        """End the connections politely."""
        while self._idle:
            await self._idle.pop().close()

    async def _line(self, waiting: "asyncio.Queue[Duty]") -> None:
        """One connection, for as long as there is something to hand over."""
        session: Session | None = None
        self._open += 1
        try:
            while not self.stop.wanted and not waiting.empty():
                session = session or await self._session()
                if waiting.empty():
                    break  # others were faster while we connected
                handover = await self._hand_over(session, waiting)
                if handover is None or handover.closed:
                    await session.close()
                    session = None
        except Problem as problem:
            if self._open == 1:  # as long as another line works, a server may have its reasons to want fewer
                self.stop.because(problem)
        finally:
            self._open -= 1
            if session:
                self._idle.append(session)

    async def _session(self) -> Session:
        return self._idle.pop() if self._idle else await self.transport.connect()

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
            words = " ".join(f"the letter cannot be made: {error}".split())[:500]
            return Handover(outcome=Outcome.DEFERRED, phase=Phase.CONNECT, diagnostic=words)
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
        self._bad_mailboxes = self._bad_mailboxes + 1 if handover.outcome is Outcome.FAILED else 0
        if self._bad_mailboxes >= PATIENCE_WITH_MAILBOXES:
            self.stop.because(_refuses_everybody(handover))
        if handover.outcome is Outcome.ACCEPTED:
            self._idle_ends = 0
        if self.journal.broken:
            self.stop.because(self.journal.broken)


def _was_idle(handover: Handover) -> bool:
    """The connection had ended while it was idle: nothing was tried, and another may take its place."""
    return handover.outcome is Outcome.DEFERRED and handover.phase is Phase.CONNECT and handover.closed


def _held_if_about_us(handover: Handover) -> Handover:
    """A refusal for good that is about us says nothing of this reader: the delivery is kept for when we are mended."""
    if handover.outcome is Outcome.FAILED and handover.about is About.US:
        return replace(handover, outcome=Outcome.DEFERRED)
    return handover


def _refuses_everybody(handover: Handover) -> Problem:
    return TransportRefused(
        f"The mail server refused {PATIENCE_WITH_MAILBOXES} readers in a row, the last with: {handover.diagnostic}",
        remedy="Check whether it is the right server and the addresses are real, then run: digest deliver.",
    )


def _turned_away(handover: Handover) -> Problem:
    what = f"The mail server refuses us, not a reader: {handover.diagnostic}"
    remedy = "Nobody was suppressed, all is kept. Mend that, then run: digest deliver."
    refused = (handover.reply_code or 0) >= 500
    return TransportRefused(what, remedy=remedy) if refused else TransportUnavailable(what, remedy=remedy)
