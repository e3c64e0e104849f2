"""Signing: a process that makes signatures and nothing else, so that this one need not wait for them.

    keys, once ─────────────────────────────────┐
    what is to be signed, some at a time ───────┴─► child ─► its signatures, in the same order

A signature with an RSA key takes three times as long as all else that a letter needs, and threads of one process would
wait for each other. The child ends with the line to it, however this process ends; it can be killed at any time.
"""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import BinaryIO

from digest.mail.dkim import Signer

#: Which key is to sign, by its place, and what.
Wanted = tuple[int, bytes]

#: Before each packet, and before each part in it: how long it is.
_LENGTH = struct.Struct("!I")
#: Seconds that some signatures may take, though they take hundredths; a process that is stopped is no reason to wait.
_PATIENCE = 20.0
_BUFFER = 1 << 20


class SigningProcess:
    """A child that signs. Made by `begun`. One that cannot be begun, has ended or says nothing raises OSError or
    EOFError: what it was given is to be signed in another way."""

    def __init__(self, child: "subprocess.Popen[bytes]", reader: asyncio.StreamReader, line: asyncio.StreamWriter):
        self._child, self._reader, self._line = child, reader, line
        #: Who waits for answers, in the order in which they were asked for.
        self._turn = asyncio.Lock()

    @classmethod
    async def begun(cls, signers: Sequence[Signer]) -> "SigningProcess":
        """A child with the keys of these, known by their places."""
        ours, its = socket.socketpair()
        try:
            with its:
                child = _child(its)
        except OSError:
            ours.close()
            raise
        reader, line = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER)
        line.write(_packet([signer.private for signer in signers]))
        return cls(child, reader, line)

    async def signatures(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """The signature of each, in their order. Some can be asked for before others have come."""
        if not wanted:
            return []
        self._line.write(_packet([bytes([key]) + data for key, data in wanted]))
        async with self._turn, asyncio.timeout(_PATIENCE):
            made = await self._answer()
        if len(made) != len(wanted):
            raise EOFError
        return made

    async def _answer(self) -> list[bytes]:
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return _parts(await self._reader.readexactly(length))

    def end(self) -> None:
        """Have it end, whatever it is at."""
        self._line.transport.abort()
        self._child.kill()
        self._child.wait()


def _child(line: socket.socket) -> "subprocess.Popen[bytes]":
    # Found where this process has found it, and not in the folder it happens to work in.
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-m", __name__]
    its = line.fileno()
    return subprocess.Popen(command, stdin=its, stdout=its, stderr=subprocess.DEVNULL, env=found)  # noqa: S603  ours


def _packet(parts: Iterable[bytes]) -> bytes:
    packed = b"".join(chain.from_iterable((_LENGTH.pack(len(part)), part) for part in parts))
    return _LENGTH.pack(len(packed)) + packed


def _parts(packed: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(packed):
        start = at + _LENGTH.size
        (length,) = _LENGTH.unpack(packed[at:start])
        at = start + length
        parts.append(packed[start:at])
    return parts


def work(given: BinaryIO, told: BinaryIO) -> None:
    """What the child does until the line to it ends."""
    from digest.mail.dkim_keys import sign_of  # the library that signs takes its time to load

    keys = [sign_of(private) for private in _read(given)]
    while wanted := _read(given):
        told.write(_packet([keys[each[0]](each[1:]) for each in wanted]))
        told.flush()


def _read(given: BinaryIO) -> list[bytes]:
    """The parts of the next packet; none at the end."""
    head = given.read(_LENGTH.size)
    return _parts(given.read(*_LENGTH.unpack(head))) if len(head) == _LENGTH.size else []


if __name__ == "__main__":
    # What a terminal or a service manager says to all processes of a program is for the one that knows what is out.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(BrokenPipeError, ConnectionResetError):
        work(sys.stdin.buffer, sys.stdout.buffer)
