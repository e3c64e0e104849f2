"""Ahead: letters that are signed are made before their turn, by threads beside the one that talks to mail servers.

A signature with an RSA key takes longer than all else that a letter needs, and lets other threads run meanwhile.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from digest.flow.feed import Letter, Ready
from digest.flow.handfuls import Handful, handfuls

#: More keep each other from Python's one lock.
_MOST_THREADS = 4
#: So many letters are handed out together: their markers are one commit, as if they came back from mail servers.
_LETTERS = 8


class Ahead:
    """What makes the letters of one worker before their turn."""

    def __init__(self) -> None:
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="letters")

    def begin(self, letters: Sequence[Letter], ready: Ready) -> None:
        """Have these made from now on, in this order. Some at a time are given to `ready`, on the loop that runs, once
        they are made, or cannot be; those that nobody will hand over any more are not."""
        loop = asyncio.get_running_loop()
        for handful in handfuls(letters, of=_LETTERS):
            self._threads.submit(handful.make_all).add_done_callback(partial(_tell, loop, ready, handful))

    def close(self) -> None:
        """Make no more; those that nobody will hand over are left."""
        self._threads.shutdown(cancel_futures=True)


def _tell(loop: asyncio.AbstractEventLoop, ready: Ready, handful: Handful, making: Future[None]) -> None:
    if not making.cancelled():
        with suppress(RuntimeError):  # nobody will hand it over: the loop has ended
            loop.call_soon_threadsafe(ready, handful.letters)
