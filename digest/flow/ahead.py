"""Ahead: letters that are signed are made before their turn, their signatures by processes beside this one.

    leased ─► made, not signed ─► signing processes ─► ready to be handed out

Where there are few, or no such process, each is signed in its turn, while all mail servers wait for us.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from digest.flow.feed import Leased, Letter, Ready
from digest.mail.dkim import Signer, Unsigned
from digest.mail.signing import SigningProcess, Wanted
from digest.model.delivery import DeliveryId, Envelope, WireText
from digest.storage.chunks import chunks

#: So many letters are signed and handed out together: their markers are one commit.
_LETTERS = 32
#: So many in one lease are worth the tenth of a second that a process takes to begin.
_MANY = 64
#: More are not kept busy by one thread that makes letters.
_MOST_PROCESSES = 4
#: While one handful is being signed, the next is made.
_HANDFULS_EACH = 2
#: Seconds that making may go on while mail servers wait.
_SECONDS = 0.005

_Draft = tuple[Envelope, Unsigned[WireText]] | Exception
_Result = tuple[Envelope, WireText] | Exception


class Ahead:
    """What makes the letters of one worker before their turn, with the keys of these signers."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self._places = {signer: place for place, signer in enumerate(signers)}
        self._benches = [_Bench(signers) for _ in range(_processes())] if all(each.private for each in signers) else []
        self._waiting: asyncio.Queue[tuple[Sequence[Leased], Ready]] = asyncio.Queue()
        self._work: list[asyncio.Task[None]] = []

    def begin(self, letters: Sequence[Leased], ready: Ready) -> None:
        """Have these made from now on, in this order. Some at a time are given to `ready`, on the loop that runs."""
        if not self._works or (len(letters) < _MANY and not self._work):
            ready(letters)
            return
        for some in chunks(letters, _LETTERS):
            self._waiting.put_nowait((some, ready))
        if not self._work:
            self._work = [asyncio.create_task(self._make_at(each)) for each in self._benches * _HANDFULS_EACH]

    async def close(self) -> None:
        """Make no more; those that nobody will hand over are left."""
        benches, self._benches = self._benches, []
        for task in self._work:
            task.cancel()
        try:
            await asyncio.gather(*self._work, return_exceptions=True)
        finally:
            for bench in benches:
                bench.clear()

    @property
    def _works(self) -> bool:
        return any(bench.works for bench in self._benches)

    async def _make_at(self, bench: "_Bench") -> None:
        while bench.works:
            some, ready = await self._waiting.get()
            try:
                made: Sequence[Letter] = await self._made(some, bench)
            except Exception:  # whatever it was, it need not be so in this process, and in their turn
                made = some
            ready(made)
        while not (self._works or self._waiting.empty()):  # nobody else is there to make them before their turn
            some, ready = self._waiting.get_nowait()
            ready(some)

    async def _made(self, letters: Sequence[Leased], bench: "_Bench") -> list[Letter]:
        drafts = [draft async for draft in _drafts(letters)]
        wanted = [each for draft in drafts for each in self._wanted(draft)]
        signatures = iter(await bench.signatures(wanted) if wanted else [])
        return [
            _Made(letter.id, letter, _finished(draft, signatures))
            for letter, draft in zip(letters, drafts, strict=True)
        ]

    def _wanted(self, draft: _Draft) -> list[Wanted]:
        if isinstance(draft, Exception):
            return []
        places = [self._places[signer] for signer in draft[1].signers]
        return list(zip(places, draft[1].hashes, strict=True))


class _Bench:
    """One process at a time: begun when it is needed, and another one where it has ended."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self._signers = signers
        self._process: SigningProcess | None = None
        self._beginning = asyncio.Lock()
        #: Whether the last one has answered; else another would not either.
        self._has_answered = True

    @property
    def works(self) -> bool:
        """Whether there is a process, or it is worth to begin one."""
        return self._process is not None or self._has_answered or self._beginning.locked()

    async def signatures(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """As of `SigningProcess`, and it is ended where it is of no further use."""
        process = await self._current()
        try:
            made = await process.signatures(wanted)
        except BaseException:
            self._end(process)
            raise
        self._has_answered = True
        return made

    def clear(self) -> None:
        """Have none."""
        if self._process:
            self._end(self._process)

    async def _current(self) -> SigningProcess:
        async with self._beginning:
            if self._process is None:
                if not self._has_answered:
                    raise EOFError("it would not answer either")
                self._has_answered = False
                self._process = await SigningProcess.begun(self._signers)
            return self._process

    def _end(self, process: SigningProcess) -> None:
        process.end()
        if self._process is process:
            self._process = None


class _Made(NamedTuple):
    """A letter that is made, or cannot be, which is for its own turn: the others are not to blame."""

    id: DeliveryId
    letter: Leased
    result: _Result

    @property
    def domain(self) -> str:
        """The letter's."""
        return self.letter.domain

    def made(self) -> tuple[Envelope, WireText]:
        """What the letter promises."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def _drafts(letters: Sequence[Leased]) -> AsyncIterator[_Draft]:
    """Each letter before it is signed; mail servers have their turn in between where it takes long."""
    until = time.monotonic() + _SECONDS
    for letter in letters:
        yield _draft(letter)
        if time.monotonic() > until:
            await asyncio.sleep(0)
            until = time.monotonic() + _SECONDS


def _draft(letter: Leased) -> _Draft:
    try:
        return letter.unsigned()
    except Exception as error:
        return error


def _finished(draft: _Draft, signatures: Iterator[bytes]) -> _Result:
    if isinstance(draft, Exception):
        return draft
    envelope, unsigned = draft
    return envelope, unsigned.signed(list(islice(signatures, len(unsigned.signers))))


def _processes() -> int:
    """None beside the only processor there is: it would have to wait for this process."""
    count = _processors()
    return min(count, _MOST_PROCESSES) if count > 1 else 0


def _processors() -> int:
    """That this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
