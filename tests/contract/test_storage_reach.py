"""How far a verb reaches: what a worker has in hand is found by number, however much lies around it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, literal, select, text

from digest.flow.house import House
from digest.model.delivery import DeliveryId
from digest.storage import outbox, workers
from digest.storage.tables import delivery
from digest.storage.writer import Writer
from subscribers.given import Among, as_list
from subscribers.intake import Intake, Terms
from subscribers.transfer import Line, Report, batches
from tests.support.desk import NEWSLETTER, Desk

READERS = 3000
MARKED = 20

_READ = """
SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'delivery')
     + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'delivery')
"""


@pytest.fixture
def leased(desk: Desk, tmp_path: Path) -> tuple[House, str, list[DeliveryId]]:
    """An issue that has just come out, the first few of its many deliveries in a worker's hand."""
    house = desk.house
    if house.store.embedded:
        pytest.skip("SQLite does not count what it reads")
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    _fill(house, READERS)
    desk.issue("2026-11")
    with house.store.write() as connection:
        token = workers.register(connection)
        return house, token, [duty.id for duty in outbox.lease(connection, token, limit=MARKED)]


def test_a_marker_reads_its_own_delivery_and_no_others(leased: tuple[House, str, list[DeliveryId]]) -> None:
    """PostgreSQL has not looked at the new issue yet, and takes it for a small one."""
    house, token, ids = leased
    writer = Writer(house.store)
    before = _entries_read(house)
    for each in ids:
        with writer.write() as connection:
            assert outbox.mark(connection, token, [each]) == {each}
            _tell_at_once(connection)
    writer.close()

    # A few times it may go through all, while it has no plan that it keeps.
    assert _entries_read(house) - before < MARKED / 4 * READERS


def test_a_list_is_read_once_and_not_for_each_row_there_is(desk: Desk) -> None:
    """Also where a table is gone through, as a small one is: thousands of numbers would be read thousands of times."""
    if desk.house.store.embedded:
        pytest.skip("SQLite says its plans in other words, and makes a table of the list")
    among = Among(delivery.c.id, literal(as_list(range(3000))))
    with desk.house.store.read() as connection:
        asked = select(delivery.c.id).where(among).compile(connection.engine, compile_kwargs={"literal_binds": True})
        connection.execute(text("SET LOCAL enable_indexscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {asked}").scalars())

    filtered = next(line for line in plan.splitlines() if "Filter" in line)
    assert "InitPlan" in plan
    assert "translate" not in filtered


def _fill(house: House, readers: int) -> None:
    terms = Terms(newsletter=NEWSLETTER, default_cadence="monthly", confirmed=True, origin="readers.csv")
    lines = (
        Line(number=n, email=f"r{n}@example.org", name="", chosen=None, cadence=None, language="")
        for n in range(readers)
    )
    with house.store.write() as connection:
        intake = Intake(connection, house.keys, terms, Report(), now=house.clock.now())
        for batch in batches(lines):
            intake.take(batch)


def _entries_read(house: House) -> int:
    with house.store.write() as connection:
        _tell_at_once(connection)
    with house.store.read() as connection:
        found: Any = connection.scalar(text(_READ))
    return int(found)


def _tell_at_once(connection: Connection) -> None:
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
