"""The pipeline: one transaction sent in one go, whose rows come back in their order, or whose failure is told."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, insert, select, text

from digest.errors import Never, StorageUnavailable
from digest.storage.engine import Store
from digest.storage.writer import Writer
from subscribers.prepared import BoundStatement, Prepared
from tests.support.desk import Desk

note = Table("pipeline_note", MetaData(), Column("id", Integer, primary_key=True), Column("words", String))
KEEP = Prepared(insert(note).values(id=bindparam("id"), words=bindparam("words")))
ALL = Prepared(select(note.c.id, note.c.words).order_by(note.c.id))


@pytest.fixture
def writer(desk: Desk) -> Iterator[Writer]:
    """One whose connection is open, beside a table of its own."""
    store = desk.house.store
    if store.embedded:
        pytest.skip("a pipeline is for a server")
    writer = Writer(store)
    with writer.write() as connection:
        note.create(connection)
    yield writer
    writer.close()


def sent(writer: Writer, *statements: BoundStatement) -> list[list[tuple[bytes | None, ...]]]:
    """What comes of these."""
    assert writer.send(lambda _: statements)
    return writer.receive()


def keep(number: int, words: str | None) -> BoundStatement:
    """One note."""
    return BoundStatement(KEEP, {"id": number, "words": words})


def test_rows_come_in_the_order_of_what_was_asked(writer: Writer, desk: Desk) -> None:
    """Each sees what those before it did; all of it is committed once it is received, and so is the next."""
    came = sent(writer, keep(1, "a “quoted” word"), BoundStatement(ALL, {}), keep(2, None), BoundStatement(ALL, {}))
    again = sent(writer, keep(3, ""), BoundStatement(ALL, {}))

    first = (b"1", "a “quoted” word".encode())
    assert came == [[], [first], [], [first, (b"2", None)]]
    assert again == [[], [first, (b"2", None), (b"3", b"")]]
    with desk.house.store.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pipeline_note")) == 3


def test_between_pipelines_the_connection_is_anybodys(writer: Writer) -> None:
    """A transaction of the ordinary kind sees what was sent, and the next pipeline what that wrote."""
    sent(writer, keep(1, "one"))
    with writer.write() as connection:
        seen = connection.execute(select(note.c.words)).scalars().all()
        connection.execute(insert(note).values(id=2, words="two"))

    assert seen == ["one"]
    assert sent(writer, BoundStatement(ALL, {})) == [[(b"1", b"one"), (b"2", b"two")]]


def test_one_failure_undoes_all(writer: Writer) -> None:
    """Told in the database's words; the writer opens anew, and goes on."""
    with pytest.raises(Never, match="out of range"):
        sent(writer, keep(1, "one"), keep(1 << 40, "far"), keep(2, "two"))

    with writer.write() as connection:
        assert connection.execute(select(note.c.id)).all() == []
    assert sent(writer, keep(1, "one"), BoundStatement(ALL, {}))[1] == [(b"1", b"one")]


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_server_that_goes_away_is_told(writer: Writer, desk: Desk, when: str) -> None:
    """Before it is asked, or while it works: not for ever waited for, and the next goes over a new connection."""
    with writer.write() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    slow = Prepared(select(text("pg_sleep(30)")))

    def end() -> None:
        with desk.house.store.write() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    if when == "before":
        end()
    assert writer.send(lambda _: [keep(1, "one"), BoundStatement(slow, {})])
    if when == "between":
        end()
    with pytest.raises(StorageUnavailable, match="does not answer"):
        writer.receive()

    assert not writer.send(lambda _: [])
    with writer.write() as connection:
        assert connection.execute(select(note.c.id)).all() == []


def test_more_than_fits_on_the_way_is_sent_while_it_is_waited_for(writer: Writer) -> None:
    """Many megabytes, of which the server must first take some before the rest can leave."""
    long, came = "é" * 3_000_000, list[list[tuple[bytes | None, ...]]]()
    work = threading.Thread(
        target=lambda: came.extend(sent(writer, keep(1, long), keep(2, long), BoundStatement(ALL, {}))), daemon=True
    )
    work.start()
    work.join(60)

    assert [len(words or b"") for _, words in came[2]] == [6_000_000, 6_000_000]


def test_a_text_that_would_be_cut_short_is_refused(writer: Writer) -> None:
    """What follows a NUL would be lost without a word."""
    with pytest.raises(Never, match="NUL"):
        sent(writer, keep(1, "one"), keep(2, "one\0hidden"))

    with writer.write() as connection:
        assert connection.execute(select(note.c.id)).all() == []


def test_within_a_transaction_nothing_is_sent(writer: Writer) -> None:
    """Its sync would commit nothing, and a marker be called durable that is not."""
    with writer.write() as connection:
        driver: Any = connection.connection.dbapi_connection
    driver.execute("SELECT 1")

    with pytest.raises(StorageUnavailable):
        sent(writer, keep(1, "one"))


def test_a_failure_leaves_no_complaint_behind(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked is told; a log with the driver's own words would be read as a second mishap."""
    with pytest.raises(Never):
        sent(writer, keep(1 << 40, "far"))
    gc.collect()

    assert caplog.records == []


def test_a_file_has_no_pipeline(tmp_path: Path) -> None:
    """Nothing is sent, and whoever asks writes another way."""
    from digest.storage.engine import open_store

    store: Store = open_store("sqlite:///digest.db", tmp_path)
    writer = Writer(store)
    with writer.write() as connection:
        connection.execute(text("SELECT 1"))

    assert not writer.send(lambda _: [])
    writer.close()
    store.close()
