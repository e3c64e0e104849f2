"""Ahead: letters made before their turn are the letters they would have been in it, whatever happens to the others."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from digest.errors import BadTemplate
from digest.flow import ahead as ahead_module
from digest.flow.ahead import Ahead
from digest.flow.feed import Letter
from digest.mail import signing
from digest.mail.dkim import Signer, Unsigned, signed_here, unsigned
from digest.mail.dkim_keys import Kind, signer
from digest.mail.signing import SigningProcess
from digest.model.delivery import DeliveryId, Envelope, WireText
from tests.support.postmaster import KEYS

BOTH = tuple(signer(KEYS[kind], domain="example.org", selector=str(kind)) for kind in Kind)
AT = datetime(2026, 11, 30, 8, tzinfo=UTC)


@dataclass
class Plain:
    """A letter that counts how often it was made; those below zero cannot be."""

    id: DeliveryId
    signers: Sequence[Signer] = BOTH
    domain: str = "example.org"
    times: int = field(default=0, compare=False)

    def unsigned(self) -> tuple[Envelope, Unsigned[WireText]]:
        self.times += 1
        if self.id < 0:
            raise BadTemplate(f"The template wants a value that letter {self.id} has not.")
        text = WireText(b"From: b@news.example\r\nSubject: %d\r\n\r\nHello.\r\n" % self.id)
        return Envelope("b@news.example", f"r{self.id}@example.org", str(self.id)), unsigned(text, self.signers, at=AT)

    def made(self) -> tuple[Envelope, WireText]:
        envelope, draft = self.unsigned()
        return envelope, signed_here(draft)


def letters(*numbers: int, signers: Sequence[Signer] = BOTH) -> list[Plain]:
    return [Plain(DeliveryId(number), signers) for number in numbers]


pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("patient_signing")]


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead_module, "_processors", lambda: 2)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[SigningProcess]:
    """The processes that were begun."""
    all_of_them: list[SigningProcess] = []
    usual = SigningProcess.begun

    async def noted(signers: Sequence[Signer]) -> SigningProcess:
        all_of_them.append(await usual(signers))
        return all_of_them[-1]

    monkeypatch.setattr(SigningProcess, "begun", noted)
    return all_of_them


async def ready_of(ahead: Ahead, *batches: Sequence[Plain], at_once: Callable[[], None] = lambda: None) -> list[Letter]:
    """All of these, as they become ready, and what is done each time that some do."""
    ready: asyncio.Queue[Sequence[Letter]] = asyncio.Queue()

    def take(some: Sequence[Letter]) -> None:
        ready.put_nowait(some)
        at_once()

    for batch in batches:
        ahead.begin(batch, take)
    found: list[Letter] = []
    while len(found) < sum(map(len, batches)):
        found += await asyncio.wait_for(ready.get(), 100)
    return found


async def test_each_is_the_letter_it_would_have_been_and_made_once(begun: list[SigningProcess]) -> None:
    """Signed by each of its signers, by other processes; few letters that come later as well."""
    ahead, many, few = Ahead(BOTH), letters(*range(1, 101)), letters(101, 102)

    ready = await ready_of(ahead, many, few)
    made = {letter.id: letter.made() for letter in ready}
    await ahead.close()

    assert [letter.times for letter in (*many, *few)] == [1] * 102
    assert made == {letter.id: letter.made() for letter in (*many, *few)}
    assert {letter.domain for letter in ready} == {"example.org"}
    assert len(begun) == 2


async def test_one_is_signed_by_those_that_speak_for_it(begun: list[SigningProcess]) -> None:
    """Whichever keys the others need, and be it none."""
    ahead, some = Ahead(BOTH), [Plain(DeliveryId(n), BOTH[n % 2 : n % 4]) for n in range(100)]

    ready = await ready_of(ahead, some)
    await ahead.close()

    assert {letter.id: letter.made() for letter in ready} == {letter.id: letter.made() for letter in some}


async def test_one_that_cannot_be_made_says_so_in_its_own_turn() -> None:
    """And not before, nor to the others."""
    ahead, some = Ahead(BOTH), letters(*range(-1, 99))

    bad, *good = sorted(await ready_of(ahead, some), key=lambda letter: letter.id)
    await ahead.close()

    assert all(b"DKIM-Signature" in letter.made()[1] for letter in good)
    with pytest.raises(BadTemplate, match="-1"):
        bad.made()


@pytest.mark.parametrize("why", ["few", "one processor", "a key that stays here"])
async def test_no_process_is_begun_without_need(
    why: str, begun: list[SigningProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is then made in its turn."""
    signers = tuple(replace(each, private=b"") for each in BOTH) if why == "a key that stays here" else BOTH
    if why == "one processor":
        monkeypatch.setattr(ahead_module, "_processors", lambda: 1)
    ahead, some = Ahead(signers), letters(*range(10 if why == "few" else 100), signers=signers)

    ready = await ready_of(ahead, some)
    await ahead.close()

    assert ready == some
    assert begun == []


