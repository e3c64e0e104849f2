"""Relays: the ways out of the house in their order. The first that lets us in is used, and the first of all again
after a while.

Another way is only ever taken for a message of which a reply, or no final dot, says that it was not accepted: after the
dot there is no other way.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from digest.errors import Again, Problem, TransportRefused, TransportUnavailable
from digest.ports import Session, Transport
from digest.storage import troubles
from digest.storage.troubles import Trouble

_FIRST_REST = timedelta(seconds=5)
#: Where only a person can help, and the longest for all else.
LONGEST_REST = timedelta(minutes=5)

#: How long one that knocks is waited for by the others, at most.
_KNOCK_SECONDS = 60.0


def rest(failures: int, *, again: bool) -> timedelta:
    """How long a mail server is left in peace that was tried in vain so often: longer each time, and long at once
    where only a person can help."""
    return min(_FIRST_REST * (1 << min(failures - 1, 10)), LONGEST_REST) if again else LONGEST_REST


class Relays:
    """The ways out, seen by one worker."""

    def __init__(self, transports: Sequence[Transport], known: Iterable[Trouble] = ()) -> None:
        self._transports = transports
        now = time.monotonic()
        self._rests_until = {each.transport: now + each.rest_seconds for each in known if each.rest_seconds}
        self._failures = Counter({each.transport: each.failures for each in known})
        self._open: Counter[str] = Counter()
        #: Those that were given up in the middle of their work; their sessions end with the letter at hand.
        self.given_up: frozenset[str] = frozenset()
        #: Those that have accepted something; whoever writes it down empties it.
        self.accepting: set[str] = set()
        self._fresh: dict[str, Problem] = {}

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        return self._transports[0].connections

    @property
    def all_rest(self) -> bool:
        """Whether there is nobody to knock at for now."""
        return not self._awake()

    async def connect(self) -> Session:
        """A session with the first that lets us in. Raises what the first said when none does."""
        first: Problem | None = None
        for transport in self._awake() or self._transports:
            self._leave_to_me(transport.name)
            try:
                return self._opened(transport, await transport.connect())
            except (TransportUnavailable, TransportRefused) as problem:
                if self._open[transport.name]:
                    raise  # it works with us, and may have its reasons not to want more
                self._trouble(transport.name, problem)
                first = first or problem
        assert first is not None
        raise first

    def ended(self, session: Session) -> None:
        """A session was ended."""
        self._open[session.name] -= 1

    def give_up(self, name: str, problem: Problem) -> bool:
        """It refuses us. True when there is another that may be asked."""
        self._trouble(name, problem)
        self.given_up |= {name}
        return bool(self._awake())

    def write_down(self, connection: Connection) -> None:
        """What came to light since it was last written down."""
        fresh, self._fresh = self._fresh, {}
        accepting, self.accepting = self.accepting - fresh.keys(), set()
        for name, problem in fresh.items():
            how_long = partial(rest, again=isinstance(problem, Again))
            troubles.note(connection, name, what=problem.what, remedy=problem.remedy, rest=how_long)
        troubles.over(connection, accepting)
        for name in accepting:
            del self._failures[name]

    def _leave_to_me(self, name: str) -> None:
        """While one knocks where it was in vain before, the others go by another way."""
        if self._failures[name]:
            self._rests_until[name] = time.monotonic() + _KNOCK_SECONDS

    def _opened(self, transport: Transport, session: Session) -> Session:
        self._open[transport.name] += 1
        self._rests_until.pop(transport.name, None)
        self.given_up -= {transport.name}
        return session

    def _trouble(self, name: str, problem: Problem) -> None:
        self._fresh[name] = problem
        self.accepting.discard(name)
        self._failures[name] += 1
        span = rest(self._failures[name], again=isinstance(problem, Again))
        self._rests_until[name] = time.monotonic() + span.total_seconds()

    def _awake(self) -> list[Transport]:
        now = time.monotonic()
        return [each for each in self._transports if self._rests_until.get(each.name, 0.0) <= now]
