"""Opening the house: what it makes at the first start, and what it refuses to start with."""

import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from digest.bootstrap import open_house
from digest.errors import SettingsRefused, StorageUnavailable
from digest.flow.house import House
from digest.jobs.inline import InlineQueue
from digest.mail.folder import FolderTransport
from digest.mail.smtp import SmtpTransport
from digest.settings import Security, Settings, TransportKind, load
from digest.storage import schema
from digest.storage.engine import open_store
from subscribers.tokens import Purpose


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """Settings of a folder in which nothing was made yet."""
    return load(tmp_path).model_copy(update={"data_folder": tmp_path / "new" / "data"})


def with_smtp(settings: Settings, **values: Any) -> Settings:
    """The same with SMTP chosen."""
    smtp = settings.mail.smtp.model_copy(update=values)
    return settings.model_copy(
        update={"mail": settings.mail.model_copy(update={"transport": TransportKind.SMTP, "smtp": smtp})}
    )


def test_the_first_start_makes_what_is_missing(fresh: Settings) -> None:
    """Folder, database at its newest version, and a secret for nobody but its owner."""
    house = open_house(fresh)

    mode = stat.S_IMODE(fresh.secret_path.stat().st_mode)
    with house.store.read() as connection:
        assert schema.version(connection) == schema.HEAD
    assert mode == 0o600
    assert len(fresh.secret_path.read_text().strip()) == 64
    house.store.close()


def test_opened_twice_is_the_same_house(settings: Settings) -> None:
    """A link made by one start is read by the next."""
    first = open_house(settings)
    second = open_house(settings)

    assert second.keys.read(Purpose.UNSUBSCRIBE, first.keys.token(Purpose.UNSUBSCRIBE, 7)) == 7
    first.store.close()
    second.store.close()


def test_many_that_start_at_once_on_nothing_open_one_house(fresh: Settings) -> None:
    """One schema, one secret, no failure."""
    start, houses, problems = threading.Barrier(4), [], []

    def work() -> None:
        start.wait()
        try:
            houses.append(open_house(fresh))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for house in houses:
        house.store.close()

    assert problems == []
    assert len({house.keys.fingerprint for house in houses}) == 1


def test_a_new_database_another_is_writing_to_is_waited_for(fresh: Settings) -> None:
    """SQLite itself would fail at once, since the kind of journal cannot change beside a writer."""
    fresh.data_folder.mkdir(parents=True)
    other = sqlite3.connect(fresh.data_folder / "digest.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()

    house = open_house(fresh)

    with house.store.read() as connection:
        assert schema.version(connection) == schema.HEAD
    house.store.close()
    release.join()
    other.close()


def test_another_secret_is_refused(settings: Settings) -> None:
    """With it, who was erased would not be recognised, and no link would work."""
    open_house(settings).store.close()
    settings.secret_path.write_text("another secret of more than thirty-two letters\n")

    with pytest.raises(SettingsRefused, match=r"Bring secret\.key back from a backup"):
        open_house(settings)


@pytest.mark.parametrize("text", ["", "short", "\n" * 80])
def test_a_secret_that_is_too_short_is_refused(fresh: Settings, text: str) -> None:
    """An empty file is what a full disk leaves behind."""
    fresh.secret_path.parent.mkdir(parents=True)
    fresh.secret_path.write_text(text)

    with pytest.raises(SettingsRefused, match="too short"):
        open_house(fresh)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_is_told(fresh: Settings) -> None:
    """In one line."""
    fresh.data_folder.parent.mkdir()
    fresh.data_folder.parent.chmod(0o500)

    with pytest.raises((SettingsRefused, StorageUnavailable)):
        open_house(fresh)


def test_a_data_folder_that_is_a_file_is_told(fresh: Settings) -> None:
    """In one line, with its name."""
    fresh.data_folder.parent.mkdir()
    fresh.data_folder.write_text("a file")

    with pytest.raises((SettingsRefused, StorageUnavailable), match="data"):
        open_house(fresh)


def test_messages_become_files_until_smtp_is_chosen(fresh: Settings) -> None:
    """Only the settings choose."""
    folder, smtp = open_house(fresh), open_house(with_smtp(fresh, host="mail.example.org"))

    assert isinstance(folder.transport(), FolderTransport)
    assert isinstance(smtp.transport(), SmtpTransport)
    folder.store.close()
    smtp.store.close()


def test_a_password_is_never_sent_in_the_clear(fresh: Settings) -> None:
    """Not even where somebody asks for it, but on this machine itself."""
    how = {"username": "digest", "password": "opensesame", "security": Security.NONE}
    far = open_house(with_smtp(fresh, host="mail.example.org", **how))
    near = open_house(with_smtp(fresh, host="localhost", **how))

    with pytest.raises(SettingsRefused, match="in the clear"):
        far.transport()
    assert isinstance(near.transport(), SmtpTransport)
    far.store.close()
    near.store.close()


def test_a_password_may_lie_in_a_file_of_its_own(fresh: Settings, tmp_path: Path) -> None:
    """One that is not there is told when it is needed."""
    (tmp_path / "password").write_text("opensesame\n")
    there = open_house(with_smtp(fresh, username="digest", password_file=str(tmp_path / "password")))
    absent = open_house(with_smtp(fresh, username="digest", password_file=str(tmp_path / "absent")))

    assert isinstance(there.transport(), SmtpTransport)
    with pytest.raises(SettingsRefused, match="password_file"):
        absent.transport()
    there.store.close()
    absent.store.close()


def test_each_database_has_its_way_to_wake_workers(house: House) -> None:
    """Within the process on SQLite, by jobs on PostgreSQL."""
    assert isinstance(house.queue, InlineQueue) == house.store.embedded


def test_a_shared_database_that_is_behind_is_not_changed_by_a_start(settings: Settings) -> None:
    """Other machines may still run the old program on it."""
    store = open_store(settings.database.url, settings.data_folder)
    if store.embedded:
        store.close()
        pytest.skip("it is about PostgreSQL")
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    with pytest.raises(SettingsRefused, match="digest migrate"):
        open_house(settings)
    store.close()


def test_a_transaction_over_very_many_rows_has_room_and_gives_it_back(house: House) -> None:
    """On SQLite: what it puts by lies in files, and the next transaction of the same connection is an ordinary one."""
    if not house.store.embedded:
        pytest.skip("it is about SQLite")

    def room(*, steady: bool) -> tuple[int, int]:
        with house.store.write(steady=steady) as connection:
            asked = ("PRAGMA temp_store", "PRAGMA cache_size")
            store, cache = (connection.exec_driver_sql(each).scalar_one() for each in asked)
            connection.exec_driver_sql("CREATE TEMPORARY TABLE put_by (number INTEGER)")
            connection.exec_driver_sql("DROP TABLE put_by")
            return store, cache

    assert room(steady=False) == (2, -2000)
    assert room(steady=True) == (1, -64000)
    assert room(steady=True) == (1, -64000)
    assert room(steady=False) == (2, -2000)
