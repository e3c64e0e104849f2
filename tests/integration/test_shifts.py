"""Shifts side by side: the issues' and that of single letters, whatever befalls one of them."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text, update

from digest.errors import BadTemplate, StorageUnavailable, TransportUnavailable
from digest.flow import sign_up, wording
from digest.flow.deliver import Delivered, Stop, deliver
from digest.mail.memory import MemorySession, MemoryTransport
from digest.model.delivery import About, DeliveryState, Envelope, Handover, Outcome, Phase
from digest.model.notice import RequestKind, Wish
from digest.ports import BeforeDot
from digest.storage import workers
from digest.storage.clock import database_now
from digest.storage.engine import open_store
from digest.storage.notice_tables import notice, request
from digest.storage.tables import worker
from tests.support.desk import NEWSLETTER, Desk

_S = DeliveryState
ADA = "ada@example.net"
BUSY = Handover(outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=421, about=About.US, closed=True)


class Server(MemoryTransport):
    """Takes its time after each marker, and may answer 421 on its first connection or take only a few."""

    def __init__(
        self, *, connections: int = 1, takes: int = 99, scans: float = 0.05, busy: float | None = None
    ) -> None:
        super().__init__(connections=connections)
        self.takes, self.scans, self.busy = takes, scans, busy
        self.open = 0

    async def connect(self) -> "Scanning":
        """Open a session; turned away where there are as many as it takes."""
        if self.open >= self.takes:
            raise TransportUnavailable("421 too many connections.", remedy="Wait.")
        self.open += 1
        return Scanning(self, first=self.open == 1)


class Scanning(MemorySession):
    """One session with it."""

    def __init__(self, server: Server, *, first: bool) -> None:
        super().__init__(server.kept, server._answers, name=server.name)
        self._server, self._first, self._over = server, first, False

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """As the list does, but slowly."""
        if self._first and self._server.busy is not None:
            await asyncio.sleep(self._server.busy)
            return BUSY

        async def scanned() -> bool:
            marked = await before_dot()
            await asyncio.sleep(self._server.scans)
            return marked

        return await super().hand_over(envelope, message, scanned)

    async def close(self) -> None:
        """Done twice is done once."""
        self._server.open -= not self._over
        self._over = True
        await super().close()


def by(desk: Desk, server: Server, **mail: object) -> Desk:
    """The same house with this mail server."""
    kept = desk.house.settings
    settings = kept.model_copy(update={"mail": kept.mail.model_copy(update=mail)})
    return Desk(replace(desk.house, settings=settings, transport=lambda: server))


def published(desk: Desk, tmp_path: Path, readers: int) -> Desk:
    """So many deliveries in the queue."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(readers):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    return desk


def states(desk: Desk) -> dict[DeliveryState, int]:
    """How many are where."""
    return {state: count for state, count in desk.counts("2026-11").items() if count}


def ask(desk: Desk, email: str = ADA) -> None:
    """Somebody signs up on a page."""
    sign_up.ask(desk.house, RequestKind.SIGN_UP, NEWSLETTER, email, Wish(), client="192.0.2.1")


@contextmanager
def delivering(desk: Desk, stop: Stop | None = None) -> Iterator[Future[Delivered]]:
    """A run in a thread of its own, asked to end with the block."""
    stop = stop or Stop()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(deliver, desk.house, stop=stop)
        finally:
            stop.wanted = True


def until(desk: Desk, **wanted: int) -> None:
    """Wait for so many deliveries in these states."""
    for _ in range(400):
        if all(desk.counts("2026-11").get(DeliveryState(name), 0) >= count for name, count in wanted.items()):
            return
        asyncio.run(asyncio.sleep(0.05))
    raise AssertionError(states(desk))


def test_the_last_letter_finds_a_line_when_the_server_wants_fewer(desk: Desk, tmp_path: Path) -> None:
    """The one line that may be open ends, and another that holds a letter takes its place."""
    mine = published(by(desk, server := Server(connections=2, scans=0.5, busy=0.2), retry_seconds=3600.0), tmp_path, 3)

    with delivering(mine) as run:
        done = run.result(timeout=30)

    assert (done.accepted, done.deferred, len(server.kept)) == (2, 1, 2)
    assert states(mine) == {_S.ACCEPTED: 2, _S.QUEUED: 1}


