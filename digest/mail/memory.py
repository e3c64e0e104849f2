"""Memory: keeps messages in a list, for tests and dry runs."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from digest.model.delivery import About, Envelope, Handover, Outcome, Phase
from digest.ports import BeforeDot

_ACCEPTED = Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, reply_code=250, enhanced_code="2.0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One message that was accepted."""

    envelope: Envelope
    message: bytes


class MemoryTransport:
    """Accepts everything, or answers as told: the given answers first, in their order, over all sessions."""

    def __init__(self, answers: Iterable[Handover] = (), *, connections: int = 1, name: str = "memory") -> None:
        self.name = name
        self.kept: list[Kept] = []
        self._answers = deque(answers)
        self._connections = connections

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        return self._connections

    async def connect(self) -> "MemorySession":
        """Open a session; always works."""
        return MemorySession(self.kept, self._answers, name=self.name)


class MemorySession:
    """One session with the list."""

    def __init__(self, kept: list[Kept], answers: deque[Handover], *, name: str = "memory") -> None:
        self.name = name
        self._kept = kept
        self._answers = answers
        self._closed = False

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """Keep the message if it is accepted. `before_dot` is asked only when the answer comes after the dot."""
        if self._closed:
            return Handover(outcome=Outcome.DEFERRED, phase=Phase.CONNECT, about=About.US, closed=True)
        answer = self._answers.popleft() if self._answers else _ACCEPTED
        self._closed = answer.closed
        if answer.phase is not Phase.DOT:
            return answer
        if not await before_dot():
            return Handover(outcome=Outcome.WITHHELD, phase=Phase.DATA)
        if answer.outcome is Outcome.ACCEPTED:
            self._kept.append(Kept(envelope=envelope, message=message))
        return answer

    def expect(self, envelope: Envelope, message: bytes) -> None:
        """Nothing can be saved by it here."""

    async def close(self) -> None:
        """Take no more messages; done twice is done once."""
        self._closed = True
