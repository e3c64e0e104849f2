"""Killed again and again while it delivers: nothing lost, nothing twice, doubt shown and bounded."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.flow.house import House
from digest.model.delivery import DeliveryState
from digest.settings import Settings
from digest.storage.tables import delivery, issue
from subscribers.tables import subscriber
from tests.support.desk import Desk
from tests.support.processes import RunningSink, Site, running_sink

READERS = 240
CONNECTIONS = 4
KILLS = 6


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[RunningSink]:
    """A mail server that takes four milliseconds to answer a dot, so that a kill finds something in flight."""
    with running_sink(tmp_path, delay_ms=4) as running:
        yield running


@pytest.fixture
def site(settings: Settings, sink: RunningSink, tmp_path: Path) -> Site:
    """The folder of the house, for commands in processes of their own."""
    return Site(
        tmp_path,
        {
            "DIGEST_DATABASE__URL": settings.database.url,
            "DIGEST_MAIL__TRANSPORT": "smtp",
            "DIGEST_MAIL__SMTP__HOST": "127.0.0.1",
            "DIGEST_MAIL__SMTP__PORT": str(sink.port),
            "DIGEST_MAIL__SMTP__SECURITY": "none",
            "DIGEST_MAIL__SMTP__CONNECTIONS": str(CONNECTIONS),
            "DIGEST_DELIVERY__BATCH": "60",
            "DIGEST_DELIVERY__BEAT_SECONDS": "0.2",
            "DIGEST_DELIVERY__DEAD_AFTER_SECONDS": "1.5",
        },
    )


@pytest.fixture
def full_outbox(desk: Desk, tmp_path: Path) -> Desk:
    """An issue for many readers of a few kinds, published and not yet delivered."""
    topics = ["all", "carers", "law", "carers,law"]
    desk.write_items(
        tmp_path,
        {"title": "Rights of carers", "published_at": "2026-11-03", "topics": ["carers", "law"]},
        {"title": "A new act", "published_at": "2026-11-04", "topics": ["law"]},
    )
    for number in range(READERS):
        desk.reader(f"reader{number}@example.org", topics[number % len(topics)])
    desk.issue("2026-11")
    return desk


def test_killed_at_any_moment_it_loses_nothing_and_doubles_nothing(
    full_outbox: Desk, site: Site, sink: RunningSink
) -> None:
    """After each kill there are at most as many new doubts as there were open connections."""
    chance = random.Random(20261121)
    doubts = 0
    for _ in range(KILLS):
        came = len(sink.received())
        process = site.start("deliver")
        sink.wait_for(came + chance.randint(1, READERS // (KILLS + 1)))
        time.sleep(chance.random() * 0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        _let_it_be_found_dead(full_outbox.house)
        doubts_now = _after_recovery(full_outbox.house, site)
        assert doubts_now - doubts <= CONNECTIONS
        doubts = doubts_now

    finished = site.run("deliver", "--drain")

    assert finished.returncode == 0, finished.stderr
    check_invariants(full_outbox, sink)


def test_asked_to_end_it_finishes_what_is_in_flight_and_gives_back_the_rest(
    full_outbox: Desk, site: Site, sink: RunningSink
) -> None:
    """SIGTERM is no crash: exit code 0, no doubt, nothing leased."""
    process = site.start("deliver")
    sink.wait_for(20)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)

    counts = full_outbox.counts("2026-11")
    assert process.returncode == 0, errors
    assert counts[DeliveryState.UNKNOWN] == counts[DeliveryState.LEASED] == counts[DeliveryState.IN_FLIGHT] == 0
    assert counts[DeliveryState.ACCEPTED] == len(sink.received())
    assert 0 < counts[DeliveryState.QUEUED] < READERS


def check_invariants(desk: Desk, sink: RunningSink) -> None:
    """Ledger sums; nobody got it twice; accepted has come; what has not come is doubted, never forgotten."""
    counts = desk.counts("2026-11")
    came = Counter(str(each["recipient"]) for each in sink.received())
    ledger = _ledger(desk.house)

    assert sum(counts.values()) == READERS
    assert counts[DeliveryState.QUEUED] == counts[DeliveryState.LEASED] == counts[DeliveryState.IN_FLIGHT] == 0
    assert max(came.values()) == 1
    for email, state in ledger.items():
        if state == DeliveryState.ACCEPTED:
            assert came[email] == 1
        else:
            assert state == DeliveryState.UNKNOWN
    assert counts[DeliveryState.UNKNOWN] <= KILLS * CONNECTIONS


def _ledger(house: House) -> dict[str, str]:
    with house.store.read() as connection:
        rows = connection.execute(
            select(subscriber.c.email, delivery.c.state)
            .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
            .join(issue, issue.c.id == delivery.c.issue_id)
        )
        return {row.email: row.state for row in rows}


def _let_it_be_found_dead(house: House) -> None:
    if not house.store.embedded:
        time.sleep(1.7)


def _after_recovery(house: House, site: Site) -> int:
    """How many doubts there are once the dead have been swept up after."""
    from digest.storage import workers

    with house.store.write() as connection:
        workers.recover(connection, dead_after=None)
    return sum(state == DeliveryState.UNKNOWN for state in _ledger(house).values())
