"""What a database, its machine or its clock may do: without a marker no dot, and what has happened is written down."""

import shutil
import signal
import sqlite3
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, select, text

from digest.errors import DatabaseRestored, Problem, SettingsRefused, StorageUnavailable
from digest.flow.deliver import Stop
from digest.flow.doctor import examine
from digest.flow.publish import publish
from digest.model.delivery import DeliveryId, DeliveryState
from digest.model.notice import NoticeKind
from digest.storage import bookkeeping, notices, outbox, schema, workers
from digest.storage.engine import open_store
from digest.storage.notice_tables import notice
from subscribers.tables import subscriber
from tests.faults.conftest import _named, _on
from tests.integration.test_journal import away
from tests.support.boundaries import Fate
from tests.support.children import Child
from tests.support.trial import CONNECTIONS, ISSUE, READERS, Trial, reader

_S = DeliveryState
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


@pytest.mark.issue("approved")
def test_9_database_down_at_plan_or_lease(trial: Trial) -> None:
    """It waits, and nothing is sent; back again, it goes on."""
    with away(trial.house), pytest.raises(StorageUnavailable):
        publish(trial.house, ISSUE)
    publish(trial.house, ISSUE)
    with away(trial.house), pytest.raises(StorageUnavailable):
        trial.deliver()

    assert trial.chaos.received == []
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def when_taken(trial: Trial, count: int) -> None:
    """Wait until the mail server has so many."""
    deadline = time.monotonic() + 20
    while len(trial.chaos.received) < count and time.monotonic() < deadline:
        time.sleep(0.002)


