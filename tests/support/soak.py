"""A soak: many messages, and all the while kills, freezes and faults at the mail server; then the invariants.

`python -m tests.support.soak --messages 100000 --minutes 60`. It ends by itself, with exit code 1 where something does
not hold.
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

from sqlalchemy import insert, select

from digest.bootstrap import open_house
from digest.flow.apply import apply
from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.publish import publish
from digest.model.delivery import DeliveryState
from digest.resources import folder
from digest.settings import load
from digest.storage import workers
from subscribers.tables import preference, subscriber, subscription
from tests.conftest import StandingClock
from tests.support.desk import NEWSLETTER, Desk
from tests.support.invariants import BrokenError, check
from tests.support.processes import ROOT, Site
from tests.support.trial import ISSUE, PERIOD

CONNECTIONS = 8
OPEN = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.IN_FLIGHT)


@dataclass
class Soak:
    """One run."""

    where: Path
    messages: int
    chance: random.Random
    ends_at: float
    kills: int = 0
    freezes: int = 0
    doubts: int = 0
    house: House = field(init=False)

    def prepare(self) -> None:
        """An issue for so many readers, published."""
        os.environ["DIGEST_DATABASE__URL"] = "sqlite:///digest.db"
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

    def _one_run(self, site: Site) -> None:
        process = site.start("deliver")
        fate = self.chance.random()
        self._wait_for_mail(process)
        try:
            process.wait(self.chance.random() * 8)
        except subprocess.TimeoutExpired:
            if fate < 0.3:
                self.freezes += 1
                process.send_signal(signal.SIGSTOP)
                time.sleep(self.chance.random())
                process.send_signal(signal.SIGCONT)
            elif fate < 0.4:
                process.send_signal(signal.SIGTERM)
            else:
                self.kills += 1
                process.kill()
        if fate < 0.3 and process.poll() is None:
            time.sleep(self.chance.random())
            self.kills += 1
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
        line = f"\r{done:>9,} of {self.messages:,}   {self.kills} kills   {self.freezes} freezes   {self.doubts} doubts"
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
    given = parser.parse_args()
    where = Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(where, given.messages, random.Random(given.seed), time.monotonic() + given.minutes * 60)
    soak.prepare()
    command = [sys.executable, "-m", "tests.support.chaos", "--seed", str(given.seed), "--share", str(given.share)]
    server = subprocess.Popen([*command, "--tally", str(where / "tally")], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        soak.run(Site(where, _environment(int(server.stdout.readline()))))
    finally:
        server.terminate()
        server.wait(10)
    return _compared(soak)


def _environment(port: int) -> dict[str, str]:
    return {
        "DIGEST_DATABASE__URL": "sqlite:///digest.db",
        "DIGEST_MAIL__TRANSPORT": "smtp",
        "DIGEST_MAIL__RETRY_SECONDS": "0.5",
        "DIGEST_MAIL__SMTP__HOST": "127.0.0.1",
        "DIGEST_MAIL__SMTP__PORT": str(port),
        "DIGEST_MAIL__SMTP__SECURITY": "none",
        "DIGEST_MAIL__SMTP__CONNECTIONS": str(CONNECTIONS),
    }


def _compared(soak: Soak) -> int:
    """The figures, and whether all holds. What the mail server left without an answer is doubt of its own."""
    finished = soak.left() == 0
    try:
        figures = check(soak.house.store, _taken(soak.where / "tally"), bound=soak.messages, finished=finished)
    except BrokenError as broken:
        sys.stdout.write(f"\nbroken:\n{broken}\n{soak.where} is kept.\n")
        return 1
    at_the_server = figures.unknown - soak.doubts
    lines = (
        f"\n{figures.expected:,} messages: lost {figures.lost}, twice {figures.twice}, unknown {figures.unknown}",
        f"of these {soak.doubts} by {soak.kills} kills (bound {soak.kills * CONNECTIONS}); "
        f"{at_the_server} were left without an answer by the server",
        f"{soak.freezes} freezes; {soak.left():,} still wait{'' if finished else ', as the time was over'}",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    soak.house.store.close()
    shutil.rmtree(soak.where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
