"""How far a verb reaches: what a worker has in hand is found by number, however much lies around it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from digest.flow.house import House
from digest.model.delivery import DeliveryId
from digest.storage import outbox, workers
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
    writer = house.store.writer()
    before = _entries_read(house)
    for each in ids:
        with writer.write() as connection:
            assert outbox.mark(connection, token, [each]) == {each}
            _tell_at_once(connection)
    writer.close()

    # A few times it may go through all, while it has no plan that it keeps.
    assert _entries_read(house) - before < MARKED / 4 * READERS


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
