"""A band of workers on one PostgreSQL, and what befalls them: kills, freezes, cut lines, and the end of the server.

worker ─┐         ┌─ killed, or asked to end: another takes its place
worker ─┼─ one ───┼─ frozen until it counts as dead, then let go on
worker ─┘         └─ and now and then: all lines to the database cut, or the server ended in the middle
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from digest.errors import Problem
from digest.storage.engine import Store
from tests.support.processes import Site

#: Seconds of silence after which a worker counts as dead, for the settings.
DEAD_AFTER = 2.0
KILLED, FROZEN = "killed", "frozen"
#: What else speaks to the database.
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Band:
    """So many workers of one site, as long as the run goes on."""

    site: Site
    store: Store
    chance: random.Random
    count: int
    _running: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def fill(self) -> None:
        """Another one for each that has ended."""
        self._running = [process for process in self._running if process.poll() is None]
        while len(self._running) < self.count:
            self._running.append(self._started())

    def befall(self) -> str:
        """One thing, to one of them or to all. Returns its name."""
        fates: dict[str, tuple[int, Callable[[], None]]] = {
            KILLED: (40, self._kill),
            FROZEN: (20, self._freeze),
            "asked to end": (20, self._ask_to_end),
            "lines cut": (12, self._cut_lines),
            "server ended": (8, self._end_server),
        }
        (name,) = self.chance.choices(list(fates), [weight for weight, _ in fates.values()])
        fates[name][1]()
        return name

    def end(self) -> None:
        """All of them, in order; whoever takes too long is killed."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _started(self) -> "subprocess.Popen[str]":
        with (self.site.folder / "workers.log").open("a", encoding="utf-8") as log:
            return self.site.start("worker", told=log)

    def _kill(self) -> None:
        self._one().kill()

    def _ask_to_end(self) -> None:
        self._one().terminate()

    def _freeze(self) -> None:
        process = self._one()
        process.send_signal(signal.SIGSTOP)
        time.sleep(DEAD_AFTER * (1 + self.chance.random()))
        process.send_signal(signal.SIGCONT)

    def _one(self) -> "subprocess.Popen[str]":
        return self.chance.choice(self._running)

    def _cut_lines(self) -> None:
        self._on_the_server(f"SELECT pg_terminate_backend(pid) {_OTHERS}")

    def _end_server(self) -> None:
        """As a crash does: PostgreSQL ends all its processes when one of them is killed, and recovers from its log."""
        for pid in self._on_the_server(f"SELECT pid {_OTHERS} LIMIT 1"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _on_the_server(self, statement: str) -> list[int]:
        with suppress(Problem, DBAPIError), self.store.write() as connection:
            return [row[0] for row in connection.execute(text(statement))]
        return []
