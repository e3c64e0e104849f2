"""The journal: no dot without a committed marker, no outcome lost, whatever the database does meanwhile."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from digest.errors import StorageUnavailable
from digest.flow.house import House
from digest.model.delivery import Attempt, DeliveryId, DeliveryState, Handover, Outcome, Phase
from digest.storage import bookkeeping, outbox, workers
from digest.storage import journal as gathering
from digest.storage.bookkeeping import DELIVERIES, Beside, Bookkeeper
from digest.storage.engine import open_store
from digest.storage.journal import Journal
from digest.storage.outbox import RetryPolicy
from digest.storage.tables import attempt, delivery
from digest.storage.writer import Writer
from subscribers.tables import subscription
from tests.support.desk import Desk

_S = DeliveryState
READERS = 12
ACCEPTED = Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, reply_code=250)


class Work:
    """A worker with all deliveries of an issue leased, and its journal."""

    def __init__(self, house: House, *, connections: int = READERS, **hooks: Beside) -> None:
        self.house = house
        with house.store.write() as connection:
            self.token = workers.register(connection)
            self.ids = [duty.id for duty in outbox.lease(connection, self.token, limit=READERS)]
        retry = RetryPolicy(attempts=3, first_wait=timedelta(minutes=5))
        book = replace(DELIVERIES, **hooks)
        self.journal = Journal(house.store, self.token, retry, book, connections=connections)

    def mark(self, *ids: DeliveryId) -> list[bool | BaseException]:
        """Ask for all these markers at once, as that many connections do."""

        async def all_at_once() -> list[bool | BaseException]:
            return await asyncio.gather(*map(self.journal.mark, ids), return_exceptions=True)

        return asyncio.run(all_at_once())

    def settle(self, *ids: DeliveryId, as_it: Handover = ACCEPTED) -> None:
        """Have this end written down for all these."""
        at = datetime.now(UTC)
        for delivery_id in ids:
            self.journal.settle(Attempt(delivery_id=delivery_id, started_at=at, ended_at=at, handover=as_it))

    def states(self) -> list[str]:
        """Where the deliveries are, in order."""
        with self.house.store.read() as connection:
            return list(connection.scalars(select(delivery.c.state).order_by(delivery.c.id)))


@pytest.fixture
def published(desk: Desk, tmp_path: Path) -> House:
    """A house with twelve deliveries in its queue."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(READERS):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    return desk.house


@contextmanager
def away(house: House) -> Iterator[None]:
    """The database is not where it was while the block runs."""
    house.store.close()
    if house.store.embedded:
        file = house.settings.data_folder / "digest.db"
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        yield
        file.rmdir()
        file.with_suffix(".away").rename(file)
        return
    name = make_url(house.settings.database.url).database
    server = open_store(str(make_url(house.settings.database.url).set(database="postgres")), Path())

    def say(statement: str) -> None:
        with server.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(statement))

    # A journal keeps its connection, as a server that goes away does not.
    say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    say(f"ALTER DATABASE {name} RENAME TO {name}_away")
    yield
    say(f"ALTER DATABASE {name}_away RENAME TO {name}")
    server.close()


