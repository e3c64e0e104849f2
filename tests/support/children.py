"""Commands as real processes that start at once: forked from one that has everything loaded.

A child runs `digest …` as the command line does. What is to befall it, and when, it is told by a `Plan`.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.support.boundaries import Fate, install

#: What children need, loaded once.
_LOADED = [
    "pytest",
    "digest.cli.app",
    "digest.cli.watching",
    "digest.bootstrap",
    "digest.flow.publish",
    "digest.flow.doctor",
    "digest.worker",
    "digest.scheduler",
    "digest.jobs.postgres",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "aiosmtplib",
    "uvloop",
    "lxml.html",
    "tests.support.children",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a child does, and what befalls it. All of it can be pickled."""

    folder: Path
    arguments: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    fate: Fate | None = None
    #: Done first, in the child: sets its clock, damages its database.
    first: Callable[[], None] | None = None
    #: Done instead of the command.
    instead: Callable[[], None] | None = None


@dataclass(slots=True)
class Child:
    """A running child."""

    process: ForkServerProcess
    output: Path

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    def send(self, number: int) -> None:
        """A signal, if it still lives."""
        if self.process.is_alive():
            os.kill(self.pid, number)

    def ended(self, *, within: float = 60) -> int:
        """Its exit code, or minus the signal that ended it; one that does not end by itself is ended."""
        self.process.join(within)
        if self.process.is_alive():
            self.send(signal.SIGKILL)
            self.process.join()
            raise AssertionError(f"it did not end within {within} s:\n{self.said()}")
        assert self.process.exitcode is not None
        return self.process.exitcode

    def frozen(self, *, within: float = 30) -> bool:
        """Wait until it is stopped; False when it ended instead, or was never stopped."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self.process.is_alive():
            if Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return True
            time.sleep(0.005)
        return False

    def said(self) -> str:
        """All that it wrote."""
        return self.output.read_text(encoding="utf-8", errors="replace")


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


def start(plan: Plan, output: Path) -> Child:
    """A child that has begun."""
    process = _context().Process(target=_live, args=(plan, output), daemon=True)
    process.start()
    return Child(process, output)


def _live(plan: Plan, output: Path) -> None:
    with output.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    os.environ.update(plan.environment)
    os.chdir(plan.folder)
    if plan.first:
        plan.first()
    if plan.fate:
        install(plan.fate)
    if plan.instead:
        plan.instead()
        return
    from digest.cli.app import main

    sys.argv = ["digest", *plan.arguments]
    main()
