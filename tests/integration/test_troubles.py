"""Troubles: why no mail leaves is kept where all can see it, shared by all workers, and another way out is taken."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from digest.errors import Problem, TransportRefused, TransportUnavailable
from digest.flow.breaker import PATIENCE_WITH_US
from digest.flow.deliver import deliver
from digest.flow.doctor import Health, examine
from digest.flow.house import House
from digest.flow.standing import standings, told
from digest.mail.memory import MemoryTransport
from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import About, DeliveryState, Handover, Outcome, Phase
from digest.storage import ledger, troubles
from digest.storage.clock import database_now
from digest.storage.tables import attempt, trouble
from digest.storage.troubles import Trouble
from tests.support.desk import Desk
from tests.support.smtp_sink import Act, SmtpSink, at
from tests.unit.flow.test_relays import AWAY, REFUSED, Door

_S = DeliveryState
ISSUE = "social-care/2026-11"
READERS = 8
POLICY = Handover(
    outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, about=About.US, diagnostic="5.7.1 Your network is listed"
)
SILENCE = Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT, about=About.US, closed=True)


@pytest.fixture
def published(desk: Desk, tmp_path: Path) -> Desk:
    """Eight deliveries in the queue."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(READERS):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    return desk


def by(desk: Desk, *transports: MemoryTransport | SmtpTransport) -> Desk:
    """The same house with these ways out."""
    first, *others = transports
    return Desk(replace(desk.house, transport=lambda: first, fallbacks=lambda: others))


def listed(house: House) -> list[Trouble]:
    """What stands in the database."""
    with house.store.read() as connection:
        return troubles.listed(connection)


def states(desk: Desk) -> dict[DeliveryState, int]:
    """How many are where; the sum always holds."""
    counts = {state: count for state, count in desk.counts("2026-11").items() if count}
    assert sum(counts.values()) == READERS
    return counts


def takers(desk: Desk, outcome: Outcome = Outcome.ACCEPTED) -> list[str]:
    """By whom each try went that ended so, as the ledger has it."""
    with desk.house.store.read() as connection:
        query = select(attempt.c.transport).where(attempt.c.outcome == outcome).order_by(attempt.c.id)
        return list(connection.scalars(query))


@pytest.mark.parametrize("problem", [AWAY, REFUSED])
def test_why_nothing_leaves_is_kept_until_mail_is_accepted_again(published: Desk, problem: Problem) -> None:
    """In plain words, with since when and what to do; a second try in vain keeps the first's time."""
    door = Door("smtp", problem)
    desk = by(published, door)
    for _ in range(2):
        with pytest.raises(type(problem)):
            desk.deliver()
    (kept,) = listed(desk.house)
    line = told(standings(desk.house, ISSUE)[0].troubles[0])
    ill = [each.words for each in examine(desk.house) if each.about == "transport" and each.health is not Health.GOOD]

    door.problem = None
    desk.deliver()

    assert (kept.what, kept.remedy, kept.failures) == (problem.what, problem.remedy, 1)
    assert 0 < kept.rest_seconds <= 300
    assert line.startswith("Nothing goes by “smtp” since")
    assert line.endswith(str(problem))
    assert ill == [line, str(problem)]
    assert states(desk) == {_S.ACCEPTED: READERS}
    assert listed(desk.house) == []
    assert standings(desk.house, ISSUE)[0].troubles == ()


def test_workers_share_it_and_a_person_is_told_at_once(published: Desk) -> None:
    """One has knocked in vain: the others leave it in peace, on whatever machine; a command asks again."""
    door = Door("smtp", AWAY)
    desk = by(published, door)
    with pytest.raises(TransportUnavailable):
        deliver(desk.house, patient=True)
    for _ in range(3):
        deliver(desk.house, patient=True)
    patient = door.knocks

    with pytest.raises(TransportUnavailable):
        deliver(desk.house)
    with desk.house.store.write() as connection:
        troubles.over(connection, ["smtp"])
    door.problem = None
    deliver(desk.house, patient=True)

    assert patient == 1
    assert states(desk) == {_S.ACCEPTED: READERS}