async def test_another_takes_the_place_of_one_that_was_killed(begun: list[SigningProcess]) -> None:
    """What it was at is made in its turn."""
    ahead, before, after = Ahead(BOTH), letters(*range(100)), letters(*range(100, 300))
    ready = await ready_of(ahead, before)
    for process in begun:
        process._child.kill()
        process._child.wait(60)

    ready += await ready_of(ahead, after)
    made = {letter.id: letter.made()[1] for letter in ready}
    await ahead.close()

    assert made == {letter.id: letter.made()[1] for letter in (*before, *after)}
    assert len(begun) == 4


async def test_no_more_are_begun_where_none_works(begun: list[SigningProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    """All letters are made in their turn."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ahead, some = Ahead(BOTH), letters(*range(200))

    ready = await ready_of(ahead, some)
    await ahead.close()

    assert sorted(letter.id for letter in ready) == list(range(200))
    assert all(letter in some for letter in ready)
    assert sum(letter.times for letter in some) <= 128  # of those that were begun, and no more for nothing
    assert len(begun) == 2
    assert await ready_of(ahead, letters(*range(200, 300))) == letters(*range(200, 300))


async def test_no_process_is_begun_where_nobody_signs(begun: list[SigningProcess]) -> None:
    """Keys of others are no reason."""
    ahead, some = Ahead(BOTH), letters(*range(100), signers=())

    ready = await ready_of(ahead, some)
    await ahead.close()

    assert {letter.id: letter.made() for letter in ready} == {letter.id: letter.made() for letter in some}
    assert begun == []


@pytest.mark.parametrize("before", [0, 100])
async def test_after_the_end_each_is_made_in_its_turn(before: int, begun: list[SigningProcess]) -> None:
    """A lease that was under way may bring more."""
    ahead, some = Ahead(BOTH), letters(*range(100))
    await ready_of(ahead, letters(*range(100, 100 + before)))
    await ahead.close()
    count = len(begun)

    assert await ready_of(ahead, some) == some
    assert len(begun) == count


async def test_who_stands_still_for_long_sends_no_letter_with_the_signature_of_another(
    begun: list[SigningProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process was stopped, and the others went on."""
    ahead, some, stops = Ahead(BOTH), letters(*range(600)), iter([False, True] * 3)
    await ready_of(ahead, letters(*range(600, 800)))  # both have begun, and have answered
    assert len(begun) == 2
    monkeypatch.setattr(signing, "_PATIENCE", 0.3)

    found = await ready_of(ahead, some, at_once=lambda: time.sleep(0.5 if next(stops, False) else 0))
    await ahead.close()

    assert {letter.id: letter.made() for letter in found} == {letter.id: letter.made() for letter in some}


async def test_what_nobody_will_hand_over_is_not_made(begun: list[SigningProcess]) -> None:
    """A worker that is asked to end does not make a whole batch first, and leaves no process."""
    ahead, some = Ahead(BOTH), letters(*range(1000))
    first = asyncio.Event()
    ahead.begin(some, lambda _: first.set())
    await asyncio.wait_for(first.wait(), 100)

    await ahead.close()
    times = sum(letter.times for letter in some)
    await asyncio.sleep(0.05)

    assert times == sum(letter.times for letter in some) < 1000
    assert all(process._child.returncode is not None for process in begun)
