"""What every transport promises, asked of SMTP (against a real server on loopback), of a folder and of memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.mail.folder import FolderTransport
from digest.mail.memory import MemoryTransport
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import Envelope, Outcome, Phase
from digest.ports import Transport
from tests.support.smtp_sink import SmtpSink

PLAIN = b"Subject: Plain\r\nMessage-ID: <1@news.example>\r\n\r\nHello.\r\n"
MESSAGES = {
    "plain": PLAIN,
    "lines that begin with dots": b"Subject: Dots\r\n\r\n.\r\n..\r\n.hidden\r\n...\r\n. \r\nend.\r\n.\r\n",
    "a dot at the very start": b".first: line\r\n\r\n.\r\n",
    "empty lines": b"Subject: Empty\r\n\r\n\r\n\r\n\r\n",
    "only an empty line": b"\r\n",
    "a long line": b"Subject: Long\r\n\r\n" + b"a" * 20_000 + b"\r\n",
    "more than any buffer holds": b"Subject: Large\r\n\r\n" + (b"." + b"b" * 70 + b"\r\n") * 20_000,
}


@dataclass(frozen=True)
class Way:
    """A transport and what has arrived at its other end."""

    transport: Transport
    arrived: Callable[[], list[bytes]]


Opener = Callable[[], AbstractAsyncContextManager[Way]]


@asynccontextmanager
async def _smtp() -> AsyncIterator[Way]:
    async with SmtpSink() as sink:
        config = SmtpConfig(host="127.0.0.1", port=sink.port, security=Security.NONE, helo_name="news.example")
        yield Way(SmtpTransport(config), lambda: [received.message for received in sink.received])


@pytest.fixture(params=["smtp", "folder", "memory"])
def open_way(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Each transport in turn."""

    @asynccontextmanager
    async def folder() -> AsyncIterator[Way]:
        inbox = tmp_path / "inbox"
        yield Way(FolderTransport(inbox), lambda: [file.read_bytes() for file in sorted(inbox.glob("[!.]*"))])

    @asynccontextmanager
    async def memory() -> AsyncIterator[Way]:
        transport = MemoryTransport()
        yield Way(transport, lambda: [kept.message for kept in transport.kept])

    return {"smtp": _smtp, "folder": folder, "memory": memory}[request.param]


def envelope(number: int = 1) -> Envelope:
    """The envelope of one delivery."""
    return Envelope(
        envelope_sender="bounce@news.example", recipient="reader@example.org", envelope_id=f"delivery-{number}"
    )


async def yes() -> bool:
    """The ledger says that the message may go."""
    return True


async def no() -> bool:
    """The ledger says that it may not."""
    return False


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_an_accepted_message_arrives_byte_for_byte(open_way: Opener, message: bytes) -> None:
    """What was signed and frozen is what arrives."""

    async def story() -> None:
        async with open_way() as way:
            session = await way.transport.connect()
            handover = await session.hand_over(envelope(), message, yes)
            await session.close()

            assert (handover.outcome, handover.phase) == (Outcome.ACCEPTED, Phase.DOT)
            assert way.arrived() == [message]

    asyncio.run(story())


def test_nothing_arrives_when_the_ledger_says_no(open_way: Opener) -> None:
    """A reader who left a moment ago gets nothing, not even half a message."""

    async def story() -> None:
        async with open_way() as way:
            session = await way.transport.connect()
            handover = await session.hand_over(envelope(), PLAIN, no)
            await session.close()

            assert (handover.outcome, handover.phase) == (Outcome.WITHHELD, Phase.DATA)
            assert way.arrived() == []

    asyncio.run(story())


def test_nothing_arrives_when_the_marker_cannot_be_written(open_way: Opener) -> None:
    """Database down, disk full: no marker, no dot; and whoever asked hears of it."""

    async def disk_full() -> bool:
        raise OSError("disk full")

    async def story() -> None:
        async with open_way() as way:
            session = await way.transport.connect()
            with pytest.raises(OSError, match="disk full"):
                await session.hand_over(envelope(), PLAIN, disk_full)
            await session.close()

            assert way.arrived() == []

    asyncio.run(story())


def test_nothing_has_arrived_while_the_marker_is_written(open_way: Opener) -> None:
    """A crash just then leaves a marker too many at most, never a message without one."""

    async def story() -> None:
        async with open_way() as way:
            seen: list[list[bytes]] = []

            async def look() -> bool:
                await asyncio.sleep(0.01)
                seen.append(way.arrived())
                return True

            session = await way.transport.connect()
            await session.hand_over(envelope(), PLAIN, look)
            await session.close()

            assert seen == [[]]
            assert way.arrived() == [PLAIN]

    asyncio.run(story())


def test_a_session_carries_several_transactions(open_way: Opener) -> None:
    """Connections are dear: they are kept until one side has a reason to end them."""

    async def story() -> None:
        async with open_way() as way:
            session = await way.transport.connect()
            handovers = [
                await session.hand_over(envelope(number), message, yes)
                for number, message in enumerate(MESSAGES.values())
            ]
            await session.close()

            assert {handover.outcome for handover in handovers} == {Outcome.ACCEPTED}
            assert not any(handover.closed for handover in handovers)
            assert way.arrived() == list(MESSAGES.values())

    asyncio.run(story())


def test_closing_twice_is_closing_once(open_way: Opener) -> None:
    """Whoever cleans up need not know who did before."""

    async def story() -> None:
        async with open_way() as way:
            session = await way.transport.connect()
            await session.close()
            await session.close()

            assert way.arrived() == []

    asyncio.run(story())


def test_every_transport_has_a_name_and_room_for_a_session(open_way: Opener) -> None:
    """The ledger records the way, and the deliverer opens no more sessions than the way allows."""

    async def story() -> None:
        async with open_way() as way:
            assert way.transport.name in {"smtp", "folder", "memory"}
            assert way.transport.connections >= 1

    asyncio.run(story())
