"""The feed: leased ahead, each letter once, nothing forgotten when the run ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from digest.errors import StorageUnavailable
from digest.flow.feed import Feed, Lease
from digest.flow.letters import Letter


def letters(*numbers: int) -> list[Letter]:
    """Stand-ins: the feed looks into none."""
    return cast("list[Letter]", list(numbers))


class Database:
    """Leases these batches, one after the other, and then no more."""

    def __init__(self, *batches: Any) -> None:
        self.batches = list(batches)
        self.at_once = self.most_at_once = 0

    async def lease(self) -> list[Letter]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        batch = self.batches.pop(0) if self.batches else []
        if isinstance(batch, Exception):
            raise batch
        return cast("list[Letter]", batch)


async def _all(feed: Feed) -> list[Letter]:
    found = []
    while (letter := await feed.next()) is not None:
        found.append(letter)
    return found


def test_each_letter_comes_once_and_in_order() -> None:
    """Over as many batches as there are."""
    feed = Feed(Database(letters(1, 2, 3), letters(4, 5), letters(6)).lease, low=1)

    assert asyncio.run(_all(feed)) == letters(1, 2, 3, 4, 5, 6)


def test_many_who_ask_at_once_share_one_lease() -> None:
    """No letter twice, none left, and never two leases at once."""
    database = Database(letters(*range(1, 11)), letters(*range(11, 31)))
    feed = Feed(database.lease, low=5)

    async def by_many() -> list[list[Letter]]:
        return await asyncio.gather(*(_all(feed) for _ in range(4)))

    taken = sorted(cast("list[int]", [letter for each in asyncio.run(by_many()) for letter in each]))

    assert taken == list(range(1, 31))
    assert database.most_at_once == 1


def test_the_next_batch_is_asked_for_before_the_last_is_gone() -> None:
    """When it comes down to `low`."""
    database = Database(letters(1, 2, 3, 4), letters(5))

    async def story() -> list[int]:
        feed, left = Feed(database.lease, low=2), []
        for _ in range(3):
            await feed.next()
            await asyncio.sleep(0.01)
            left.append(len(database.batches))
        await feed.close()
        return left

    assert asyncio.run(story()) == [1, 1, 0]


def test_what_is_left_is_told_at_the_end() -> None:
    """So that it can be given back: also what was put back, and what a lease still brings."""
    database = Database(letters(1, 2, 3), letters(4))

    async def story() -> list[Letter]:
        feed = Feed(database.lease, low=3)
        first = await feed.next()
        assert first is not None
        feed.put_back(first)
        return await feed.close()

    assert asyncio.run(story()) == letters(1, 2, 3, 4)


def test_a_problem_is_told_once_the_feed_is_empty() -> None:
    """What was leased before is still handed out."""
    feed = Feed(Database(letters(1, 2), StorageUnavailable("Gone.")).lease, low=1)

    async def story() -> list[Letter]:
        found = [await feed.next(), await feed.next()]
        with pytest.raises(StorageUnavailable):
            await feed.next()
        return cast("list[Letter]", found)

    assert asyncio.run(story()) == letters(1, 2)


@dataclass
class To:
    """A stand-in for a letter to somebody."""

    domain: str
    number: int


def test_a_domain_that_has_enough_is_passed_over_until_one_is_done() -> None:
    """Readers of other domains do not wait for it, and its own keep their order."""
    a1, a2, a3, b1 = (To(d, n) for d, n in (("a.example", 1), ("a.example", 2), ("a.example", 3), ("b.example", 4)))
    database = Database([a1, a2, a3, b1])

    async def story() -> list[object]:
        feed = Feed(cast("Lease", database.lease), low=0, per_domain=1)
        first, second = await feed.next(), await feed.next()
        third = asyncio.create_task(feed.next())
        await asyncio.sleep(0.01)
        waits = not third.done()
        assert first is not None
        feed.done(first)
        return [first, second, waits, await third]

    assert asyncio.run(story()) == [a1, b1, True, a2]


def test_what_was_put_back_no_longer_counts_as_under_way() -> None:
    """Else its domain would wait for ever."""
    only = To("a.example", 1)

    async def story() -> list[object]:
        feed = Feed(cast("Lease", Database([only]).lease), low=0, per_domain=1)
        first = await feed.next()
        assert first is not None
        feed.put_back(first)
        return [first, await feed.next()]

    assert asyncio.run(story()) == [only, only]


@dataclass
class Numbered:
    """A stand-in for a letter that is made before its turn."""

    id: int


@dataclass
class Workshop:
    """Makes letters when it is told to."""

    unmade: list[Letter] = field(default_factory=list)
    ready: Any = None

    def begin(self, letters: Sequence[Letter], ready: Any) -> None:
        self.unmade += letters
        self.ready = ready

    def finish(self, count: int) -> None:
        """So many, the last begun first."""
        for _ in range(count):
            self.ready([self.unmade.pop()])


def test_letters_come_as_they_are_made() -> None:
    """Whoever waits for one waits no longer than for that, and all end when there will be no more."""
    workshop, batch = Workshop(), [Numbered(number) for number in range(1, 5)]

    async def story() -> list[object]:
        feed = Feed(cast("Lease", Database(batch).lease), low=0, maker=workshop)
        lines = [asyncio.create_task(_all(feed)) for _ in range(3)]
        await asyncio.sleep(0.01)
        nothing_yet = feed.pick() is None
        workshop.finish(1)
        await asyncio.sleep(0.01)
        first = [letter for line in lines for letter in ([] if not line.done() else line.result())]
        workshop.finish(3)
        return [nothing_yet, first, sorted(n.id for found in await asyncio.gather(*lines) for n in found)]

    assert asyncio.run(asyncio.wait_for(story(), 30)) == [True, [], [1, 2, 3, 4]]


def test_what_is_not_made_at_the_end_is_left_too() -> None:
    """It was leased, and is given back; made after that, it is not handed out."""
    workshop, batch = Workshop(), [Numbered(number) for number in (1, 2, 3)]

    async def story() -> list[object]:
        feed = Feed(cast("Lease", Database(batch).lease), low=0, maker=workshop)
        line = asyncio.create_task(feed.next())
        await asyncio.sleep(0.01)
        workshop.finish(1)
        taken, left = await line, await feed.close()
        workshop.finish(1)
        return [taken, left, feed.pick()]

    assert asyncio.run(asyncio.wait_for(story(), 30)) == [batch[2], batch[:2], None]


def test_the_next_batch_is_asked_for_while_the_last_is_being_made() -> None:
    """What is not made counts as what is left."""
    workshop, database = Workshop(), Database([Numbered(n) for n in range(4)], [Numbered(n) for n in range(4, 8)])

    async def story() -> list[int]:
        feed, left = Feed(cast("Lease", database.lease), low=2, maker=workshop), []
        for _ in range(3):
            asking = asyncio.create_task(feed.next())
            await asyncio.sleep(0.01)
            workshop.finish(1)
            await asking
            left.append(len(database.batches))
        await asyncio.sleep(0.01)
        return [*left, len(database.batches)]

    assert asyncio.run(asyncio.wait_for(story(), 30)) == [1, 1, 0, 0]
