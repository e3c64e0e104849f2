"""A small real SMTP server on loopback that keeps what it gets, and misbehaves as told.

As a process: `python -m tests.support.smtp_sink --port 0 --log sink.jsonl --maildir inbox`; it prints its port and
ends on SIGTERM. In a test: `async with SmtpSink() as sink: … sink.port … sink.received`.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import re
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any, TextIO

import uvloop

EXTENSIONS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")
_USUAL = {
    "greeting": "220 sink.example ESMTP",
    "starttls": "220 2.0.0 Go ahead",
    "auth": "235 2.7.0 Welcome",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "data": "354 End with a dot",
    "dot": "250 2.0.0 Kept",
    "rset": "250 2.0.0 Ok",
    "noop": "250 2.0.0 Ok",
    "quit": "221 2.0.0 Bye",
    "other": "502 5.5.2 Unknown command",
}
_STRICT_END = re.compile(rb"(?:^|\r\n)\.\r\n")
_LENIENT_END = re.compile(rb"(?:^|\r\n|\r|\n)\.(?:\r\n|\r|\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a conversation stands: what a script decides by."""

    #: greeting, ehlo, starttls, auth, mail, rcpt, data, body, dot, rset, noop, quit.
    phase: str
    #: The command's line, or what of the message has come.
    said: bytes
    #: Which connection this is, counted from 1.
    connection: int
    #: Which transaction of the connection this is, counted from 1.
    transaction: int
    #: How many bytes have come that belong to later steps.
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the server does at a step instead of the usual."""

    #: Without the line end; empty for the usual one. Lines are parted by CRLF.
    reply: str = ""
    #: Sent before the reply in the same breath: for servers that have lost the thread.
    raw: bytes = b""
    delay: float = 0.0
    #: Cut the connection with a TCP reset.
    reset: bool = False
    #: End the connection in the ordinary way, after the reply if there is one.
    hang_up: bool = False
    #: Leave out the reply.
    silent: bool = False
    #: Say nothing, ever again.
    stall: bool = False
    #: Send the reply a byte at a time, with so many seconds between two.
    drip: float = 0.0
    #: At the dot: do not keep the message, whatever is answered or not.
    forget: bool = False


Script = Callable[[Step], Act | None]


def at(phase: str, *acts: Act, recipient: str = "") -> Script:
    """Act at this phase: the first act the first time, and so on, the last one for ever."""
    waiting = list(acts)

    def script(step: Step) -> Act | None:
        if step.phase != phase or recipient.encode() not in step.said:
            return None
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


def once(phase: str, act: Act) -> Script:
    """Act at this phase the first time only."""
    return at(phase, act, Act())


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message the sink took."""

    sender: str
    recipient: str
    #: The parameters of MAIL and RCPT, as they came.
    mail_parameters: str
    rcpt_parameters: str
    #: As it came over the wire, dots stuffed, without the final dot.
    wire: bytes
    at: float

    @property
    def message(self) -> bytes:
        """The message as it was before dots were stuffed."""
        return re.sub(rb"(?m)^\.", b"", self.wire)

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(message_from_bytes(self.message).get("Message-ID", ""))


