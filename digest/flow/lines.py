"""Lines: what a worker's connections to the next hop share."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from digest.errors import Problem
from digest.flow.breaker import Breaker
from digest.flow.feed import Feed
from digest.flow.relays import Relays
from digest.flow.stop import Stop
from digest.flow.throttle import Throttle
from digest.model.delivery import About, Handover, Outcome
from digest.ports import Session
from digest.storage.journal import Journal

#: So many connections may end while idle before that counts as a try.
MOST_IDLE_ENDS = 100

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
    #: What had waited too long, and was closed.
    expired: int = 0
    #: What a run before this one had in flight when it was cut off, and is in doubt now.
    cut_off: int = 0

    def count(self, outcome: Outcome) -> None:
        """One more."""
        if outcome is Outcome.ACCEPTED:  # as nearly all are
            self.accepted += 1
        else:
            setattr(self, outcome, getattr(self, outcome) + 1)


@dataclass
class Lines:
    """The connections of one worker."""

    relays: Relays
    feed: Feed
    journal: Journal
    stop: Stop
    delivered: Delivered
    progress: Callable[[Handover], None]
    #: A session that is open already.
    spare: Session | None = None
    _breakers: defaultdict[str, Breaker] = field(init=False, default_factory=lambda: defaultdict(Breaker))

    def __post_init__(self) -> None:
        self._throttle = Throttle(self.relays.connections)
        self._open = 0
        self._idle_ends = 0
        #: Those of the lines that have ended, by number: others move up, so that there is always one that may be open.
        self._ended: list[int] = []

    def may_open(self, index: int) -> bool:
        """Whether this one of the lines may be open now."""
        allowed = self._throttle.allowed
        return index < allowed or (bool(self._ended) and index - bisect_left(self._ended, index) < allowed)

    def end(self, index: int) -> None:
        """This one of the lines finds nothing more to do; another may be open in its place."""
        insort(self._ended, index)

    def give_way(self) -> None:
        """Leave a connection to somebody who has none; one fewer may be open until all goes well for a while."""
        if self._open:
            self._throttle.one_fewer(self._open)

    async def open(self) -> Session | None:
        """A session for a line; None when there is none to be had now."""
        try:
            session = await self._connected()
        except Problem as problem:
            # As long as another line works, a server may have its reasons to want fewer.
            if self._open == 0:
                self.stop.because(problem)
            self._throttle.asked_for_less(self._open)
            return None
        self._open += 1
        return session

    async def close(self, session: Session) -> None:
        """A line is done with its session."""
        self._open -= 1
        self.relays.ended(session)
        await session.close()

    async def close_spare(self) -> None:
        """Nobody needed the session that was open already."""
        if self.spare:
            await self.spare.close()

    def learn(self, handover: Handover, name: str) -> None:
        """What an attempt by this way out came to, for all of them."""
        self.delivered.count(handover.outcome)
        self.progress(handover)
        if handover.outcome is Outcome.ACCEPTED:
            self._idle_ends = 0
            self._throttle.went_well()
            self.relays.accepting.add(name)
        elif handover.reply_code == _SERVICE_CLOSING:
            self._throttle.asked_for_less(self._open)
        refusal = None if name in self.relays.given_up else self._breakers[name].problem_after(handover)
        if problem := self.journal.broken or (refusal and self._unless_another(name, handover, refusal)):
            self.stop.because(problem)

    def forgives_idle_end(self) -> bool:
        """Whether a connection that ended while idle counts for nothing."""
        self._idle_ends += 1
        return self._idle_ends <= MOST_IDLE_ENDS

    def _unless_another(self, name: str, handover: Handover, refusal: Problem) -> Problem | None:
        """Why the run has to end; None where it is about us and another mail server may be asked."""
        del self._breakers[name]
        another = self.relays.give_up(name, refusal)
        return None if another and handover.about is About.US else refusal

    async def _connected(self) -> Session:
        if self.spare is None:
            return await self.relays.connect()
        spare, self.spare = self.spare, None
        return spare