@pytest.mark.parametrize("long", [False, True], ids=["for a moment", "for longer than patience"])
def test_10_database_down_between_marker_and_outcome(trial: Trial, monkeypatch: pytest.MonkeyPatch, long: bool) -> None:
    """The outcome is insisted on, for ten minutes, and no more is taken; then it is a doubt."""
    assert bookkeeping.PATIENCE_SECONDS == 600
    monkeypatch.setattr(bookkeeping, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(bookkeeping, "PATIENCE_SECONDS", 0.3 if long else 20.0)
    trial.chaos.sink.delay = 0.3  # each 250 comes while the database is away
    ends: list[Problem] = []

    def run() -> None:
        try:
            trial.deliver()
        except Problem as problem:
            ends.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    when_taken(trial, 1)
    with away(trial.house):
        before = len(trial.chaos.received)
        time.sleep(1.2 if long else 0.6)
        came = len(trial.chaos.received) - before
    thread.join(60)
    trial.chaos.sink.delay = 0.0

    assert came <= CONNECTIONS
    assert bool(ends) or not long or before == READERS
    trial.finish()
    assert trial.counts().get(_S.UNKNOWN, 0) <= (CONNECTIONS if long or not trial.embedded else 0)
    trial.check(bound=CONNECTIONS)


@on_postgresql
def test_11_commits_wait_for_the_disk_whatever_the_server_is_set_to(trial: Trial) -> None:
    """A server that answers before it has written would forget markers: our sessions say otherwise.

    After another server has taken over, all is held until a person says what becomes of the queue: row 46.
    """
    name = make_url(trial.house.settings.database.url).database
    _on(_named(trial.house.settings.database.url, "postgres"), f"ALTER DATABASE {name} SET synchronous_commit = off")
    trial.house.store.close()
    with trial.house.store.read() as connection:
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()

    assert setting == "on"
    trial.finish()
    trial.check()


@on_postgresql
@pytest.mark.parametrize(("said", "patience"), [("", "30000"), ("120000", "120000")])
def test_10_a_network_that_swallows_everything_is_noticed(trial: Trial, said: str, patience: str) -> None:
    """Systems wait for two hours; we for half a minute, or for as long as the address says."""
    url = make_url(trial.house.settings.database.url).update_query_dict({"tcp_user_timeout": said} if said else {})
    store = open_store(url.render_as_string(hide_password=False), trial.folder)
    with store.read() as connection:
        driver: Any = connection.connection.dbapi_connection
        known = driver.info.get_parameters()
    store.close()

    assert known["tcp_user_timeout"] == patience
    assert int(known["keepalives_idle"]) + 3 * int(known["keepalives_interval"]) <= 30
    trial.finish()
    trial.check()


@on_postgresql
def test_11_a_replica_that_may_lag(trial: Trial) -> None:
    """The doctor warns while one follows that no commit waits for."""
    url = make_url(trial.house.settings.database.url).set(drivername="postgresql")
    alone = warnings_of(trial)
    with psycopg.connect(url.render_as_string(hide_password=False), replication="true"):
        followed = warnings_of(trial)
    trial.finish()

    assert not any("synchronous_standby_names" in words for words in alone)
    assert any("1 follows it" in words and "synchronous_standby_names" in words for words in followed)
    trial.check()


def warnings_of(trial: Trial) -> list[str]:
    """What the doctor says of the database."""
    return [each.words for each in examine(trial.house) if each.about == "database"]


@on_sqlite
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_12_disk_full_or_read_only(trial: Trial, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """The marker fails, so there is no dot; the run says why in one line, and goes on once there is room."""
    mark, passed = outbox.mark, [0]
    after = trial.chance.randint(1, 3)

    def no_room(connection, token, ids):  # type: ignore[no-untyped-def]
        passed[0] += 1
        if passed[0] > after:
            raw = connection.connection.dbapi_connection
            if how == "read-only":
                raw.execute("PRAGMA query_only = ON")
            else:
                raw.execute(f"PRAGMA max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0]}")
                raw.execute("CREATE TABLE ballast AS SELECT randomblob(1000000)")
        return mark(connection, token, ids)

    monkeypatch.setattr("digest.flow.duties.DELIVERIES", replace(bookkeeping.DELIVERIES, mark=no_room))
    with pytest.raises(StorageUnavailable, match=r"full|readonly"):
        trial.deliver()
    came = len(trial.chaos.received)
    monkeypatch.undo()

    assert came < READERS
    assert trial.counts()[_S.QUEUED] >= READERS - came - CONNECTIONS
    trial.finish()
    trial.check(bound=CONNECTIONS)


@on_postgresql
def test_12_disk_full_of_the_server(trial: Trial) -> None:
    """PostgreSQL says 53100: no marker, no dot."""
    refuse = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    refuse += "RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$"
    when = "BEFORE UPDATE ON delivery FOR EACH ROW WHEN (NEW.state = 'in_flight') EXECUTE FUNCTION full_disk()"
    with trial.house.store.write() as connection:
        connection.execute(text(refuse))
        connection.execute(text(f"CREATE TRIGGER full_disk {when}"))
    with pytest.raises(StorageUnavailable, match="no space left"):
        trial.deliver()

    assert trial.chaos.received == []
    with trial.house.store.write() as connection:
        connection.execute(text("DROP TRIGGER full_disk ON delivery"))
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@on_sqlite
def test_13_busy_storms(trial: Trial) -> None:
    """Another process writes all the time: each waits for the other, nothing is lost or doubled."""
    over, file = threading.Event(), trial.house.settings.data_folder / "digest.db"

    def storm() -> None:
        other = sqlite3.connect(file, timeout=30, isolation_level=None)
        while not over.is_set():
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE newsletter SET name = name")
            time.sleep(trial.chance.random() * 0.02)
            other.execute("COMMIT")
            time.sleep(0.01)
        other.close()

    threads = [threading.Thread(target=storm) for _ in range(2)]
    for thread in threads:
        thread.start()
    code = trial.child("deliver").ended()
    over.set()
    for thread in threads:
        thread.join()

    assert code == 0, trial.children[-1].said()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@on_sqlite
@pytest.mark.parametrize("boundary", ["marker: after the commit", "dot written", "outcome: after the commit"])
def test_14_power_loss(trial: Trial, boundary: str) -> None:
    """What was not synced is gone, the rest torn: with synchronous=FULL the marker is never among it."""
    data = trial.house.settings.data_folder
    synced = data / "synced"
    killed = trial.child("deliver", first=partial(note_synced, data), fate=Fate(at=boundary, nth=2)).ended()
    trial.house.store.close()
    log = data / "digest.db-wal"
    if log.exists() and synced.exists():
        size = int(synced.read_text() or 0)
        kept = log.read_bytes()[:size]
        log.write_bytes(kept + trial.chance.randbytes(trial.chance.randint(0, 9000)))
    (data / "digest.db-shm").unlink(missing_ok=True)

    assert killed == -signal.SIGKILL
    with trial.house.store.read() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    trial.finish()
    trial.check(bound=CONNECTIONS)


def note_synced(data: Path) -> None:
    """In a child: keep how much of the log had been synced when each commit came back."""
    from sqlalchemy.engine.default import DefaultDialect

    commit = DefaultDialect.do_commit

    def do_commit(self, connection):  # type: ignore[no-untyped-def]
        commit(self, connection)
        (data / "synced").write_text(str((data / "digest.db-wal").stat().st_size))

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


@on_postgresql
@pytest.mark.parametrize("boundary", ["marker asked for", "body written", "marker known", "dot written"])
def test_34_frozen_past_its_lease(trial: Trial, boundary: str) -> None:
    """Stopped, given up, let go on: before the marker it gets none; after it its late 250 closes the doubt."""
    trial.connections = 1
    stale = trial.child("deliver", fate=Fate(at=boundary, number=signal.SIGSTOP, nth=trial.chance.randint(1, 3)))
    assert stale.frozen(), stale.said()
    # As the server does by itself after two minutes with a transaction that stands still.
    idle = "datname = current_database() AND state LIKE 'idle in transaction%'"
    with trial.house.store.write() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {idle}"))
    trial.dead_are_found()
    trial.deliver()
    doubts = trial.counts().get(_S.UNKNOWN, 0)
    stale.send(signal.SIGCONT)
    stale.ended()

    assert doubts <= 1
    assert doubts == 1 or boundary not in ("marker known", "dot written")
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def _when_at_work(worker: Child) -> None:
    deadline = time.monotonic() + 20
    while "Starting worker" not in worker.said() and time.monotonic() < deadline:
        time.sleep(0.01)


@on_postgresql
@pytest.mark.parametrize("what", ["lost", "doubled", "reordered"])
def test_35_jobs_lost_doubled_or_reordered(trial: Trial, what: str) -> None:
    """The engine only wakes: the ledger is the truth, and two workers share it."""
    with trial.house.store.write() as connection:
        if what == "lost":
            connection.execute(text("DELETE FROM procrastinate_jobs"))
        for batch in range(5 if what == "doubled" else 0):
            trial.house.queue.wake(connection, 1, batches=batch)
        if what == "reordered":
            for number in (9, 1, 7):
                trial.house.queue.wake(connection, number, batches=1)
    crew = [trial.child("worker") for _ in range(2)]
    when_taken(trial, READERS)
    for each in crew:
        _when_at_work(each)  # before that the signal would be nobody's
        each.send(signal.SIGTERM)
    codes = [each.ended() for each in crew]

    assert codes == [0, 0], [each.said() for each in crew]
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def test_45_an_old_program_and_a_newer_schema(trial: Trial) -> None:
    """A worker that meets a schema it does not know ends before it leases; a migration waits for living workers."""
    with trial.house.store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsRefused, match="9999"):
        trial.deliver()
    refused = trial.child("deliver")
    code = refused.ended()

    assert (code, "newer program" in refused.said()) == (1, True)
    assert trial.chaos.received == []
    with trial.house.store.write() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'"))
        workers.register(connection)
    waits = trial.child("migrate")
    assert (waits.ended(), "still" in waits.said()) == (1, True)
    trial.finish()
    trial.check()


def backed_up(trial: Trial, sent: int) -> None:
    """Some are sent, a backup is made, more are sent; then the backup is brought back."""
    deliver_some(trial, sent)
    url, data = trial.house.settings.database.url, trial.house.settings.data_folder
    trial.house.store.close()
    if trial.embedded:
        shutil.copy(data / "digest.db", data / "backup.db")
        deliver_some(trial, 3)
        trial.house.store.close()
        (data / "backup.db").replace(data / "digest.db")
        return
    name = make_url(url).database
    _on(_named(url, "postgres"), f"CREATE DATABASE {name}_backup TEMPLATE {name}")
    deliver_some(trial, 3)
    trial.house.store.close()
    _on(
        _named(url, "postgres"),
        f"DROP DATABASE {name} WITH (FORCE)",
        f"ALTER DATABASE {name}_backup RENAME TO {name}",
    )


def deliver_some(trial: Trial, count: int) -> None:
    """A run that ends after so many."""
    stop, before = Stop(), len(trial.chaos.received)
    trial.connections = 1
    watch = threading.Thread(target=lambda: (when_taken(trial, before + count), setattr(stop, "wanted", True)))
    watch.start()
    trial.deliver(stop=stop)
    watch.join()


@pytest.mark.parametrize("word", ["doubt", "send"])
def test_46_restored_from_a_backup_made_mid_send(trial: Trial, word: str) -> None:
    """It is seen, told, and all that is queued is held until a person says what becomes of it."""
    trial.chaos.sink.delay = 0.02
    backed_up(trial, trial.chance.randint(1, 3))
    trial.chaos.sink.delay = 0.0
    came = trial.chaos.recipients()
    for _ in range(2):
        with pytest.raises(DatabaseRestored, match="digest restored"):
            trial.deliver()
    held, told = trial.chaos.recipients(), [each.words for each in examine(trial.house)]
    status = trial.child("status")
    status.ended()
    code = trial.child("restored", f"--{word}").ended()
    trial.finish()

    assert (held, code) == (came, 0)
    assert any("brought back" in words for words in told)
    assert "digest restored" in status.said()
    twice = {email for email in came if trial.chaos.recipients().count(email) > 1}
    assert bool(twice) == (word == "send")
    trial.check(bound=READERS, resent=twice)


@on_sqlite
def test_46_said_by_somebody(trial: Trial) -> None:
    """Who has brought back the whole folder says so; what is not so is not held."""
    assert "nothing is held" in told(trial, "restored")
    told(trial, "restored", "--hold")
    with pytest.raises(DatabaseRestored):
        trial.deliver()

    assert "12 deliveries that waited would be unknown" in told(trial, "restored", "--doubt", "--dry-run")
    told(trial, "restored", "--send")
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@on_sqlite
def test_46_single_letters_wait_for_the_word_too(trial: Trial) -> None:
    """Called unknown, none of them is sent once more; who was to get one asks again."""
    letter_to(trial, reader(1))
    told(trial, "restored", "--hold")

    assert f"{READERS + 1} deliveries that waited are unknown" in told(trial, "restored", "--doubt")
    trial.deliver()
    with trial.house.store.read() as connection:
        assert connection.scalars(select(notice.c.state)).all() == [_S.UNKNOWN]
    assert trial.chaos.received == []
    trial.check(bound=READERS)


def letter_to(trial: Trial, email: str) -> DeliveryId:
    """A single letter that waits."""
    with trial.house.store.write() as connection:
        row = connection.execute(select(subscriber).where(subscriber.c.email == email)).one()
        return notices.queue_up(
            connection,
            NoticeKind.LINK,
            newsletter_id=1,
            subscriber_id=row.id,
            subscription_id=None,
            recipient=email,
            address_hash=row.address_hash,
        )


def told(trial: Trial, *arguments: str) -> str:
    """What a command says."""
    child = trial.child(*arguments)
    child.ended()
    return " ".join(child.said().split())
