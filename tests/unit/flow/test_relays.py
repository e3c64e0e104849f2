"""Relays: the first that lets us in, in their order, and the first of all again after a while."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import Problem, TransportRefused, TransportUnavailable
from digest.flow.relays import LONGEST_REST, Relays, rest
from digest.mail.memory import MemorySession, MemoryTransport
from digest.storage.troubles import Trouble

AWAY = TransportUnavailable("It cannot be reached.", remedy="Wait.")
REFUSED = TransportRefused("It does not accept the login.", remedy="Check it.")


class Door(MemoryTransport):
    """Lets in until it is told why not."""

    def __init__(self, name: str, problem: Problem | None = None) -> None:
        super().__init__(name=name)
        self.problem = problem
        self.knocks = 0

    async def connect(self) -> MemorySession:
        """Open a session, or say why not."""
        self.knocks += 1
        if self.problem:
            raise self.problem
        return await super().connect()


def known(name: str, seconds: float, failures: int = 1) -> Trouble:
    """A trouble that stands in the database."""
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Trouble(
        transport=name, what="", remedy="", since=at, failures=failures, next_try_at=at, rest_seconds=seconds
    )


def names(relays: Relays, times: int = 1) -> list[str]:
    """Who lets us in, so many times."""

    async def knock() -> list[str]:
        return [(await relays.connect()).name for _ in range(times)]

    return asyncio.run(knock())


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (4, 40), (7, 300), (500, 300)])
def test_the_rest_is_longer_each_time(failures: int, seconds: int) -> None:
    """Up to five minutes."""
    assert rest(failures, again=True) == timedelta(seconds=seconds)


def test_where_only_a_person_can_help_it_is_long_at_once() -> None:
    """A wrong password stays wrong."""
    assert rest(1, again=False) == LONGEST_REST


def test_the_first_is_used_for_as_long_as_it_lets_us_in() -> None:
    """The other hears nothing of us."""
    first, second = Door("smtp"), Door("backup")

    assert names(Relays([first, second]), 3) == ["smtp"] * 3
    assert second.knocks == 0


@pytest.mark.parametrize("problem", [AWAY, REFUSED])
def test_the_next_is_asked_when_the_first_does_not_let_us_in(problem: Problem) -> None:
    """And the first is left in peace for now."""
    first, second = Door("smtp", problem), Door("backup")

    assert names(Relays([first, second]), 3) == ["backup"] * 3
    assert first.knocks == 1


def test_after_a_while_the_first_is_the_first_again() -> None:
    """What it has rested for stands in the database, for all workers."""
    first, second = Door("smtp"), Door("backup")

    assert names(Relays([first, second], [known("smtp", 60)])) == ["backup"]
    assert names(Relays([first, second], [known("smtp", 0)]), 2) == ["smtp", "smtp"]


def test_when_nobody_lets_us_in_it_is_told_what_the_first_said() -> None:
    """All were asked, also those that should rest: a person may have mended one."""
    first, second = Door("smtp", REFUSED), Door("backup", AWAY)
    relays = Relays([first, second], [known("smtp", 60), known("backup", 60)])

    with pytest.raises(TransportRefused):
        names(relays)
    assert (first.knocks, second.knocks) == (1, 1)
    assert relays.all_rest


def test_one_that_works_with_us_may_not_want_more_connections() -> None:
    """It is not given up for that."""
    first, second = Door("smtp"), Door("backup")
    relays = Relays([first, second])
    session = asyncio.run(relays.connect())

    first.problem = AWAY
    with pytest.raises(TransportUnavailable):
        names(relays)
    relays.ended(session)

    assert names(relays) == ["backup"]


def test_one_that_refuses_us_in_the_middle_of_the_work_is_given_up() -> None:
    """Until it lets us in again after its rest."""
    first, second = Door("smtp"), Door("backup")
    relays = Relays([first, second])

    assert relays.give_up("smtp", REFUSED)
    assert relays.given_up == {"smtp"}
    assert names(relays) == ["backup"]
    assert not relays.give_up("backup", REFUSED)


def test_while_one_knocks_at_who_was_away_the_others_go_by_another_way() -> None:
    """A host that does not answer keeps one connection waiting, not all."""
    opened = asyncio.Event()

    class Slow(Door):
        async def connect(self) -> MemorySession:
            await opened.wait()
            return await super().connect()

    async def knock() -> list[str]:
        relays = Relays([Slow("smtp"), Door("backup")], [known("smtp", 0)])
        slow = asyncio.create_task(relays.connect())
        await asyncio.sleep(0)
        other = await relays.connect()
        opened.set()
        return [other.name, (await slow).name]

    assert asyncio.run(knock()) == ["backup", "smtp"]
