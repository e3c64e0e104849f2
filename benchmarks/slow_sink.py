"""A mail server that is far away: it swallows all it gets, and answers everything a while after it has come.

    python benchmarks/slow_sink.py --milliseconds 50

Prints its port, and on SIGTERM one JSON line: how many messages came, how often it had to answer, and how many messages
a second came in the middle of the run. `smtp-sink` waits for whole seconds only.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from array import array
from typing import cast

import uvloop

_END = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n",
    b"DATA": b"354 End with a dot\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


class Tally:
    """What has come."""

    def __init__(self) -> None:
        self.answers = 0
        self.came_at = array("d")

    def told(self) -> dict[str, float]:
        """The figures; for the pace the first and last tenth, when lines open and end, do not count."""
        count = len(self.came_at)
        first, last = count // 10, count - count // 10 - 1
        seconds = self.came_at[last] - self.came_at[first] if last > first else 0.0
        return {
            "messages": count,
            "answers": self.answers,
            "a_second": (last - first) / seconds if seconds else 0.0,
        }


class Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, tally: Tally, delay: float) -> None:
        self._tally, self._delay = tally, delay
        self._loop = asyncio.get_running_loop()
        self._in = bytearray()
        self._takes_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own are none by birth
        self._answer(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer what has come as a whole: commands of a group together, also those that follow a message at once."""
        # Only what is new is looked through, or a message in many pieces would cost the square of its length.
        start = max(0, len(self._in) - len(_END))
        self._in += data
        replies = b""
        while reply := self._message(start) if self._takes_data else self._commands():
            replies += reply
            start = 0
        if replies:
            self._answer(replies)

    def _message(self, start: int) -> bytes:
        """The reply to a message; empty where its end has not come yet."""
        end = self._in.find(_END, start)
        if end < 0:
            return b""
        del self._in[: end + len(_END)]
        self._takes_data = False
        self._tally.came_at.append(time.monotonic())
        return b"250 2.0.0 Ok\r\n"

    def _commands(self) -> bytes:
        """The replies to the commands that have come, up to one that begins a message."""
        replies = b""
        while not self._takes_data and (end := self._in.find(b"\r\n")) >= 0:
            command = bytes(self._in[:end]).upper()
            del self._in[: end + 2]
            self._takes_data = command == b"DATA"
            replies += _REPLIES.get(command[:4], b"250 2.1.0 Ok\r\n")
        return replies

    def _answer(self, reply: bytes) -> None:
        self._tally.answers += 1
        self._loop.call_later(self._delay, self._transport.write, reply)


async def _serve(delay: float) -> None:
    tally, stop, loop = Tally(), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Talk(tally, delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    print(json.dumps(tally.told()), flush=True)


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=float, default=50)
    uvloop.run(_serve(parser.parse_args().milliseconds / 1000))
    sys.exit(0)


if __name__ == "__main__":
    main()