def test_the_newest_reason_is_the_one_that_is_told(house: House) -> None:
    """Whoever mends it tries while it rests: what they then hear stands there, and it rests no longer for it."""
    with house.store.write() as connection:
        for what in ("No.", "Now a wrong password."):
            troubles.note(connection, "smtp", what=what, remedy="Wait.", rest=lambda _: timedelta(minutes=5))

    [found] = listed(house)
    assert (found.what, found.failures) == ("Now a wrong password.", 1)


def test_what_is_tried_in_vain_again_rests_longer(house: House) -> None:
    """Counted once for all who notice it at the same time."""
    rests = []
    for _ in range(3):
        with house.store.write() as connection:
            for what in ("away", "away too"):
                troubles.note(connection, "smtp", what=what, remedy="", rest=lambda n: timedelta(seconds=100 * n))
        rests.append(round(listed(house)[0].rest_seconds))
        over = update(trouble).values(next_try_at=database_now())
        with house.store.write() as connection:
            connection.execute(over)

    assert rests == [100, 200, 300]


def test_refused_in_the_middle_of_the_work_the_rest_goes_by_the_next(published: Desk) -> None:
    """Nobody is blamed: the first five are tried again by the next, as are the others, and the ledger says by whom."""
    desk = by(published, MemoryTransport([POLICY] * 100, name="smtp"), MemoryTransport(name="backup"))

    desk.deliver(drain=True)

    kept = listed(desk.house)
    assert [(each.transport, "listed" in each.what) for each in kept] == [("smtp", True)]
    assert states(desk) == {_S.ACCEPTED: READERS}
    assert takers(desk, Outcome.DEFERRED) == ["smtp"] * PATIENCE_WITH_US
    assert takers(desk) == ["backup"] * READERS
    with desk.house.store.read() as connection:
        assert {entry.transport for entry in ledger.entries(connection, 1)} == {"backup"}


def test_refused_by_all_the_run_ends(published: Desk) -> None:
    """With what each said."""
    desk = by(published, *(MemoryTransport([POLICY] * 100, name=name) for name in ("smtp", "backup")))

    with pytest.raises(TransportRefused, match="refuses us"):
        desk.deliver(drain=True)

    assert states(desk) == {_S.QUEUED: READERS}
    assert {each.transport for each in listed(desk.house)} == {"smtp", "backup"}


def test_after_the_dot_there_is_no_other_way(published: Desk) -> None:
    """Silence after it is doubt, whoever else could be asked; it is not sent a second time."""
    backup = MemoryTransport(name="backup")
    desk = by(published, MemoryTransport([SILENCE], name="smtp"), backup)

    desk.deliver(drain=True)

    assert states(desk) == {_S.UNKNOWN: 1, _S.ACCEPTED: READERS - 1}
    assert backup.kept == []


@contextmanager
def running(*sinks: SmtpSink) -> Iterator[None]:
    """Mail servers in a thread of their own."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        for sink in sinks:
            await sink.__aenter__()
        ready.set()
        await over.wait()
        for sink in sinks:
            await sink.__aexit__()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@pytest.mark.parametrize("first", ["is away", "refuses the login", "is closing down", "dies on the way"])
def test_over_real_mail_servers_everybody_gets_one(published: Desk, first: str) -> None:
    """Whatever is wrong with the first; nothing is lost, and nothing comes twice."""
    scripts = {
        "refuses the login": None,
        "is closing down": at("greeting", Act(reply="421 4.3.2 Closing down", hang_up=True)),
        "dies on the way": at("data", Act(), Act(hang_up=True, silent=True)),  # a 354 before it would make doubt
    }
    login = ("desk", "s3cret") if first == "refuses the login" else None
    bad, good = SmtpSink(script=scripts.get(first), login=login), SmtpSink()
    with running(bad, good):
        ports = (1 if first == "is away" else bad.port, good.port)
        configs = [
            SmtpConfig(host="127.0.0.1", port=port, name=name, security=Security.NONE, connections=2)
            for name, port in zip(("smtp", "backup"), ports, strict=True)
        ]
        configs[0] = replace(configs[0], timeouts=SmtpTimeouts(opening=5), username="desk" if login else "")
        desk = by(published, *map(SmtpTransport, configs))
        desk.deliver(drain=True)

    arrived = [each.recipient for sink in (bad, good) for each in sink.received]
    assert states(desk) == {_S.ACCEPTED: READERS}
    assert sorted(arrived) == sorted(f"r{number}@example.org" for number in range(READERS))
    assert "backup" in takers(desk)