def test_a_single_letter_that_finds_no_room_stops_no_issue(desk: Desk, tmp_path: Path) -> None:
    """A server that takes as many connections as are configured: the issue gives one up for it, and goes on."""
    mine = published(by(desk, server := Server(connections=3, takes=3)), tmp_path, 400)

    with delivering(mine) as run:
        until(mine, accepted=5)
        ask(mine)
        done = run.result(timeout=60)

    order = [kept.envelope.recipient for kept in server.kept]
    assert done.accepted == len(order) == 401
    assert order.index(ADA) < 400


def test_a_clock_that_jumps_buries_nobody_who_waits_for_a_reply(desk: Desk, tmp_path: Path) -> None:
    """The issue's shift ends while a single letter waits for its 250: it is written down, and the letter came once."""
    if not desk.house.store.embedded:
        pytest.skip("the workers of PostgreSQL live by its clock")
    mine = published(by(desk, server := Server(scans=1.0)), tmp_path, 1)
    ask(mine)

    with delivering(mine) as run:
        until(mine, in_flight=1)
        with mine.house.store.write() as connection:
            connection.execute(update(worker).values(beat_at=database_now(-timedelta(hours=1))))
        run.result(timeout=30)
    with mine.house.store.read() as connection:
        found = connection.execute(select(notice.c.state, notice.c.doubts)).all()

    assert [tuple(each) for each in found] == [("accepted", 0)]
    assert len(server.kept) == 2


def test_a_database_that_is_away_for_seconds_makes_no_doubt(desk: Desk, tmp_path: Path, postgres: str) -> None:
    """What had its dot is heard to the end and written down; what had none goes back."""
    if desk.house.store.embedded:
        pytest.skip("SQLite is never away")
    mine = published(by(desk, server := Server(connections=2, scans=4.0)), tmp_path, 4)

    with delivering(mine) as run:
        until(mine, in_flight=2)
        away_for(mine, postgres, seconds=2.5)
        with pytest.raises(StorageUnavailable):
            run.result(timeout=60)
    before = states(mine)
    deliver(mine.house)

    assert before == {_S.ACCEPTED: 2, _S.QUEUED: 2}
    assert (states(mine), len(server.kept)) == ({_S.ACCEPTED: 4}, 4)


def away_for(desk: Desk, server: str, *, seconds: float) -> None:
    """Nobody gets into the database, and whoever was in it is thrown out."""
    address = make_url(desk.house.settings.database.url)
    other = open_store(make_url(server).set(database="postgres").render_as_string(hide_password=False), Path())
    with other.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{address.database}" ALLOW_CONNECTIONS false'))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": address.database},
        )
        asyncio.run(asyncio.sleep(seconds))
        connection.execute(text(f'ALTER DATABASE "{address.database}" ALLOW_CONNECTIONS true'))
    other.close()


def test_a_mistake_over_one_letter_lets_the_others_hear_their_replies(desk: Desk, tmp_path: Path) -> None:
    """As when the terminal that shows the progress is closed: what had its dot is written down."""
    mine = published(by(desk, server := Server(connections=4, scans=0.3)), tmp_path, 8)
    told: list[Handover] = []

    def progress(handover: Handover) -> None:
        told.append(handover)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        deliver(mine.house, progress=progress)

    assert set(states(mine)) == {_S.ACCEPTED, _S.QUEUED}
    assert states(mine)[_S.ACCEPTED] == len(server.kept) == len(told) >= 4


