"""What the floors above ask of technologies, each with at least two adapters."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from digest.model.delivery import Envelope, Handover
from digest.model.person import Task, Verdict

#: Asked between the 354 and the final dot: commits the marker durably; False means the dot must not go out.
BeforeDot = Callable[[], Awaitable[bool]]


class Session(Protocol):
    """One open connection to the next hop; one transaction at a time."""

    @property
    def name(self) -> str:
        """What the ledger calls the transport it is of."""
        ...

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """Hand over one message (CRLF lines, not dot-stuffed). Never raises for what the server says or does; the
        phase in the answer tells whether the dot can have gone out. Whatever `before_dot` raises is raised."""
        ...

    def expect(self, envelope: Envelope, message: bytes) -> None:
        """Told from within `before_dot`, which message will be handed over next: a session may save time by it. Where
        another follows, or none, the session is closed."""
        ...

    async def close(self) -> None:
        """End it politely; never raises."""
        ...


class Transport(Protocol):
    """A way to the next hop."""

    @property
    def name(self) -> str:
        """What the ledger calls it: "smtp", "folder", or the name of a fallback."""
        ...

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        ...

    async def connect(self) -> Session:
        """Open a session. Raises TransportUnavailable (later may help) or TransportRefused (credentials, policy)."""
        ...


class JobQueue(Protocol):
    """Wakes whoever delivers. A lost, doubled or late call is only a delay: the ledger is the truth."""

    def wake(self, connection: object, issue_id: int, batches: int) -> None:
        """Ask for delivery, on the connection whose transaction filled the outbox."""
        ...

    def wait(self, seconds: float) -> None:
        """Until somebody asks for delivery, or so many seconds."""
        ...

    def close(self) -> None:
        """Nobody waits any more; let go of what waiting takes."""
        ...


class PersonCheck(Protocol):
    """Tells people who sign up from programs."""

    @property
    def task(self) -> Task:
        """What the form asks of them."""
        ...

    def passed(self, answer: str, *, client: str) -> Verdict:
        """What an answer is worth, brought from the network address `client` ("" for unknown). Never raises: what
        cannot be found out is unknown, and ends in a bounded time."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...
