"""The wire of one SMTP connection: what was written, what came back, and whether it is still whole."""

import asyncio
import socket
from collections import deque
from itertools import islice
from operator import attrgetter

from digest.mail.commands import QUIT
from digest.mail.replies import Reply, ReplyReader

_CODE = attrgetter("code")


class Wire(asyncio.Protocol):
    """Takes over a connection that is greeted, encrypted and logged in.

    A protocol instead of streams: the phase of a transaction is only known to whoever sees each write and each loss,
    and it costs a fraction of the time. Once `lost`, it stays so; replies that came before the loss can still be read.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.lost = False
        #: Whether something that was written has not left our hands yet.
        self.full = False
        #: Why it was lost, in words.
        self.trouble = ""
        #: Whether it was given up because nothing came in time.
        self.timed_out = False
        #: A reply nobody had asked for; it cost the connection.
        self.stray: Reply | None = None
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._expected = 0
        self._waiter: asyncio.Future[None] | None = None
        #: When whoever waits has waited long enough, by the loop's clock; and the one timer that looks after it.
        self._deadline = self._patience = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._take_over()

    def _take_over(self) -> None:
        # "Drained" shall mean handed to the system, not "below 64 kB". High is not 0, at which the TLS transports
        # of asyncio and uvloop say "full" when they are empty and never take it back.
        self._transport.set_write_buffer_limits(high=1, low=0)
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_protocol(self)

    def send(self, data: bytes, *, replies: int) -> None:
        """Write, expecting so many replies. Writes nothing on a lost connection."""
        if not self.lost:
            self._expected += replies
            self._transport.write(data)

    def read(self) -> Reply | None:
        """The next reply, if it is there already."""
        return self._replies.popleft() if self._replies else None

    def read_all(self, codes: list[int]) -> bool:
        """Take all replies that are there if they are of these codes, in this order; else leave them all."""
        if list(map(_CODE, self._replies)) != codes:
            return False
        self._replies.clear()
        return True

    async def reply(self, seconds: float) -> Reply | None:
        """The next reply; None when none came in time, or none will come. The connection is dropped then: a late
        reply must never be taken for the answer to something else."""
        self._be_patient(seconds)
        while not (self._replies or self.lost):
            await self._woken()
        return self._replies.popleft() if self._replies else None

    async def coming(self, count: int, seconds: float) -> list[Reply]:
        """The next replies, which stay to be read; fewer when not so many came in time, or no more will come."""
        self._be_patient(seconds)
        while len(self._replies) < count and not self.lost:
            await self._woken()
        return list(islice(self._replies, count))

    async def drained(self, seconds: float) -> None:
        """Wait until all that was written is out of our hands; drop the connection when that takes too long."""
        self._be_patient(seconds)
        while self.full and not self.lost:
            await self._woken()

    def _be_patient(self, seconds: float) -> None:
        self._patience, self._deadline = seconds, self._loop.time() + seconds

    def _woken(self) -> "asyncio.Future[None]":
        """Done once something has happened: at the latest when patience ends, which costs the connection."""
        # A timer for each wait would cost more than the wait: this one is left to run, and looks when it rings.
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        self._waiter = self._loop.create_future()
        return self._waiter

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self.timed_out = True
            self.drop(f"no answer within {self._patience:g} s")

    def drop(self, why: str) -> None:
        """End the connection at once; what is still in our buffer does not go out."""
        self._lose(why)
        self._transport.abort()

    def leave(self) -> None:
        """Say QUIT and end the connection without waiting for the answer."""
        if not self.lost:
            self.send(QUIT, replies=1)
            self._lose("the connection was ended by us")
            self._transport.close()

    def _lose(self, why: str) -> None:
        if not self.lost:
            self.lost, self.trouble = True, why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What asyncio calls.

    def data_received(self, data: bytes) -> None:
        """Replies that are expected are kept; anything else costs the connection."""
        if self.lost:
            return
        for reply in self._reader.feed(data):
            if self._expected == 0:
                self.stray = self.stray or reply
                self.drop(f"the server spoke unasked: {reply.code} {reply.enhanced} {reply.text}")
                return
            self._expected -= 1
            self._replies.append(reply)
        if self._reader.broken:
            self.drop(f"the server sent {self._reader.broken}")
        self._wake()

    def eof_received(self) -> None:
        """The server will say nothing more; whether it still listens cannot be known."""
        self._lose("the connection was closed by the server")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by whosever doing."""
        self._lose(f"the connection was lost ({exc})" if exc else "the connection was closed by the server")

    def pause_writing(self) -> None:
        """The system takes no more for now."""
        self.full = True

    def resume_writing(self) -> None:
        """All that was written has gone to the system."""
        self.full = False
        self._wake()
