"""Lines: which of a worker's connections may be open."""

import asyncio
from typing import cast

from digest.flow.feed import Feed
from digest.flow.lines import Delivered, Lines
from digest.flow.relays import Relays
from digest.flow.stop import Stop
from digest.mail.memory import MemoryTransport
from digest.model.delivery import Handover, Outcome, Phase
from digest.storage.journal import Journal

BUSY = Handover(outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=421, closed=True)


def lines(connections: int) -> Lines:
    """So many, none of them open."""
    relays = Relays([MemoryTransport(connections=connections)])
    nobody = cast("Journal", type("Unbroken", (), {"broken": None}))
    return Lines(relays, cast("Feed", None), nobody, Stop(), Delivered(), progress=lambda _: None)


def those_that_may(mine: Lines, of: int = 6) -> list[int]:
    """Their numbers."""
    return [index for index in range(of) if mine.may_open(index)]


def test_the_first_may_be_open_when_a_server_wants_fewer() -> None:
    """Half of those that were open, whichever they are."""
    mine = lines(6)
    mine.learn(BUSY, "memory")

    assert those_that_may(mine) == [0]


def test_others_move_up_for_those_that_have_ended() -> None:
    """Whoever still works may be open, as many as the server wants: never nobody."""
    mine = lines(6)
    mine.learn(BUSY, "memory")
    for index in (0, 2, 1):
        mine.end(index)

    assert [each for each in those_that_may(mine) if each > 2] == [3]


def test_one_fewer_is_open_for_somebody_who_has_none() -> None:
    """Where one is open at all; the last is never given up."""
    mine = lines(3)
    mine.give_way()
    before = those_that_may(mine)
    for _ in range(3):
        asyncio.run(mine.open())  # type: ignore[arg-type]
    mine.give_way()
    after = those_that_may(mine)
    for _ in range(3):
        mine.give_way()

    assert (before, after, those_that_may(mine)) == ([0, 1, 2], [0, 1], [0])
