"""The exchange: one question and its answer, over a connection of its own to a checked number (RFC 9110, 9112).

The connection is opened here; httpcore speaks HTTP over it and opens none itself. So it leads to one of the numbers it
is given, whatever a name would lead to by now, speaks TLS with the host's name, and is shared with nobody.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpcore

from digest.errors import SourceUnreachable, UnreadableSource
from digest.sources.guard import Way
from digest.sources.inflate import Inflated, too_large

LATER = "It will be tried again."
OK = 200
#: How many of a host's numbers are tried before it counts as silent.
MOST_NUMBERS = 3

#: Bytes that may come beside a body: headers, passing answers before the real one, the frames of chunks.
_OVERHEAD = 500_000
#: Each piece costs a little, however small it is: so many may come for nothing, then one for every hundred bytes.
_FREE_PIECES = 10_000
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate does not hold"),
    (ssl.SSLError, "it does not speak TLS as it should"),
    (ConnectionRefusedError, "nobody listens there"),
    (ConnectionError, "it broke off the connection"),
    (TimeoutError, "nobody answers there"),
    (OSError, "there is no way to it"),
    (httpcore.ProtocolError, "what it says is not HTTP, or broken off"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answered."""

    status: int
    #: The names in lower case; what stands several times is joined by commas.
    headers: Mapping[str, str]
    #: Unpacked; read only when the status is 200.
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is granted to a server."""

    #: Whose certificates are believed; needed for https only.
    trust: ssl.SSLContext | None
    #: The most bytes of a body, packed and unpacked.
    cap: int
    #: Seconds after which the next of a host's numbers is tried.
    patience: float
    #: "HEAD" for a server to leave out the body.
    method: str = "GET"
    #: Whether a body is read; where not, the connection is broken off once its headers are here.
    with_body: bool = True


async def ask(way: Way, numbers: Sequence[str], headers: Iterable[tuple[str, str]], terms: Terms) -> Reply:
    """Ask one of the numbers for an address. SourceUnreachable when no whole answer comes; it may take for ever."""
    origin = httpcore.Origin(way.scheme.encode(), way.host.encode(), way.port)
    url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=way.target.encode())
    whole = (("Host", way.authority), ("Connection", "close"), *headers)
    sent = [(name.encode(), value.encode()) for name, value in whole]
    try:
        async with _connected(way, numbers[:MOST_NUMBERS], terms) as line:
            connection = httpcore.AsyncHTTP11Connection(origin, line)
            async with connection.stream(terms.method, url, headers=sent) as response:
                return await _reply(response, terms)
    except (OSError, httpcore.ProtocolError) as exc:
        raise SourceUnreachable(f"{way} did not answer: {_reason(exc)}.", remedy=LATER) from exc


@asynccontextmanager
async def _connected(way: Way, numbers: Sequence[str], terms: Terms) -> AsyncIterator["_Line"]:
    """A connection to the first of the numbers that takes it; hung up in the end."""
    line = _Line(*await _opened(way, numbers, terms), most=terms.cap + _OVERHEAD)
    try:
        yield line
    finally:
        await line.aclose()


async def _opened(way: Way, numbers: Sequence[str], terms: Terms) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    *others, last = numbers
    name = way.host if terms.trust else None
    for number in others:
        with suppress(OSError):
            async with asyncio.timeout(terms.patience):
                return await asyncio.open_connection(number, way.port, ssl=terms.trust, server_hostname=name)
    return await asyncio.open_connection(last, way.port, ssl=terms.trust, server_hostname=name)


async def _reply(response: httpcore.Response, terms: Terms) -> Reply:
    headers = _joined(response.headers)
    if response.status != OK or not terms.with_body:
        return Reply(status=response.status, headers=headers)
    body = Inflated(headers.get("content-encoding", ""), cap=terms.cap)
    pieces = _FREE_PIECES + terms.cap // 100
    try:
        async for piece in response.aiter_stream():
            body.add(piece)
            pieces -= 1
            if pieces < 0:
                raise UnreadableSource("its answer comes in crumbs.", remedy="Tell its owner.")
    except (OSError, httpcore.ProtocolError) as exc:
        raise SourceUnreachable("its answer was cut short.", remedy=LATER) from exc
    return Reply(status=response.status, headers=headers, body=body.whole())


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    joined: dict[str, list[str]] = {}
    for name, value in headers:
        joined.setdefault(name.decode("latin-1").lower(), []).append(_text(value))
    return {name: ", ".join(values) for name, values in joined.items()}


def _text(value: bytes) -> str:
    """Latin-1 by the old rule, UTF-8 by what servers do."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _reason(error: Exception) -> str:
    """In plain words why there is no answer."""
    reason = next(words for kind, words in _REASONS if isinstance(error, kind))
    return f"{reason} ({error.verify_message})" if isinstance(error, ssl.SSLCertVerificationError) else reason


class _Line(httpcore.AsyncNetworkStream):
    """A connection as httpcore speaks over it. No more is heard than so many bytes, whatever they are sent as."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, most: int) -> None:
        self._reader = reader
        self._writer = writer
        self._left = self._most = most

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore has it so
        """What has come; nothing at the end."""
        data = await self._reader.read(max_bytes)
        self._left -= len(data)
        if self._left < 0 and self._most == _OVERHEAD:
            raise UnreadableSource("what it says before its answer has no end.", remedy="Tell its owner.")
        if self._left < 0:
            raise too_large(self._most - _OVERHEAD)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send all of it."""
        self._writer.write(buffer)
        await self._writer.drain()

    async def aclose(self) -> None:
        """Hang up."""
        self._writer.transport.abort()
