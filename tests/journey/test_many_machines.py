"""Two schedulers and four workers on one PostgreSQL; some are killed, some are frozen and come back.

One issue comes of it. Nothing is lost, nothing comes twice, and doubt is shown and bounded.
"""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select

from digest.bootstrap import SystemClock
from digest.flow.apply import apply
from digest.flow.house import House
from digest.model.delivery import DeliveryState
from digest.model.issue import Issue, IssueState
from digest.resources import folder
from digest.settings import Settings
from digest.storage import issues, tally
from digest.storage.source_tables import source
from digest.storage.tables import delivery, worker
from subscribers.intake import Intake, Terms
from subscribers.preferences import parse
from subscribers.tables import newsletter, subscriber
from subscribers.transfer import Line, Report, batches
from tests.support.desk import NEWSLETTER, Desk
from tests.support.processes import RunningSink, Site, running_sink

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

#: Starts a command as a process that lives no longer than the test.
Machines = Callable[[str], "subprocess.Popen[str]"]

READERS = 600
CONNECTIONS = 3


@pytest.fixture
def clock() -> SystemClock:
    """The machine's own: the processes have no other."""
    return SystemClock()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[RunningSink]:
    """A mail server that takes its time over a dot, so that whoever is stopped has something in flight."""
    with running_sink(tmp_path, delay_ms=60) as running:
        yield running


@pytest.fixture
def site(settings: Settings, sink: RunningSink, tmp_path: Path) -> Site:
    """The folder that all machines have a copy of."""
    return Site(
        tmp_path,
        {
            "DIGEST_DATABASE__URL": settings.database.url,
            "DIGEST_MAIL__TRANSPORT": "smtp",
            "DIGEST_MAIL__SMTP__HOST": "127.0.0.1",
            "DIGEST_MAIL__SMTP__PORT": str(sink.port),
            "DIGEST_MAIL__SMTP__SECURITY": "none",
            "DIGEST_MAIL__SMTP__CONNECTIONS": str(CONNECTIONS),
            "DIGEST_DELIVERY__BATCH": "20",
            "DIGEST_DELIVERY__BEAT_SECONDS": "0.2",
            "DIGEST_DELIVERY__DEAD_AFTER_SECONDS": "1.5",
            "DIGEST_SCHEDULER__TICK_SECONDS": "1",
        },
    )


@pytest.fixture
def machines(site: Site) -> Iterator[Machines]:
    """Starts processes, and ends whatever still runs of them."""
    running: list[subprocess.Popen[str]] = []

    def start(command: str) -> "subprocess.Popen[str]":
        running.append(site.start(command))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


@pytest.fixture
def due(desk: Desk, tmp_path: Path) -> Desk:
    """A newsletter whose issue is due and goes out by itself, with readers and something to read."""
    shipped = (folder("config") / "newsletters" / f"{NEWSLETTER}.toml").read_text(encoding="utf-8")
    file = tmp_path / "newsletter.toml"
    by_itself = shipped.replace('approval = "editor"', 'approval = "automatic"').replace('at = "08:00"', 'at = "00:00"')
    file.write_text(by_itself, encoding="utf-8")
    apply(desk.house, file)
    today = datetime.now(ZoneInfo("Europe/London"))
    on = (today - timedelta(days=3)).date().isoformat()
    desk.write_items(
        tmp_path,
        {"title": "Rights of carers", "published_at": on, "topics": ["carers", "law"]},
        {"title": "A new act", "published_at": on, "topics": ["law"]},
    )
    with desk.house.store.write() as connection:
        _enrol(desk.house, connection)
        # As if it had been there since yesterday's month, and had just read its sources.
        begun = today.replace(day=1, hour=0, minute=0) - timedelta(days=1)
        connection.execute(newsletter.update().values(created_at=begun))
        connection.execute(source.update().values(next_at=today + timedelta(days=1)))
    return desk


def _enrol(house: House, connection: Connection) -> None:
    terms = Terms(newsletter=NEWSLETTER, default_cadence="monthly", confirmed=True, origin="a test")
    choices = [parse(topics) for topics in ("all", "carers", "law", "carers,law")]
    lines = (
        Line(number=n, email=f"r{n}@example.org", name="", chosen=choices[n % 4], cadence=None, language="")
        for n in range(READERS)
    )
    intake = Intake(connection, house.keys, terms, Report(), now=datetime.now(UTC))
    for batch in batches(lines):
        intake.take(batch)


def test_killed_and_frozen_machines_lose_nothing_and_double_nothing(
    due: Desk, sink: RunningSink, machines: Machines
) -> None:
    """However many run, it is one issue; each reader gets it once, or stands in the ledger as in doubt."""
    killed, frozen, killed_later, steady = (machines("worker") for _ in range(4))
    clocks = [machines("scheduler") for _ in range(2)]

    assert sink.wait_for(READERS // 10, seconds=180) >= READERS // 10
    killed.send_signal(signal.SIGKILL)
    frozen.send_signal(signal.SIGSTOP)
    clocks[0].send_signal(signal.SIGKILL)
    sink.wait_for(READERS // 3, seconds=60)
    killed_later.send_signal(signal.SIGKILL)
    # On a busy machine one may be stopped before it has taken anything: then there is nobody to give up.
    _until(lambda: _given_up(due.house) >= 3 or not _open(due.house))
    frozen.send_signal(signal.SIGCONT)
    _until(lambda: not _open(due.house))
    for process in (frozen, steady, clocks[1]):
        process.send_signal(signal.SIGTERM)

    assert [process.wait(timeout=30) for process in (frozen, steady, clocks[1])] == [0, 0, 0]
    check_invariants(due.house, sink)


def check_invariants(house: House, sink: RunningSink) -> None:
    """One issue for all; states sum to what was expected; no message came twice; what came is accepted or doubted."""
    (out,) = _published(house)
    with house.store.read() as connection:
        counts = tally.counts(connection, out.id)
    came = Counter(str(each["message_id"]) for each in sink.received())
    to = Counter(str(each["recipient"]) for each in sink.received())
    ledger = _ledger(house)

    assert out.expected == READERS == sum(counts.values()) == len(ledger)
    assert max(came.values()) == max(to.values()) == 1
    assert set(ledger.values()) <= {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN}
    assert {email for email, state in ledger.items() if state == DeliveryState.ACCEPTED} <= set(to)
    assert set(to) <= set(ledger)
    assert counts[DeliveryState.UNKNOWN] <= 3 * CONNECTIONS


def _published(house: House) -> list[Issue]:
    with house.store.read() as connection:
        return issues.listed(connection, None, IssueState.PUBLISHED)


def _ledger(house: House) -> dict[str, str]:
    with house.store.read() as connection:
        rows = connection.execute(
            select(subscriber.c.email, delivery.c.state).join(delivery, delivery.c.subscriber_id == subscriber.c.id)
        )
        return {row.email: row.state for row in rows}


def _open(house: House) -> bool:
    """Whether something is still to be done."""
    return bool(set(_ledger(house).values()) & {DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.IN_FLIGHT})


def _given_up(house: House) -> int:
    """How many workers were found dead, or have ended."""
    with house.store.read() as connection:
        ended = select(func.count()).select_from(worker).where(worker.c.ended_at.is_not(None))
        return connection.execute(ended).scalar_one()


def _until(met: Callable[[], bool], *, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
