"""Jobs: they wake whoever delivers, and are never more than that. On PostgreSQL, with procrastinate."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from digest import worker
from digest.flow.house import House
from digest.jobs.postgres import PostgresQueue
from digest.mail.memory import MemoryTransport
from digest.model.delivery import DeliveryState
from tests.support.desk import Desk

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

NEVER = 60.0


class UndoneError(Exception):
    """What a transaction is given up for."""


@pytest.fixture
def queue(house: House) -> Iterator[PostgresQueue]:
    """The queue of a house, silent again after the test."""
    assert isinstance(house.queue, PostgresQueue)
    yield house.queue
    house.queue.close()


@pytest.fixture
def full_outbox(desk: Desk, tmp_path: Path) -> Desk:
    """Three deliveries, in one batch each."""
    small = desk.house.settings.delivery.model_copy(update={"batch": 1})
    desk.house = replace(desk.house, settings=desk.house.settings.model_copy(update={"delivery": small}))
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(3):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    return desk


def jobs(house: House) -> list[str]:
    """The states of the jobs there are."""
    with house.store.read() as connection:
        return list(connection.scalars(text("SELECT status::text FROM procrastinate_jobs ORDER BY id")))


def until(met: object, *, seconds: float = 20) -> bool:
    """Wait until a condition holds; whether it did in time."""
    deadline = time.monotonic() + seconds
    while not met():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def ask(house: House, *, batches: int = 1) -> None:
    """Ask for delivery."""
    with house.store.write() as connection:
        house.queue.wake(connection, 1, batches)


def work_off(desk: Desk, expected: int) -> None:
    """Have a worker deliver until so many have been accepted."""
    stop = threading.Event()
    working = threading.Thread(target=worker.run, args=(desk.house, stop))
    working.start()
    arrived = until(lambda: desk.counts("2026-11")[DeliveryState.ACCEPTED] == expected)
    stop.set()
    working.join(20)

    assert arrived
    assert not working.is_alive()


def test_publishing_asks_once_for_each_batch(full_outbox: Desk) -> None:
    """In the transaction that fills the outbox; published once more, it asks no more."""
    full_outbox.issue("2026-11")

    assert jobs(full_outbox.house) == ["todo"] * 3


def test_what_came_to_nothing_wakes_nobody(house: House, queue: PostgresQueue) -> None:
    """Rolled back with its transaction, a job has never been; committed with it, it is there."""
    with suppress(UndoneError), house.store.write() as connection:
        queue.wake(connection, 1, 3)
        raise UndoneError

    assert jobs(house) == []
    ask(house, batches=3)
    assert jobs(house) == ["todo"] * 3


def test_more_batches_than_one_statement_takes(house: House, queue: PostgresQueue) -> None:
    """A million readers are thousands of batches, and none is left out."""
    ask(house, batches=2345)

    assert len(jobs(house)) == 2345


def test_where_nobody_listens_jobs_do_not_pile_up(house: House, queue: PostgresQueue) -> None:
    """A site may deliver by command alone: of many issues it keeps what the largest needs, and one for each after."""
    for batches in (3, 2, 5, 0):
        ask(house, batches=batches)

    assert jobs(house) == ["todo"] * 5


def test_who_waits_is_woken_by_the_commit_and_the_job_is_gone(house: House, queue: PostgresQueue) -> None:
    """At once, not when the patience ends; a job that has woken somebody leaves nothing behind."""
    queue.wait(0.01)  # listens from now on
    listening = "SELECT count(*) FROM procrastinate_workers"
    with house.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        until(lambda: connection.scalar(text(listening)))
    threading.Timer(0.1, ask, [house]).start()

    began = time.monotonic()
    queue.wait(NEVER)

    assert time.monotonic() - began < NEVER / 2
    assert until(lambda: jobs(house) == [])


def test_a_killed_workers_job_is_forgotten_and_a_living_ones_is_not(house: House, queue: PostgresQueue) -> None:
    """Nobody would ever take it up again, nor end it; what it had asked for, the ledger knows."""
    ask(house, batches=3)
    with house.store.write() as connection:
        dead, living = (
            connection.scalar(text(f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES ({at}) RETURNING id"))
            for at in ("now() - interval '1 hour'", "now()")
        )
        for job, owner in ((1, dead), (2, living), (3, None)):
            connection.execute(
                text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :owner WHERE id = :job"),
                {"owner": owner, "job": job},
            )

    queue.wait(0.01)

    assert until(lambda: len(jobs(house)) == 1)
    with house.store.read() as connection:
        assert connection.scalar(text("SELECT worker_id FROM procrastinate_jobs")) == living


def test_without_listening_there_is_nothing_to_end(queue: PostgresQueue) -> None:
    """Closed twice is closed once, and who waits again is woken again."""
    queue.close()
    queue.wait(0.01)
    queue.close()
    queue.close()

    assert not [thread for thread in threading.enumerate() if thread.name == "jobs"]


@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param("DELETE FROM procrastinate_jobs", id="lost"),
        pytest.param(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT queue_name, task_name, args"
            " FROM procrastinate_jobs",
            id="doubled",
        ),
        pytest.param("UPDATE procrastinate_jobs SET priority = id", id="reordered"),
        pytest.param("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'", id="late"),
        pytest.param("""UPDATE procrastinate_jobs SET args = '{"issue_id": 987654}'""", id="of an issue that is none"),
    ],
)
def test_whatever_becomes_of_jobs_everybody_gets_it_once(
    full_outbox: Desk, transport: MemoryTransport, mishap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is the truth, and whoever delivers looks at it by itself; a job saves a wait, and that is all."""
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.05)
    with full_outbox.house.store.write() as connection:
        connection.execute(text(mishap))

    work_off(full_outbox, expected=3)

    assert sorted(kept.envelope.recipient for kept in transport.kept) == [f"r{n}@example.org" for n in range(3)]
