"""A soak: many messages, and all the while kills, freezes and faults at the mail server; then the invariants.

`python -m tests.support.soak --messages 100000 --minutes 60 [--on postgresql --workers 3]`. On SQLite one run after the
other is cut short; on PostgreSQL several workers run at once, and the server is not spared either. It ends by itself,
with exit code 1 where something does not hold.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func, insert, select

from benchmarks.databases import address
from digest.bootstrap import open_house
from digest.errors import Problem
from digest.flow.apply import apply
from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.publish import publish
from digest.model.delivery import DeliveryState
from digest.resources import folder
from digest.settings import load
from digest.storage import workers
from digest.storage.tables import delivery
from subscribers.tables import preference, subscriber, subscription
from tests.conftest import StandingClock
from tests.support.band import DEAD_AFTER, FROZEN, KILLED, Band
from tests.support.desk import NEWSLETTER, Desk
from tests.support.invariants import BrokenError, check
from tests.support.processes import ROOT, Site
from tests.support.trial import ISSUE, PERIOD

CONNECTIONS = 8
#: Seconds in peace, at most: some thousand messages.
_LONGEST = 2.0
OPEN = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.IN_FLIGHT)


@dataclass
class Soak:
    """One run."""

    where: Path
    messages: int
    chance: random.Random
    ends_at: float
    url: str
    #: What was done to those that deliver, and to the database, by name.
    befell: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    house: House = field(init=False)

    def prepare(self) -> None:
        """An issue for so many readers, published."""
        os.environ["DIGEST_DATABASE__URL"] = self.url
        settings = load(self.where).model_copy(update={"data_folder": self.where / "data"})
        self.house = replace(open_house(settings), clock=StandingClock())
        apply(self.house, folder("config") / "newsletters" / f"{NEWSLETTER}.toml")
        desk = Desk(self.house)
        desk.write_items(self.where, {"title": "Rights of carers", "published_at": "2026-11-03", "topics": ["carers"]})
        desk.reader("reader0@example.org")
        self._many()
        compose(self.house, NEWSLETTER, period_key=PERIOD)
        approve(self.house, ISSUE, by="a soak")
        publish(self.house, ISSUE)

    def _many(self) -> None:
        """Readers as the first, written at once."""
        with self.house.store.write() as connection:
            first = connection.execute(select(subscription)).mappings().one()
            count = range(2, self.messages + 1)
            rows = [{"id": i, "email": f"reader{i - 1}@example.org", "created_at": first["created_at"]} for i in count]
            hashes = [{**row, "address_hash": f"{row['id']:064x}"} for row in rows]
            connection.execute(insert(subscriber), hashes)
            held = [{**first, "id": i, "subscriber_id": i} for i in count]
            connection.execute(insert(subscription), held)
            assert connection.scalar(select(preference.c.id)) is not None

    @property
    def bound(self) -> int:
        """How many doubts there may be because of a worker that was not there when the answer came."""
        return (self.befell[KILLED] + self.befell[FROZEN]) * CONNECTIONS

    def left(self) -> int:
        """How many still wait."""
        counts = Desk(self.house).counts(PERIOD)
        return sum(counts[state] for state in OPEN)

    def run(self, site: Site) -> None:
        """Run after run, each cut short at random, until nothing waits or the time is over."""
        while (left := self.left()) and time.monotonic() < self.ends_at:
            self._tell(left)
            self._one_run(site)
            with self.house.store.write() as connection:
                new = workers.recover(connection, dead_after=None).unknown
            self.doubts += new
            assert new <= CONNECTIONS, f"{new} doubts after one kill, with {CONNECTIONS} connections"
        self._tell(self.left())

    def run_together(self, band: Band) -> None:
        """Several workers at once, until nothing waits or the time is over."""
        while (left := self._left_for_now()) and time.monotonic() < self.ends_at:
            self._tell(left)
            band.fill()
            time.sleep(self.chance.random() * _LONGEST)
            self.befell[band.befall()] += 1
        band.end()
        with self.house.store.write() as connection:
            workers.recover(connection, dead_after=None)
        self.doubts = self._left_behind()
        self._tell(self.left())
        assert self.doubts <= self.bound, f"{self.doubts} doubts by what befell the workers, at most {self.bound}"

    def _left_for_now(self) -> int:
        """As `left`; all of them while the database is not there."""
        try:
            return self.left()
        except Problem:
            return self.messages

    def _left_behind(self) -> int:
        """In doubt because of a worker that was not there any more when the answer came."""
        of_the_dead = (delivery.c.state == DeliveryState.UNKNOWN) & delivery.c.reason.contains("worker stopped")
        with self.house.store.read() as connection:
            return connection.execute(select(func.count()).select_from(delivery).where(of_the_dead)).scalar_one()

    def _one_run(self, site: Site) -> None:
        process = site.start("deliver")
        fate = self.chance.random()
        self._wait_for_mail(process)
        try:
            process.wait(self.chance.random() * _LONGEST)
        except subprocess.TimeoutExpired:
            if fate < 0.3:
                self.befell[FROZEN] += 1
                process.send_signal(signal.SIGSTOP)
                time.sleep(self.chance.random())
                process.send_signal(signal.SIGCONT)
            elif fate < 0.4:
                process.send_signal(signal.SIGTERM)
            else:
                self.befell[KILLED] += 1
                process.kill()
        if fate < 0.3 and process.poll() is None:
            time.sleep(self.chance.random())
            self.befell[KILLED] += 1
            process.kill()
        process.communicate()

    def _wait_for_mail(self, process: "subprocess.Popen[str]") -> None:
        """Until the first message of this run has come: what is killed before that proves little."""
        tally, patience = self.where / "tally", time.monotonic() + 60
        before = tally.stat().st_size if tally.exists() else 0
        while process.poll() is None and time.monotonic() < min(patience, self.ends_at):
            if tally.exists() and tally.stat().st_size > before:
                return
            time.sleep(0.01)

    def _tell(self, left: int) -> None:
        done = self.messages - left
        line = f"\r{done:>9,} of {self.messages:,}   " + "   ".join(f"{name} {n}" for name, n in self.befell.items())
        sys.stderr.write(line if sys.stderr.isatty() else line.strip() + "\n")
        sys.stderr.flush()


def _taken(tally: Path) -> Counter[tuple[str, str]]:
    lines = tally.read_text(encoding="utf-8").splitlines()
    return Counter((line.split()[0], line.split()[1]) for line in lines)


def main() -> int:
    """Prepare, run, compare, tell."""
    parser = argparse.ArgumentParser(description="Deliver while everything goes wrong, and compare.")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--share", type=float, default=0.001, help="at how many of the mail server's steps a fault is")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=3, help="at once, on PostgreSQL")
    given = parser.parse_args()
    where = Path(tempfile.mkdtemp(prefix="soak-"))
    with address(given.on, where) as url:
        soak = Soak(where, given.messages, random.Random(given.seed), time.monotonic() + given.minutes * 60, url)
        soak.prepare()
        _run(soak, given)
        holds = _compared(soak)
    if holds:
        shutil.rmtree(where)
    return 0 if holds else 1


def _run(soak: Soak, given: argparse.Namespace) -> None:
    where = soak.where
    command = [sys.executable, "-m", "tests.support.chaos", "--seed", str(given.seed), "--share", str(given.share)]
    server = subprocess.Popen([*command, "--tally", str(where / "tally")], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        site = Site(where, _environment(soak.url, int(server.stdout.readline())))
        if given.on == "sqlite":
            soak.run(site)
        else:
            soak.run_together(Band(site, soak.house.store, soak.chance, given.workers))
    finally:
        server.terminate()
        server.wait(10)


def _environment(url: str, port: int) -> dict[str, str]:
    return {
        "DIGEST_DATABASE__URL": url,
        "DIGEST_DELIVERY__BEAT_SECONDS": "0.3",
        "DIGEST_DELIVERY__DEAD_AFTER_SECONDS": str(DEAD_AFTER),
        "DIGEST_MAIL__TRANSPORT": "smtp",
        "DIGEST_MAIL__RETRY_SECONDS": "0.5",
        "DIGEST_MAIL__SMTP__HOST": "127.0.0.1",
        "DIGEST_MAIL__SMTP__PORT": str(port),
        "DIGEST_MAIL__SMTP__SECURITY": "none",
        "DIGEST_MAIL__SMTP__CONNECTIONS": str(CONNECTIONS),
    }


def _compared(soak: Soak) -> bool:
    """The figures, and whether all holds. What the mail server left without an answer is doubt of its own."""
    finished = soak.left() == 0
    try:
        figures = check(soak.house.store, _taken(soak.where / "tally"), bound=soak.messages, finished=finished)
    except BrokenError as broken:
        sys.stdout.write(f"\nbroken:\n{broken}\n{soak.where} is kept.\n")
        return False
    at_the_server = figures.unknown - soak.doubts
    befell = ", ".join(f"{name} {count} times" for name, count in sorted(soak.befell.items())) or "nobody was disturbed"
    lines = (
        f"\n{figures.expected:,} messages: lost {figures.lost}, twice {figures.twice}, unknown {figures.unknown}",
        f"of these {soak.doubts} by workers that were not there any more (bound {soak.bound}); "
        f"{at_the_server} were left without an answer by the server",
        f"{befell}; {soak.left():,} still wait{'' if finished else ', as the time was over'}",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    soak.house.store.close()
    return True


if __name__ == "__main__":
    sys.exit(main())
