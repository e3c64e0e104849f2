"""A server of many feeds on loopback, for `gather.py`: made-up items, each feed with an ETag that it knows again."""

import asyncio
import hashlib
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

WORDS = """
the a of and to in for with on by from at as after before between without about people council carers budget support
home visit week month year team nurse study review question answer family harbour street quay garden kitchen evening
morning shift rota lift ramp letter meeting plan choice risk right duty court panel fund grant school unit lecture
wrote asked found said showed counted compared described changed agreed refused promised waited travelled listened
older younger local national small large early late quiet paid unpaid shared lonely careful sudden long short
""".split()  # noqa: SIM905  it is easier to read
NEWEST = datetime(2026, 11, 20, 9, tzinfo=UTC)


def feed(number: int, items: int) -> bytes:
    """The bytes of one feed: always the same for the same number."""
    chance = random.Random(number)
    entries = "".join(_item(chance, number, position) for position in range(items))
    head = f"<title>Feed {number}</title><link>http://127.0.0.1/{number}</link><language>en</language>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{entries}</channel></rss>'.encode()


def _item(chance: random.Random, number: int, position: int) -> str:
    title = " ".join(chance.choices(WORDS, k=chance.randint(5, 10))).capitalize()
    text = "".join(f"&lt;p&gt;{' '.join(chance.choices(WORDS, k=60)).capitalize()}.&lt;/p&gt;" for _ in range(4))
    link = f"https://feeds.example.org/{number}/{position}"
    dated = format_datetime(NEWEST - timedelta(hours=position * 11 + number % 10))
    return (
        f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
        f"<pubDate>{dated}</pubDate><description>{text}</description></item>"
    )


class Talk(asyncio.Protocol):
    """One connection: a request, an answer, the end."""

    def __init__(self, feeds: list[tuple[bytes, bytes]]) -> None:
        self._feeds, self._asked = feeds, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the request is whole."""
        self._asked += data
        if b"\r\n\r\n" not in self._asked:
            return
        number = int(self._asked.split(b" ", 2)[1].rpartition(b"/")[2])
        body, etag = self._feeds[number]
        if etag in self._asked and b"if-none-match" in self._asked.lower():
            head, body = b"HTTP/1.1 304 Not Modified\r\nETag: " + etag, b""
        else:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: " + etag
        length = b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        self._transport.write(head + length + body)  # type: ignore[attr-defined]
        self._transport.close()


async def serve(feeds: int, items: int) -> None:
    """Serve until whoever started us ends us; the first line printed is the port."""
    made = [feed(number, items) for number in range(feeds)]
    known = [(body, b'"' + hashlib.sha256(body).hexdigest()[:16].encode() + b'"') for body in made]
    server = await asyncio.get_running_loop().create_server(lambda: Talk(known), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.wait_for(server.serve_forever(), timeout=1800)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
