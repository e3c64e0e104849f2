"""Handfuls: letters made some at a time, when the first of them is due.

One after the other they take two thirds of the time that each takes between the answers of mail servers, as all that
making needs stays close to the processor.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from digest.flow.feed import Letter, Ready
from digest.model.delivery import DeliveryId, Envelope, WireText
from digest.storage.chunks import chunks

#: At most so many letters at a time, so many bytes, and as many as are made in so many seconds: mail servers wait.
_LETTERS, _BYTES, _SECONDS = 32, 1_000_000, 0.005

_Result = tuple[Envelope, WireText] | Exception


class Handfuls:
    """What makes the letters of one worker that need no signature."""

    def begin(self, letters: Sequence[Letter], ready: Ready) -> None:
        """All of them are ready at once: each is made at the latest in its turn."""
        for some in chunks(letters, _LETTERS):
            ready(Handful(some).letters)

    async def close(self) -> None:
        """Nothing is under way."""


class Handful:
    """Letters that are next to each other, and what of them is made and not yet fetched."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        #: The same, each made together with others.
        self.letters = [_OfHandful(letter.id, letter, self) for letter in letters]
        #: The next one last.
        self._unmade = {letter.id: letter for letter in reversed(letters)}
        self._made: dict[DeliveryId, _Result] = {}

    def fetched(self, number: DeliveryId, letter: Letter) -> tuple[Envelope, WireText]:
        """The message of one of them; asked for once more, it is made once more."""
        if number in self._unmade:
            self._make(number)
        result = self._made.pop(number, None) or letter.made()
        if isinstance(result, Exception):
            raise result
        return result

    def _make(self, number: DeliveryId) -> None:
        """This one, and of the others as many as may be."""
        until, size, letter = time.monotonic() + _SECONDS, 0, self._unmade.pop(number)
        while True:
            result = self._made[number] = _result(letter)
            size += 0 if isinstance(result, Exception) else len(result[1])
            if not self._unmade or size >= _BYTES or time.monotonic() > until:
                return
            number, letter = self._unmade.popitem()


class _OfHandful(NamedTuple):
    """One of the letters of a handful."""

    id: DeliveryId
    letter: Letter
    handful: Handful

    @property
    def domain(self) -> str:
        """The letter's."""
        return self.letter.domain

    def made(self) -> tuple[Envelope, WireText]:
        """What the letter promises."""
        return self.handful.fetched(self.id, self.letter)


def _result(letter: Letter) -> _Result:
    try:
        return letter.made()
    except Exception as error:  # for its own turn: the others are not to blame
        return error
