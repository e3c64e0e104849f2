"""Signing: a process that makes signatures and nothing else, so that this one need not wait for them.

    keys, once ─────────────────────────────────┐
    hashes to be signed, some at a time ────────┴─► child ─► their signatures, in the same order

A signature with an RSA key takes longer than all else that a letter needs, and threads of one process would wait for
each other. The child ends with the line to it, and can be killed at any time. A letter with the signature of another
would be worse than none: each answer names what it answers, and after the first that nobody took no other is read.
"""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import BinaryIO

from digest.mail.dkim import Signer

#: So many hashes are signed before others have this processor, as many as `lanes` signs at once.
_HANDFUL = 8
#: How far others come first. Beside one that wants all of it, a quarter of a processor is left.
_NICE = 5
#: Which key is to sign, by its place, and which hash (SHA-256).
Wanted = tuple[int, bytes]
_HASH_BYTES = 32
#: Signs many hashes with one key.
SignAll = Callable[[Sequence[bytes]], list[bytes]]

#: Before each packet, and before each part in it: how long it is.
_LENGTH = struct.Struct("!I")
#: Seconds that the first signatures may take, for which the child has to begin; those after them, though they take
#: hundredths; and the end of a child that was killed, after which others may see to it.
_FIRST, _PATIENCE, _LAST = 20.0, 3.0, 1.0
#: What the child needs to find its libraries. The rest of the environment may hold passwords.
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


class SigningProcess:
    """A child that signs. Made by `begun`. Whatever it raises: what it was given is to be signed in another way, and
    it is of no further use."""

    def __init__(self, child: "subprocess.Popen[bytes]", reader: asyncio.StreamReader, line: asyncio.StreamWriter):
        self._child, self._reader, self._line = child, reader, line
        #: Who waits for answers, in the order in which they were asked for.
        self._turn = asyncio.Lock()
        self._asked = 0
        self._has_answered = self._is_over = False

    @classmethod
    async def begun(cls, signers: Sequence[Signer]) -> "SigningProcess":
        """A child with the keys of these, known by their places."""
        ours, its = socket.socketpair()
        try:
            with its:
                child = _child(its)
        except BaseException:
            ours.close()
            raise
        try:
            reader, line = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            _end(child)
            raise
        line.write(_packet([signer.private for signer in signers]))
        return cls(child, reader, line)

    async def signatures(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """The signature of each, in their order. Some can be asked for before others have come."""
        self._asked += 1
        name = _LENGTH.pack(self._asked)
        self._line.write(_packet([name, *_asked_of(wanted)]))
        try:
            async with self._turn, asyncio.timeout(_PATIENCE if self._has_answered else _FIRST):
                answered, *made = await self._answer()
            self._has_answered = True
            if answered != name or len(made) != len(wanted):
                raise EOFError("an answer to something else")
        except BaseException:
            self._is_over = True  # whoever waits behind us would be given our answer
            raise
        return made

    async def _answer(self) -> list[bytes]:
        if self._is_over:  # asked here, as what has come before the end can still be read
            raise EOFError("the process has ended")
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return _parts(await self._reader.readexactly(length))

    def end(self) -> None:
        """Have it end, whatever it is at."""
        self._is_over = True
        self._line.transport.abort()
        _end(self._child)


def _child(line: socket.socket) -> "subprocess.Popen[bytes]":
    # Found where this process has found it, and not in the folder it happens to work in.
    found = {"PYTHONPATH": os.pathsep.join(map(os.fspath, filter(None, sys.path)))}
    needed = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    command, its = [sys.executable, "-P", "-m", __name__], line.fileno()
    return subprocess.Popen(command, stdin=its, stdout=its, stderr=subprocess.DEVNULL, env=needed | found)  # noqa: S603


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    with suppress(subprocess.TimeoutExpired):
        child.wait(_LAST)


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


def _asked_of(wanted: Sequence[Wanted]) -> tuple[bytes, bytes]:
    """The places, and the hashes, each in one part."""
    return struct.pack(f"!{len(wanted)}H", *[place for place, _ in wanted]), b"".join([each for _, each in wanted])


def _wanted_in(places: bytes, hashes: bytes) -> list[Wanted]:
    each = [hashes[n : n + _HASH_BYTES] for n in range(0, len(hashes), _HASH_BYTES)]
    return list(zip(struct.unpack(f"!{len(each)}H", places), each, strict=True))


def work(given: BinaryIO, told: BinaryIO) -> None:
    """What the child does until the line to it ends."""
    from digest.mail.dkim_keys import sign_all_of  # the library that signs takes its time to load

    _step_back()
    keys = [sign_all_of(private) for private in _read(given)]
    while asked := _read(given):
        name, places, hashes = asked
        told.write(_packet([name, *_signed(keys, _wanted_in(places, hashes))]))
        told.flush()


def _signed(keys: Sequence[SignAll], wanted: Sequence[Wanted]) -> list[bytes]:
    """In their order, though each key signs some of its own at once."""
    made = [_all_of(sign, [each for place, each in wanted if place == mine]) for mine, sign in enumerate(keys)]
    return [next(made[place]) for place, _ in wanted]


def _all_of(sign: SignAll, hashes: Sequence[bytes]) -> Iterator[bytes]:
    made = []
    for n in range(0, len(hashes), _HANDFUL):
        made += sign(hashes[n : n + _HANDFUL])
        _let_others()
    return iter(made)


def _step_back() -> None:
    """Have others come first, where that is known and allowed."""
    with suppress(AttributeError, OSError):
        os.nice(_NICE)


def _let_others() -> None:
    """Who waits for this processor has little to do, and all letters wait for it: mail servers, and the journal."""
    with suppress(AttributeError, OSError):
        os.sched_yield()


def _read(given: BinaryIO) -> list[bytes]:
    """The parts of the next packet; none at the end."""
    head = given.read(_LENGTH.size)
    return _parts(given.read(*_LENGTH.unpack(head))) if len(head) == _LENGTH.size else []


if __name__ == "__main__":
    # What a terminal or a service manager says to all processes of a program is for the one that knows what is out.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Opened here, so that both have buffers, whatever is set for Python's own.
    with suppress(BrokenPipeError, ConnectionResetError), open(0, "rb") as given, open(1, "wb") as told:
        work(given, told)
