"""Real processes for stories: `digest` as a command, and the SMTP sink beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support.smtp_sink import read_log

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Site:
    """A working folder whose commands run as processes of their own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, told: "IO[str] | None" = None) -> "subprocess.Popen[str]":
        """A command, running. What it says goes into pipes, or to `told`: pipes that nobody reads fill up."""
        return subprocess.Popen(
            [sys.executable, "-m", "digest", "-C", str(self.folder), *arguments],
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT)},
            stdout=told or subprocess.PIPE,
            stderr=told or subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """A command, run to its end."""
        process = self.start(*arguments)
        out, errors = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, out, errors)


@dataclass(frozen=True, slots=True)
class RunningSink:
    """An SMTP sink in a process of its own."""

    port: int
    log: Path

    def received(self) -> list[dict[str, object]]:
        """What has come, in order."""
        return read_log(self.log) if self.log.exists() else []

    def wait_for(self, count: int, *, seconds: float = 30) -> int:
        """Wait until so many messages have come, or the time is over. Returns how many have."""
        deadline = time.monotonic() + seconds
        while self._lines() < count and time.monotonic() < deadline:
            time.sleep(0.002)
        return self._lines()

    def _lines(self) -> int:
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0


@contextmanager
def running_sink(folder: Path, *, delay_ms: int = 0) -> Iterator[RunningSink]:
    """A sink while the block runs."""
    log = folder / "sink.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.support.smtp_sink",
        "--port",
        "0",
        "--log",
        str(log),
        "--delay-ms",
        str(delay_ms),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield RunningSink(int(process.stdout.readline()), log)
    finally:
        process.terminate()
        process.communicate(timeout=10)