def test_markers_of_many_connections_come_back_to_whom_they_belong(published: House) -> None:
    """Asked at once, committed together: yes to our leases, no to what is not ours."""
    work = Work(published)
    with published.store.write() as connection:
        outbox.give_back(connection, work.token, work.ids[::2])

    answers = work.mark(*work.ids)
    work.journal.close()

    assert answers == [False, True] * (READERS // 2)
    assert work.states() == [_S.QUEUED, _S.IN_FLIGHT] * (READERS // 2)


def test_outcomes_are_written_without_anybody_waiting(published: House) -> None:
    """All that came in before the close is in the ledger after it, each with its own end."""
    work = Work(published)
    work.mark(*work.ids)
    deferred = Handover(outcome=Outcome.DEFERRED, phase=Phase.DOT, reply_code=451, diagnostic="greylisted")

    work.settle(*work.ids[:4])
    work.settle(*work.ids[4:8], as_it=deferred)
    work.settle(*work.ids[8:], as_it=Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT))
    work.journal.close()

    assert work.states() == [_S.ACCEPTED] * 4 + [_S.QUEUED] * 4 + [_S.UNKNOWN] * 4


def test_a_database_that_is_away_lets_no_dot_out(published: House) -> None:
    """Every marker is refused, and nothing was marked; back again, the same journal goes on."""
    work = Work(published)

    with away(published):
        refused = work.mark(*work.ids)
    back = work.mark(*work.ids[:3])
    work.journal.close()

    assert all(isinstance(answer, StorageUnavailable) for answer in refused)
    assert back == [True] * 3
    assert work.states() == [_S.IN_FLIGHT] * 3 + [_S.LEASED] * 9


def test_outcomes_are_held_until_the_database_is_back(published: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has happened cannot be undone, so it is insisted on."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    work = Work(published)
    work.mark(*work.ids)

    with away(published):
        work.settle(*work.ids)
        time.sleep(0.1)
    work.journal.close()

    assert work.states() == [_S.ACCEPTED] * READERS


def test_when_patience_is_over_it_says_so_and_the_ledger_shows_doubt(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outcome that could not be written is never called accepted; the sweep calls it unknown."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(bookkeeping, "PATIENCE_SECONDS", 0.1)
    work = Work(published)
    work.mark(*work.ids)

    with away(published):
        work.settle(*work.ids)
        with pytest.raises(StorageUnavailable):
            work.journal.close()
    with published.store.write() as connection:
        swept = workers.recover(connection, dead_after=None)

    assert (swept.unknown, work.states()) == (READERS, [_S.UNKNOWN] * READERS)


def test_a_mistake_of_ours_lets_no_dot_out_and_nobody_waits_for_ever(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs on outcomes fails again and again: it is told, and markers are answered all the same."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)

    def stumble(connection: Connection, attempts: Any) -> None:
        raise ValueError("a mistake")

    work = Work(published, on_written=stumble)
    work.mark(*work.ids[:2])

    work.settle(*work.ids[:2])
    answers = work.mark(*work.ids[2:4])
    with pytest.raises(StorageUnavailable, match="a mistake"):
        work.journal.close()

    assert len(answers) == 2
    assert work.states()[:2] == [_S.IN_FLIGHT] * 2


def test_one_outcome_that_cannot_be_written_costs_no_other(published: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its group are written down; it is told, and stays in flight, for the sweep to call a doubt."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)

    def stumble(connection: Connection, attempts: Any) -> None:
        if any(each.delivery_id == work.ids[1] for each in attempts):
            raise ValueError("a mistake")

    work = Work(published, on_written=stumble)
    work.mark(*work.ids)
    work.settle(*work.ids)
    with pytest.raises(StorageUnavailable, match="a mistake"):
        work.journal.close()

    assert work.states() == [_S.ACCEPTED, _S.IN_FLIGHT, *[_S.ACCEPTED] * (READERS - 2)]


@pytest.mark.parametrize(("hook", "outcome"), [("on_written", Outcome.ACCEPTED), ("on_settled", Outcome.FAILED)])
def test_what_hangs_on_outcomes_is_written_with_them_or_not_at_all(
    published: House, monkeypatch: pytest.MonkeyPatch, hook: str, outcome: Outcome
) -> None:
    """One transaction: where the second part fails once, both come with the next try, once."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    seen: list[int] = []

    def fail_once(connection: Connection, attempts: Any) -> None:
        seen.append(len(attempts))
        if len(seen) == 1:
            raise StorageUnavailable("Just now.")

    work = Work(published, **{hook: fail_once})
    work.mark(*work.ids)
    work.settle(*work.ids, as_it=ACCEPTED._replace(outcome=outcome))
    work.journal.close()

    assert seen[-1] == READERS
    assert work.states() == [outcome] * READERS
    with published.store.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM attempt")) == READERS


def test_whoever_stopped_waiting_does_not_stop_the_journal(published: House) -> None:
    """A run is broken off while its marker waits; what others have to say is still written."""
    work = Work(published)
    work.mark(*work.ids[:2])
    loop = asyncio.new_event_loop()

    async def give_up() -> None:
        asking = asyncio.ensure_future(work.journal.mark(work.ids[2]))
        await asyncio.sleep(0)
        asking.cancel()

    if published.store.embedded:  # somebody else writes, so the marker has to wait
        with published.store.write():
            loop.run_until_complete(give_up())
            loop.close()
    else:
        loop.run_until_complete(give_up())
        loop.close()
    work.settle(*work.ids[:2])
    work.journal.close()

    assert work.states()[:2] == [_S.ACCEPTED] * 2


def test_where_each_connection_waits_for_its_marker_the_journal_waits_for_no_more(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a commit of many it gathers; once nobody is left who could ask for more, it begins."""
    monkeypatch.setattr(gathering, "_LOOK_SECONDS", 3600.0)
    work = Work(published, connections=6)

    async def six_and_six() -> list[bool]:
        first, others = work.ids[:6], work.ids[6:]
        marked = list(await asyncio.gather(*map(work.journal.mark, first)))
        async with asyncio.timeout(60):
            return marked + list(await asyncio.gather(*map(work.journal.mark, others)))

    assert asyncio.run(six_and_six()) == [True] * 12
    work.journal.close()


def test_markers_are_gathered_while_more_come_and_not_for_long(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has come at each look: all are one group, which begins at the last look."""
    work, asked, looks, groups = Work(published), list[asyncio.Future[bool]](), list[int](), list[int]()
    more, later, take = iter(work.ids[7:]), Journal._later, Journal._take

    def one_more_each_time(journal: Journal, loop: Any, group: Any, left: int) -> asyncio.Handle:
        looks.append(left)
        loop.call_soon(lambda: asked.append(journal.mark(next(more))))
        return later(journal, loop, group, left)

    def taken(journal: Journal, *, closing: bool) -> Any:
        group = take(journal, closing=closing)
        groups.extend([len(group.marks)] if group else [])
        return group

    async def six_and_one_after_the_other() -> list[bool]:
        marked = list(await asyncio.gather(*map(work.journal.mark, work.ids[:6])))
        marked.append(await work.journal.mark(work.ids[6]))
        return marked + list(await asyncio.gather(*asked))

    monkeypatch.setattr(Journal, "_later", one_more_each_time)
    monkeypatch.setattr(Journal, "_take", taken)
    monkeypatch.setattr(gathering, "_LOOKS", 4)
    assert asyncio.run(six_and_one_after_the_other()) == [True] * 11
    work.journal.close()
    assert (groups, looks) == ([6, 5], [4, 3, 2, 1])


def test_under_load_the_loop_begins_each_group(published: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread only waits: on SQLite for the disk, on PostgreSQL for the server. The first it writes itself."""
    work, begun = Work(published), list[bool]()
    at_once = Bookkeeper.write_at_once

    def noted(keeper: Bookkeeper, *given: Any) -> Any:
        end = at_once(keeper, *given)
        begun.append(end is not None)
        return end

    monkeypatch.setattr(Bookkeeper, "write_at_once", noted)
    for number in range(3):
        work.mark(work.ids[number])
    work.journal.close()

    assert begun == [False, True, True]


def test_whoever_is_just_leaving_is_waited_for(published: House) -> None:
    """Who unsubscribes while a marker is asked for is answered first, and gets no letter after that."""
    if published.store.embedded:
        pytest.skip("SQLite has one writer at a time")
    work = Work(published)

    async def meanwhile() -> tuple[bool, bool]:
        await work.journal.mark(work.ids[0])
        with published.store.write() as connection:
            theirs = select(delivery.c.subscription_id).where(delivery.c.id == work.ids[1]).scalar_subquery()
            connection.execute(update(subscription).where(subscription.c.id == theirs).values(state="ended"))
            asked = work.journal.mark(work.ids[1])
            await asyncio.sleep(0.3)
            waits = not asked.done()
        return waits, await asked

    assert asyncio.run(meanwhile()) == (True, False)
    work.journal.close()
    assert work.states()[:2] == [_S.IN_FLIGHT, _S.LEASED]


def test_while_somebody_else_writes_markers_wait_and_servers_do_not(published: House) -> None:
    """The loop that talks to mail servers goes on, however long another process keeps the database to itself."""
    if not published.store.embedded:
        pytest.skip("on PostgreSQL nobody has it to themselves")
    work = Work(published)
    turns = 0

    async def meanwhile() -> bool:
        nonlocal turns
        with published.store.write():
            marking = work.journal.mark(work.ids[0])
            for _ in range(20):
                await asyncio.sleep(0.01)
                turns += 1
            waits = not marking.done()
        return waits and await marking

    assert asyncio.run(asyncio.wait_for(meanwhile(), 20))
    work.journal.close()
    assert (turns, work.states()[0]) == (20, _S.IN_FLIGHT)


def test_an_errand_that_fails_costs_no_marker(published: House) -> None:
    """It is done once, and told to whoever asked; what came in with it is written, and other errands are done."""
    work = Work(published)
    times = 0

    def stumble(connection: Connection) -> None:
        nonlocal times
        times += 1
        connection.execute(text("UPDATE delivery SET state = 'failed'"))
        raise ValueError("a mistake")

    async def together() -> list[Any]:
        asked = work.journal.mark(work.ids[0]), work.journal.do(stumble), work.journal.do(lambda _: "done")
        return await asyncio.gather(*asked, return_exceptions=True)

    marked, failed, done = asyncio.run(together())
    work.journal.close()

    assert (marked, type(failed), done, times) == (True, ValueError, "done", 1)
    assert work.states() == [_S.IN_FLIGHT] + [_S.LEASED] * (READERS - 1)


def test_a_database_that_fails_in_an_errand_is_told_in_plain_words(published: House) -> None:
    """Whoever asked gets a problem that can be tried again, and no error of the driver's."""
    work = Work(published)

    def stumble(_: Connection) -> None:
        raise OperationalError("UPDATE", None, ValueError("disk I/O error"))

    async def ask() -> None:
        await work.journal.mark(work.ids[0])
        await work.journal.do(stumble)

    with pytest.raises(StorageUnavailable, match="disk I/O error"):
        asyncio.run(ask())
    work.journal.close()


def test_what_the_database_undid_by_itself_is_not_called_written(published: House) -> None:
    """As SQLite does when the disk is full in the middle: the errand is told so, the next one is done."""
    if not published.store.embedded:
        pytest.skip("PostgreSQL tells at the next statement")
    work = Work(published)

    def undone(connection: Connection) -> None:
        connection.execute(text("UPDATE delivery SET state = 'failed'"))
        connection.connection.cursor().execute("ROLLBACK")

    async def both() -> list[Any]:
        await work.journal.mark(work.ids[0])
        asked = work.journal.do(undone), work.journal.do(lambda _: "done")
        return await asyncio.gather(*asked, return_exceptions=True)

    told, done = asyncio.run(both())
    work.journal.close()

    assert (type(told), done) == (StorageUnavailable, "done")
    assert work.states() == [_S.IN_FLIGHT] + [_S.LEASED] * (READERS - 1)


def test_a_commit_that_fails_lets_no_dot_out_and_loses_no_outcome(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the end of a transaction: the marker is refused, and what has happened is written later."""
    if not published.store.embedded:
        pytest.skip("PostgreSQL: the next")
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    work = Work(published)
    work.mark(*work.ids[:2])
    commit = Writer.commit

    def no_room(self: Writer) -> None:
        monkeypatch.setattr(Writer, "commit", commit)
        self.roll_back()
        raise StorageUnavailable("The disk is full.")

    async def settled_and_marked() -> list[bool | BaseException]:
        monkeypatch.setattr(Writer, "commit", no_room)
        work.settle(*work.ids[:2])
        return await asyncio.gather(work.journal.mark(work.ids[2]), return_exceptions=True)

    (refused,) = asyncio.run(settled_and_marked())
    work.journal.close()

    assert isinstance(refused, StorageUnavailable)
    assert work.states() == [_S.ACCEPTED] * 2 + [_S.LEASED] * (READERS - 2)


@pytest.mark.parametrize("timing", ["", "DEFERRABLE INITIALLY DEFERRED"])
def test_what_a_server_refuses_lets_no_dot_out_and_loses_no_outcome(
    published: House, monkeypatch: pytest.MonkeyPatch, timing: str
) -> None:
    """At a statement, or not before the commit: the marker is refused, and what has happened is written later."""
    if published.store.embedded:
        pytest.skip("SQLite: the one before")
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    work = Work(published)
    work.mark(*work.ids[:2])
    with published.store.write() as connection:
        refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        connection.execute(text(refuse + "RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$"))
        when = f"AFTER UPDATE ON delivery {timing} FOR EACH ROW WHEN (NEW.state = 'in_flight')"
        connection.execute(text(f"CREATE CONSTRAINT TRIGGER refuse {when} EXECUTE FUNCTION refuse()"))

    async def settled_and_marked() -> list[bool | BaseException]:
        work.settle(*work.ids[:2])
        return await asyncio.gather(work.journal.mark(work.ids[2]), return_exceptions=True)

    (refused,) = asyncio.run(settled_and_marked())
    work.journal.close()

    assert isinstance(refused, StorageUnavailable)
    assert "no room" in str(refused)
    assert work.states() == [_S.ACCEPTED] * 2 + [_S.LEASED] * (READERS - 2)


def test_outcomes_of_all_kinds_come_in_between_markers(published: House) -> None:
    """What was accepted goes with the markers, the rest apart: each ends as it did, and none is written twice."""
    work = Work(published)
    failed = Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, enhanced_code="5.2.1")

    async def send(number: int) -> bool:
        allowed = await work.journal.mark(work.ids[number])
        work.settle(work.ids[number], as_it=failed if number % 3 == 0 else ACCEPTED)
        return allowed

    async def all_of_them() -> list[bool]:
        first = await asyncio.gather(*map(send, range(6)))
        return [*first, *[await send(number) for number in range(6, READERS)]]

    answers = asyncio.run(all_of_them())
    work.journal.close()

    assert answers == [True] * READERS
    assert work.states() == [_S.FAILED if n % 3 == 0 else _S.ACCEPTED for n in range(READERS)]
    with published.store.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM attempt")) == READERS


def test_a_loop_that_ended_before_its_turn_keeps_nobody_waiting(published: House) -> None:
    """What it had asked for is written with what the next one asks for."""
    work = Work(published)
    work.mark(*work.ids[:6])  # after so many the next waits a moment for others
    loop = asyncio.new_event_loop()

    async def ask_and_go() -> None:
        work.journal.mark(work.ids[6])

    loop.run_until_complete(ask_and_go())
    loop.close()
    answers = work.mark(*work.ids[7:9])
    work.journal.close()

    assert answers == [True, True]
    assert work.states() == [_S.IN_FLIGHT] * 9 + [_S.LEASED] * (READERS - 9)


def test_a_journal_that_had_nothing_to_do_closes(published: House) -> None:
    """At once, and without a word."""
    Work(published).journal.close()


def test_a_closed_journal_keeps_nobody_waiting(published: House) -> None:
    """Who asks too late is told, and no dot goes out."""
    work = Work(published)
    work.journal.close()

    with pytest.raises(StorageUnavailable):
        work.mark(work.ids[0])
    with pytest.raises(StorageUnavailable):
        work.settle(work.ids[0])
    with pytest.raises(StorageUnavailable):
        asyncio.run(work.journal.do(lambda connection: None))

    assert work.states()[0] == _S.LEASED


def test_what_was_committed_though_nobody_heard_of_it_is_written_once(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network goes away with the answer on its way: outcomes are insisted on, and found in the ledger."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    work = Work(published)
    work.mark(*work.ids[:2])
    ends = Writer.commit if published.store.embedded else Writer.receive

    def cut(writer: Writer) -> None:
        ends(writer)
        monkeypatch.setattr(Writer, ends.__name__, ends)
        raise StorageUnavailable("The server closed the connection.")

    async def settled() -> None:
        monkeypatch.setattr(Writer, ends.__name__, cut)
        work.settle(*work.ids[:2])
        await asyncio.sleep(0.1)

    asyncio.run(settled())
    work.settle(work.ids[2])
    work.journal.close()

    assert work.states()[:3] == [_S.ACCEPTED, _S.ACCEPTED, _S.LEASED]
    with published.store.read() as connection:
        kept = connection.scalars(select(attempt.c.delivery_id).order_by(attempt.c.delivery_id)).all()
    assert list(kept) == work.ids[:3]


def test_an_outage_while_others_are_told_from_one_that_cannot_be_written_costs_nothing(
    published: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience is for each of them; the one that no database can hold stays in flight, and it is told."""
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    away = [StorageUnavailable("Just now.") for _ in range(4)]

    def stumble(connection: Connection, attempts: Any) -> None:
        if len(attempts) == 1 and away:
            raise away.pop()
        if any(each.delivery_id == work.ids[1] for each in attempts):
            raise ValueError("a mistake")

    work = Work(published, on_written=stumble)
    work.mark(*work.ids)
    work.settle(*work.ids)
    with pytest.raises(StorageUnavailable):
        work.journal.close()

    assert not away
    assert work.states() == [_S.IN_FLIGHT if each == work.ids[1] else _S.ACCEPTED for each in work.ids]


def test_a_database_that_is_not_as_it_should_be_is_told_in_its_own_words(published: House) -> None:
    """Rights that were taken away, a table that has gone: without the driver's names and addresses."""
    work = Work(published)
    work.mark(work.ids[0])
    with published.store.write() as connection:
        connection.execute(text("ALTER TABLE delivery RENAME TO delivery_away"))
    (refused,) = work.mark(work.ids[1])
    with published.store.write() as connection:
        connection.execute(text("ALTER TABLE delivery_away RENAME TO delivery"))
    work.journal.close()

    assert isinstance(refused, StorageUnavailable)
    assert "delivery" in str(refused)
    assert not re.search("psycopg|sqlite3|sqlalche", str(refused))
