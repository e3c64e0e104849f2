"""Handfuls: letters made some at a time are the letters they would have been."""

import math
from dataclasses import dataclass

import pytest

from digest.errors import BadTemplate
from digest.flow import handfuls
from digest.flow.feed import Letter
from digest.flow.handfuls import Handfuls
from digest.model.delivery import DeliveryId, Envelope, WireText


@dataclass
class Counted:
    """A letter that counts how often it was made."""

    id: DeliveryId
    size: int = 10
    domain: str = "example.org"
    times: int = 0

    def made(self) -> tuple[Envelope, WireText]:
        self.times += 1
        if self.id < 0:
            raise BadTemplate(f"The template wants a value that letter {self.id} has not.")
        recipient = f"r{self.id}@example.org"
        return Envelope("b@news.example", recipient, str(self.id)), WireText(b"A" * self.size)


@pytest.fixture(autouse=True)
def _at_leisure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a moment makes no handful smaller here."""
    monkeypatch.setattr(handfuls, "_SECONDS", math.inf)


def counted(*numbers: int, size: int = 10) -> list[Counted]:
    return [Counted(DeliveryId(number), size) for number in numbers]


def begun(letters: list[Counted]) -> list[Letter]:
    ready: list[Letter] = []
    Handfuls().begin(letters, ready.extend)
    return ready


def test_each_is_the_letter_it_would_have_been_and_made_once() -> None:
    """In the same order, over as many handfuls as there are, in whatever order they are asked for."""
    letters = counted(*range(1, 101))
    ready = begun(letters)

    made = {letter.id: letter.made() for letter in reversed(ready)}

    assert [(letter.id, letter.domain) for letter in ready] == [(n, "example.org") for n in range(1, 101)]
    assert [letter.times for letter in letters] == [1] * 100
    assert all(made[letter.id] == letter.made() for letter in letters)


def test_nothing_is_made_before_one_of_its_handful_is_due() -> None:
    """A worker that is asked to end has not made a whole batch."""
    letters = counted(*range(1, 101))
    ready = begun(letters)
    before = sum(letter.times for letter in letters)
    ready[0].made()

    assert (before, sum(letter.times for letter in letters)) == (0, 32)


def test_one_that_is_tried_again_is_made_again() -> None:
    """Its message is not kept for that."""
    (letter,) = letters = counted(7)
    (ready,) = begun(letters)

    assert ready.made() == ready.made()
    assert letter.times == 2


def test_one_that_cannot_be_made_says_so_in_its_own_turn() -> None:
    """And each time; the others of its handful are made."""
    bad, good = begun(counted(-1, 1))

    assert good.made()[0].recipient == "r1@example.org"
    for _ in range(2):
        with pytest.raises(BadTemplate, match="letter -1"):
            bad.made()


def test_large_letters_are_not_kept_by_the_handful() -> None:
    """Memory holds a million bytes of them, however many there are."""
    letters = counted(*range(1, 33), size=400_000)
    begun(letters)[0].made()

    assert sum(letter.times for letter in letters) == 3


def test_letters_that_take_long_are_made_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail servers are answered in between."""
    monkeypatch.setattr(handfuls, "_SECONDS", -1.0)
    letters = counted(*range(1, 33))
    begun(letters)[5].made()

    assert [letter.times for letter in letters] == [0] * 5 + [1] + [0] * 26