def test_a_worker_whose_heart_stumbles_still_writes_down_what_it_did(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And ends, so that nobody waits for it."""
    beats = desk.house.settings.delivery.model_copy(update={"beat_seconds": 0.05})
    settings = desk.house.settings.model_copy(update={"delivery": beats})
    mine = published(by(Desk(replace(desk.house, settings=settings)), Server(scans=0.5)), tmp_path, 1)

    def stumble(*_: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(workers, "beat", stumble)
    with pytest.raises(RuntimeError):
        deliver(mine.house)
    with mine.house.store.read() as connection:
        ended = connection.scalars(select(worker.c.ended_at)).all()

    assert states(mine) == {_S.ACCEPTED: 1}
    assert ended
    assert None not in ended


def test_a_request_that_makes_us_stumble_stops_nobody(desk: Desk, tmp_path: Path) -> None:
    """It waits; whoever asked before and after it is answered, and the issue goes out."""
    mine = published(by(desk, server := Server()), tmp_path, 2)
    sign_up.ask(
        mine.house, RequestKind.SIGN_UP, NEWSLETTER, "eve@example.net", Wish(language="en-!"), client="192.0.2.2"
    )
    ask(mine)

    done = deliver(mine.house)

    assert done.accepted == 3
    assert sorted(kept.envelope.recipient for kept in server.kept) == [ADA, "r0@example.org", "r1@example.org"]


def test_a_letter_that_cannot_be_said_stops_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again later; the one behind it goes out."""
    mine = by(desk, server := Server(), retry_seconds=3600.0)
    ask(mine, "eve@example.net")
    ask(mine)
    of = wording.Letters.of

    def refused(self: wording.Letters, connection: object, duty: wording.Duty) -> wording.Said:
        if duty.recipient.startswith("eve"):
            raise BadTemplate("The template has no block top.")
        return of(self, connection, duty)  # type: ignore[arg-type]

    monkeypatch.setattr(wording.Letters, "of", refused)
    done = deliver(mine.house)

    assert (done.accepted, done.deferred) == (1, 1)
    assert [kept.envelope.recipient for kept in server.kept] == [ADA]


class Stumbling(Server):
    """Opens two sessions, and then is a mistake of ours."""

    asked = 0

    async def connect(self) -> Scanning:
        """As above."""
        self.asked += 1
        if self.asked > 2:
            raise RuntimeError
        return await super().connect()


def test_a_mistake_while_connecting_leaves_nobody_waiting(desk: Desk, tmp_path: Path) -> None:
    """Also where letters to one domain wait for each other: the run ends, and says what it was."""
    mine = published(
        by(desk, server := Stumbling(connections=2, scans=0.2, busy=0.1), retry_seconds=3600.0), tmp_path, 6
    )
    smtp = mine.house.settings.mail.smtp.model_copy(update={"connections_per_domain": 1})

    with delivering(by(mine, server, smtp=smtp)) as run, pytest.raises(RuntimeError):
        run.result(timeout=30)

    assert _S.LEASED not in states(mine)


def test_a_server_of_one_connection_takes_an_issue_and_a_letter_one_after_the_other(desk: Desk, tmp_path: Path) -> None:
    """Whichever is let in first; the other waits for it."""
    mine = published(by(desk, server := Server(connections=1, takes=1)), tmp_path, 20)
    ask(mine)

    with delivering(mine) as run:
        run.result(timeout=60)
    deliver(mine.house)

    assert len(server.kept) == 21


def test_a_letter_that_is_never_let_in_leaves_an_issue_its_connections(desk: Desk, tmp_path: Path) -> None:
    """It is asked once to leave one; else a server that lets in nobody new would get ever less of it."""
    mine = published(by(desk, server := Server(connections=6, scans=0.1)), tmp_path, 300)
    stop = Stop()

    with delivering(mine, stop) as run:
        until(mine, accepted=20)
        server.takes = 1
        ask(mine)
        asyncio.run(asyncio.sleep(4.5))
        still_open, stop.wanted = server.open, True
        run.result(timeout=30)

    assert still_open >= 5


def test_a_request_that_cannot_even_be_read_stops_nobody(desk: Desk, tmp_path: Path) -> None:
    """As one that a newer program has kept."""
    mine = by(desk, server := Server())
    ask(mine, "eve@example.net")
    with mine.house.store.write() as connection:
        connection.execute(update(request).values(kind="newer"))
    ask(mine)

    deliver(mine.house)

    assert [kept.envelope.recipient for kept in server.kept] == [ADA]
