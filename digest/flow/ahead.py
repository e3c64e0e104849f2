"""Ahead: letters that are signed are made before their turn, by threads beside the one that talks to mail servers.

A signature with an RSA key takes longer than all else that a letter needs, and lets other threads run meanwhile.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from digest.flow.feed import Letter
from digest.model.delivery import DeliveryId, Envelope, WireText

#: More keep each other from Python's one lock.
_MOST_THREADS = 4


class Ahead:
    """What makes the letters of one worker before their turn."""

    def __init__(self) -> None:
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="letters")

    def begin(self, letters: Sequence[Letter], ready: Callable[[Letter], None]) -> None:
        """Have these made from now on, in this order. Each is given to `ready`, on the loop that runs, once it is made,
        or cannot be; those that nobody will hand over any more are not."""
        loop = asyncio.get_running_loop()
        for letter in letters:
            self._threads.submit(letter.made).add_done_callback(partial(_tell, loop, ready, letter))

    def close(self) -> None:
        """Make no more; those that nobody will hand over are left."""
        self._threads.shutdown(cancel_futures=True)


_Making = Future[tuple[Envelope, WireText]]


@dataclass(frozen=True, slots=True)
class _Made:
    """A letter that is made."""

    _letter: Letter
    _making: _Making

    @property
    def id(self) -> DeliveryId:
        """The letter's."""
        return self._letter.id

    @property
    def domain(self) -> str:
        """The letter's."""
        return self._letter.domain

    def made(self) -> tuple[Envelope, WireText]:
        """What the letter promises."""
        return self._making.result()


def _tell(loop: asyncio.AbstractEventLoop, ready: Callable[[Letter], None], letter: Letter, making: _Making) -> None:
    if not making.cancelled():
        with suppress(RuntimeError):  # nobody will hand it over: the loop has ended
            loop.call_soon_threadsafe(ready, _Made(letter, making))
