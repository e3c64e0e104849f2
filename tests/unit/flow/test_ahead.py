"""Ahead: letters made before their turn are the letters they would have been in it."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from digest.errors import BadTemplate
from digest.flow.ahead import Ahead
from digest.flow.feed import Letter
from digest.model.delivery import DeliveryId, Envelope, WireText

ENVELOPE = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="1")


@dataclass
class Slow:
    """A letter that is not made before it may be."""

    id: DeliveryId
    domain: str = "example.org"
    may_be_made: threading.Event = field(default_factory=threading.Event)
    times: int = 0

    def made(self) -> tuple[Envelope, WireText]:
        self.may_be_made.wait(30)
        self.times += 1
        if self.id < 0:
            raise BadTemplate("The template wants a value that no letter has.")
        return Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="1"), WireText(
            b"A\r\n"
        )


def slow(*numbers: int) -> list[Slow]:
    return [Slow(DeliveryId(number)) for number in numbers]


def begun(ahead: Ahead, letters: list[Slow], *, enough: int) -> list[Letter]:
    """As many as there shall be at least, as they become ready."""

    async def story() -> list[Letter]:
        ready: asyncio.Queue[Sequence[Letter]] = asyncio.Queue()
        ahead.begin(letters, ready.put_nowait)
        found: list[Letter] = []
        while len(found) < enough:
            found += await asyncio.wait_for(ready.get(), 30)
        return found

    return asyncio.run(story())


def test_each_is_the_letter_it_would_have_been_and_made_once() -> None:
    """Under the same names."""
    ahead, letters = Ahead(), slow(1, 2, 3)
    for letter in letters:
        letter.may_be_made.set()

    ready = sorted(begun(ahead, letters, enough=3), key=lambda letter: letter.id)
    made = [letter.made() for letter in ready]
    ahead.close()

    assert made == [letter.made() for letter in letters]
    assert [(letter.id, letter.domain) for letter in ready] == [(n, "example.org") for n in (1, 2, 3)]
    assert [letter.times for letter in letters] == [2, 2, 2]  # once ahead, once by this test


def test_who_talks_to_mail_servers_does_not_wait_for_one_that_takes_long() -> None:
    """Others that are ready come first."""
    ahead, letters = Ahead(), slow(*range(1, 17))
    for letter in letters[8:]:
        letter.may_be_made.set()

    ready = begun(ahead, letters, enough=8)
    for letter in letters[:8]:
        letter.may_be_made.set()
    ahead.close()

    assert [letter.id for letter in ready] == list(range(9, 17))


def test_one_that_cannot_be_made_says_so_in_its_own_turn() -> None:
    """And not before, nor to the others."""
    ahead, letters = Ahead(), slow(-1, 1)
    for letter in letters:
        letter.may_be_made.set()
    bad, good = sorted(begun(ahead, letters, enough=2), key=lambda letter: letter.id)

    assert good.made()[1] == b"A\r\n"
    with pytest.raises(BadTemplate):
        bad.made()
    ahead.close()


def test_what_nobody_will_hand_over_is_not_made() -> None:
    """A worker that is asked to end does not make a whole batch first; the loop may have ended by then."""
    ahead, letters = Ahead(), slow(*range(100))
    begun(ahead, letters, enough=0)
    for letter in letters[:64]:  # no more than these have been begun
        letter.may_be_made.set()

    ahead.close()

    assert sum(letter.times for letter in letters) <= 64
