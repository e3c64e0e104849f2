"""Ahead: letters that are signed are made before their turn, by threads beside the one that talks to mail servers.

A signature with an RSA key takes longer than all else that a letter needs, and lets other threads run meanwhile.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from digest.flow.feed import Letter
from digest.model.delivery import DeliveryId, Envelope, WireText

#: More keep each other from Python's one lock.
_MOST_THREADS = 4


class Ahead:
    """What makes the letters of one worker before their turn."""

    def __init__(self) -> None:
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="letters")

    def begun(self, letters: Sequence[Letter]) -> Sequence[Letter]:
        """The same letters, which are being made from now on, in this order."""
        return [_Begun(letter, self._threads.submit(letter.made)) for letter in letters]

    def close(self) -> None:
        """Make no more; those that nobody will hand over are left."""
        self._threads.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A letter that is being made, or is ready."""

    _letter: Letter
    _making: "Future[tuple[Envelope, WireText]]"

    @property
    def id(self) -> DeliveryId:
        """The letter's."""
        return self._letter.id

    @property
    def domain(self) -> str:
        """The letter's."""
        return self._letter.domain

    def made(self) -> tuple[Envelope, WireText]:
        """What the letter promises; waits where it is not ready."""
        return self._making.result()
