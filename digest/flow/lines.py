"""Lines: a worker's connections to the next hop, and what it makes of the answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from digest.errors import Problem
from digest.flow.breaker import Breaker
from digest.flow.feed import Feed, Letter
from digest.flow.throttle import Throttle
from digest.model.delivery import About, Attempt, Handover, Outcome, Phase
from digest.ports import Session, Transport
from digest.storage.journal import Journal

#: So many connections may end while idle before that counts as a try.
MOST_IDLE_ENDS = 100

#: How long a line waits that may not be open, or could not be opened, before it looks again.
_PAUSE_SECONDS = 0.5

#: How often whoever waits looks whether to end.
_GLANCE_SECONDS = 0.2

#: The server closes the connection and will take no more for now (RFC 5321, 3.8).
_SERVICE_CLOSING = 421


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

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until the run is asked to end."""
        deadline = asyncio.get_running_loop().time() + seconds
        # A signal or another thread sets it, so it is looked at rather than waited for.
        while not self.wanted and (left := deadline - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(_GLANCE_SECONDS, left))


@dataclass
class Lines:
    """The connections of one worker."""

    transport: Transport
    feed: Feed
    journal: Journal
    stop: Stop
    delivered: Delivered
    progress: Callable[[Handover], None]
    #: A session that is open already.
    spare: Session | None = None
    _breaker: Breaker = field(init=False, default_factory=Breaker)

    def __post_init__(self) -> None:
        self._throttle = Throttle(self.transport.connections)
        self._open = 0
        self._idle_ends = 0

    async def run(self) -> None:
        """Hand over what the feed brings, over as many connections as there may be, until it brings no more."""
        async with asyncio.TaskGroup() as group:
            for index in range(self.transport.connections):
                group.create_task(self._line(index))
        if self.spare:
            await self.spare.close()

    async def _line(self, index: int) -> None:
        """One connection, opened anew when it ends, for as long as there is something to hand over."""
        session: Session | None = None
        try:
            while not self.stop.wanted and (letter := await self.feed.next()):
                session = await self._opened(session, index, letter)
                if session is None:
                    await asyncio.sleep(_PAUSE_SECONDS)
                elif await self._goes_on(session, letter):
                    continue
                else:
                    await self._closed(session)
                    session = None
        except Problem as problem:
            self.stop.because(problem)
        finally:
            await self._closed(session)

    async def _opened(self, session: Session | None, index: int, letter: Letter) -> Session | None:
        """The session for a letter; without one it is put back for others."""
        if index >= self._throttle.allowed:
            self.feed.put_back(letter)
            await self._closed(session)
            return None
        if session is not None:
            return session
        try:
            session = await self._connected()
        except Problem as problem:
            self.feed.put_back(letter)
            # As long as another line works, a server may have its reasons to want fewer.
            if self._open == 0:
                self.stop.because(problem)
            self._throttle.asked_for_less(self._open)
            return None
        self._open += 1
        return session

    async def _connected(self) -> Session:
        if self.spare is None:
            return await self.transport.connect()
        spare, self.spare = self.spare, None
        return spare

    async def _closed(self, session: Session | None) -> None:
        if session is not None:
            self._open -= 1
            await session.close()

    async def _goes_on(self, session: Session, letter: Letter) -> bool:
        """Hand over one letter; True when the session can take another."""
        started_at = datetime.now(UTC)
        try:
            handover = _held_if_about_us(await self._handed_over(session, letter))
        except Problem as problem:  # the marker could not be committed, so no dot went out
            self.feed.put_back(letter)
            self.stop.because(problem)
            return False
        if _was_idle(handover) and self._idle_ends < MOST_IDLE_ENDS:
            self._idle_ends += 1
            self.feed.put_back(letter)
            return False
        self.feed.done(letter)
        self.journal.settle(
            Attempt(delivery_id=letter.id, started_at=started_at, ended_at=datetime.now(UTC), handover=handover)
        )
        self._learn(handover)
        return not handover.closed

    async def _handed_over(self, session: Session, letter: Letter) -> Handover:
        try:
            envelope, message = letter.made()
        except Exception as error:  # one reader's letter that cannot be made must not stop the others
            return Handover(
                outcome=Outcome.DEFERRED, phase=Phase.CONNECT, diagnostic=_words("the letter cannot be made", error)
            )
        marked = False

        async def before_dot() -> bool:
            nonlocal marked
            marked = await self.journal.mark(letter.id)
            return marked

        try:
            return await session.hand_over(envelope, message, before_dot)
        except Problem:
            raise
        except Exception as error:  # a mistake of ours over one letter must not stop the others either
            end, phase = (Outcome.UNKNOWN, Phase.DOT) if marked else (Outcome.DEFERRED, Phase.MAIL)
            words = _words("the letter cannot be handed over", error)
            return Handover(outcome=end, phase=phase, diagnostic=words, closed=True)

    def _learn(self, handover: Handover) -> None:
        self.delivered.count(handover.outcome)
        self.progress(handover)
        if handover.outcome is Outcome.ACCEPTED:
            self._idle_ends = 0
            self._throttle.went_well()
        elif handover.reply_code == _SERVICE_CLOSING:
            self._throttle.asked_for_less(self._open)
        if problem := self._breaker.problem_after(handover) or self.journal.broken:
            self.stop.because(problem)


def _words(what: str, error: Exception) -> str:
    return " ".join(f"{what}: {type(error).__name__} {error}".split())[:500]


def _was_idle(handover: Handover) -> bool:
    """The connection had ended while it was idle: nothing was tried, and another may take its place."""
    return handover.outcome is Outcome.DEFERRED and handover.phase is Phase.CONNECT and handover.closed


def _held_if_about_us(handover: Handover) -> Handover:
    """A refusal for good that is about us says nothing of this reader: the delivery is kept for when we are mended."""
    if handover.outcome is Outcome.FAILED and handover.about is About.US:
        return replace(handover, outcome=Outcome.DEFERRED)
    return handover