@dataclass(kw_only=True)
class SmtpSink:
    """The server. A message is recorded before its 250 goes out, as RFC 5321 asks."""

    script: Script | None = None
    extensions: tuple[str, ...] = EXTENSIONS
    host: str = "127.0.0.1"
    port: int = 0
    #: TLS with this; from the first byte if `implicit_tls`, else STARTTLS is offered.
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    #: The name and password AUTH PLAIN must give; None offers no AUTH.
    login: tuple[str, str] | None = None
    #: Take any line end around the dot, as the servers do that smuggling aims at.
    lenient: bool = False
    #: One JSON line a message, on the disk before the 250.
    log: Path | None = None
    maildir: Path | None = None
    #: Wait so long before answering a dot.
    delay: float = 0.0
    #: Keep messages in memory too.
    keep: bool = True
    received: list[Received] = field(default_factory=list)
    #: Every command line, in the order they came.
    commands: list[bytes] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _log_file: TextIO | None = None
    _talks: set["asyncio.Task[Any]"] = field(default_factory=set)

    async def __aenter__(self) -> "SmtpSink":
        if self.log:
            self._log_file = self.log.open("a", encoding="ascii")
        if self.maildir:
            for part in ("tmp", "new", "cur"):
                (self.maildir / part).mkdir(parents=True, exist_ok=True)
        context = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=context, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.sleep(0)  # one step for who ends a connection, one for the connection
        await asyncio.sleep(0)
        if self._log_file:
            self._log_file.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = asyncio.get_running_loop().create_task(self._serve(reader, writer, self.connections))
        self._talks.add(talk)
        # Here, as a talk that is ended before its first step does nothing by itself.
        talk.add_done_callback(lambda _: writer.transport.abort())
        talk.add_done_callback(self._talks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        # Cancelled only by __aexit__; asyncio.streams would log it as a fault.
        with suppress(ConnectionError, ssl.SSLError, EOFError, asyncio.CancelledError):
            await _Talk(self, reader, writer, number).run()

    def keep_message(self, received: Received) -> None:
        """Record it, durably if there is a log."""
        if self.keep:
            self.received.append(received)
        if self._log_file:
            self._log_file.write(json.dumps(_as_line(received)) + "\n")
            self._log_file.flush()
            os.fsync(self._log_file.fileno())
        if self.maildir:
            name = f"{time.time_ns()}.{os.getpid()}.sink"
            (self.maildir / "tmp" / name).write_bytes(received.message)
            (self.maildir / "tmp" / name).rename(self.maildir / "new" / name)


class _Talk:
    """One connection."""

    def __init__(self, sink: SmtpSink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._sink, self._reader, self._writer, self._number = sink, reader, writer, number
        self._in = bytearray()
        self._out = bytearray()
        self._transaction = 1
        self._encrypted = sink.implicit_tls
        self._mail: bytes | None = None
        self._rcpt: bytes | None = None

    async def run(self) -> None:
        await self._answer("greeting", b"")
        verbs = {b"EHLO": self._ehlo, b"HELO": self._helo, b"MAIL": self._mail_from, b"RCPT": self._rcpt_to}
        verbs |= {b"DATA": self._data, b"RSET": self._rset, b"AUTH": self._auth, b"STARTTLS": self._starttls}
        while True:
            line = await self._line()
            self._sink.commands.append(line)
            verb = line.split(b" ")[0].upper()
            if verb in verbs:
                await verbs[verb](line)
            else:
                await self._answer(verb.decode().lower() if verb in (b"NOOP", b"QUIT") else "other", line)
            if verb == b"QUIT":
                await self._flush()
                return

    async def _ehlo(self, line: bytes) -> None:
        words = [*self._sink.extensions]
        if self._sink.tls and not self._encrypted:
            words.append("STARTTLS")
        if self._sink.login:
            words.append("AUTH PLAIN")
        lines = ["sink.example", *words]
        await self._answer("ehlo", line, "\r\n".join([f"250-{word}" for word in lines[:-1]] + [f"250 {lines[-1]}"]))

    async def _helo(self, line: bytes) -> None:
        await self._answer("ehlo", line, "250 sink.example")

    async def _starttls(self, line: bytes) -> None:
        if self._sink.tls is None or not await self._answer("starttls", line):
            return
        await self._flush()
        self._in.clear()
        await self._writer.start_tls(self._sink.tls)
        self._encrypted = True

    async def _auth(self, line: bytes) -> None:
        given = base64.b64decode(line.split(b" ")[2]).decode().split("\0")[1:]
        right = self._sink.login and tuple(given) == self._sink.login
        await self._answer("auth", line, "" if right else "535 5.7.8 Wrong name or password")

    async def _mail_from(self, line: bytes) -> None:
        if self._mail is not None:
            await self._answer("other", line, "503 5.5.1 Nested MAIL")
        elif await self._answer("mail", line):
            self._mail = line

    async def _rcpt_to(self, line: bytes) -> None:
        if self._mail is None:
            await self._answer("other", line, "503 5.5.1 MAIL first")
        elif await self._answer("rcpt", line):
            self._rcpt = line

    async def _rset(self, line: bytes) -> None:
        self._over()
        await self._answer("rset", line)

    async def _data(self, line: bytes) -> None:
        usual = "" if self._rcpt is not None else "554 5.5.1 No valid recipients"
        if not await self._answer("data", line, usual):
            return
        wire = await self._body()
        # A script's answer of 4yz or 5yz means that it was not kept; cutting the line means that it was.
        act = self._act("dot", wire)
        if self._rcpt is not None and not (act and (act.forget or act.reply[:1] in ("4", "5"))):
            self._sink.keep_message(self._received(wire))
        await asyncio.sleep(self._sink.delay)
        await self._do(act, _USUAL["dot"])
        # Not among what may wait for the rest of a group (RFC 2920, 3.2): whoever cut the line next took it along.
        await self._flush()
        self._over()

    async def _body(self) -> bytes:
        await self._flush()
        end = _LENIENT_END if self._sink.lenient else _STRICT_END
        told = False
        # Only what is new is searched, or a long message cut small would cost the square of its length.
        start = 0
        while not (found := end.search(self._in, start)):
            if self._in and not told:
                told = True
                await self._do(self._act("body", bytes(self._in)), "")
                await self._flush()
            start = max(0, len(self._in) - 4)
            await self._more()
        # The CRLF before the final dot belongs to the message.
        stop = found.start() + found[0].index(b".")
        wire = bytes(self._in[:stop])
        del self._in[: found.end()]
        return wire

    def _received(self, wire: bytes) -> Received:
        sender, mail_parameters = _path(self._mail or b"")
        recipient, rcpt_parameters = _path(self._rcpt or b"")
        return Received(
            sender=sender,
            recipient=recipient,
            mail_parameters=mail_parameters,
            rcpt_parameters=rcpt_parameters,
            wire=wire,
            at=time.time(),
        )

    def _over(self) -> None:
        self._mail = self._rcpt = None
        self._transaction += 1

    def _act(self, phase: str, said: bytes) -> Act | None:
        step = Step(phase=phase, said=said, connection=self._number, transaction=self._transaction, ahead=len(self._in))
        return self._sink.script(step) if self._sink.script else None

    async def _answer(self, phase: str, said: bytes, usual: str = "") -> bool:
        return await self._do(self._act(phase, said), usual or _USUAL[phase])

    async def _do(self, act: Act | None, usual: str) -> bool:
        """Do the act, or the usual; True when the server said yes."""
        act = act or Act()
        if act.delay:
            await self._flush()
            await asyncio.sleep(act.delay)
        self._out += act.raw
        if act.stall:
            await self._flush()
            await asyncio.sleep(3600)
        if act.reset:
            self._cut()
        reply = "" if act.silent else act.reply or usual
        self._out += f"{reply}\r\n".encode() if reply else b""
        while act.drip and len(self._out) > 1:
            self._writer.write(bytes([self._out.pop(0)]))
            await asyncio.sleep(act.drip)
        if act.hang_up:
            await self._flush()
            raise EOFError
        return reply[:1] in ("2", "3")

    def _cut(self) -> None:
        linger = struct.pack("ii", 1, 0)  # a reset instead of a polite end
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise EOFError

    async def _line(self) -> bytes:
        while (end := self._in.find(b"\n")) < 0:
            await self._flush()
            await self._more()
        line = bytes(self._in[:end]).removesuffix(b"\r")
        del self._in[: end + 1]
        return line

    async def _more(self) -> None:
        data = await self._reader.read(1 << 18)
        if not data:
            raise EOFError
        self._in += data

    async def _flush(self) -> None:
        """Replies of a pipelined group go out together (RFC 2920, 3.2)."""
        if self._out:
            self._writer.write(bytes(self._out))
            self._out.clear()
            await self._writer.drain()


def _path(line: bytes) -> tuple[str, str]:
    match = re.fullmatch(r"(?i)(?:MAIL FROM|RCPT TO):<(.*)>(?: (.*))?", line.decode("utf-8", "replace"))
    return (match[1], match[2] or "") if match else ("", "")


def _as_line(received: Received) -> dict[str, object]:
    return {
        "at": received.at,
        "sender": received.sender,
        "recipient": received.recipient,
        "message_id": received.message_id,
        "mail_parameters": received.mail_parameters,
        "bytes": len(received.message),
        "sha256": hashlib.sha256(received.message).hexdigest(),
        "message": received.message.decode("latin-1"),
    }


def read_log(path: Path) -> list[dict[str, object]]:
    """What a log holds; a last line cut off by a crash is no record."""
    lines = path.read_text(encoding="ascii").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines[:-1]]


async def _main(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    sink = SmtpSink(
        port=arguments.port,
        log=arguments.log,
        maildir=arguments.maildir,
        delay=arguments.delay_ms / 1000,
        keep=False,
    )
    async with sink:
        sys.stdout.write(f"{sink.port}\n")
        sys.stdout.flush()
        await stop.wait()


def main(argv: Iterable[str] | None = None) -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description="An SMTP server that keeps what it gets.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--maildir", type=Path)
    parser.add_argument("--delay-ms", type=int, default=0, help="wait before answering a dot")
    uvloop.run(_main(parser.parse_args(argv and list(argv))))


if __name__ == "__main__":
    main()
