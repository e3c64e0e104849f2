"""Checking: what takes its time is looked for beside the page, which never waits for it: findings, and readers."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from digest.errors import Problem
from digest.model.finding import Finding, Severity

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Aside(Generic[T]):
    """What was found of the newest version that was looked at; each version is looked at once."""

    def __init__(self, done: Callable[[], None]) -> None:
        """`done` is told when something is found that differs from what was before."""
        self._done = done
        self._lock = threading.Condition()
        self._wanted = self._looked_at = ""
        self._running = False
        self._found: T | None = None
        self._look: Callable[[], T | None] | None = None

    def found(self, version: str, look: Callable[[], T | None], *, wait: float = 0.0) -> T | None:
        """What was found last; None while the first look lasts. A version not yet looked at is, in its turn; for what
        comes of it one may `wait` some seconds."""
        with self._lock:
            if version != self._wanted:
                self._wanted, self._look = version, look
                if not self._running:
                    self._running = True
                    threading.Thread(target=self._run, daemon=True).start()
            self._lock.wait_for(lambda: self._looked_at == version, timeout=wait)
            return self._found

    def failed(self, version: str) -> bool:
        """Whether this version was looked at, and nothing could be found."""
        with self._lock:
            return self._looked_at == version and self._found is None

    def _run(self) -> None:
        while True:
            with self._lock:
                version, look = self._wanted, self._look
            found = _tried(look) if look else None
            with self._lock:
                differs, self._found, self._looked_at = found != self._found, found, version
                self._lock.notify_all()
                over = version == self._wanted
                self._running = not over
            if differs:
                self._done()
            if over:
                return


def _tried(look: Callable[[], T | None]) -> T | None:
    """Nothing where it fails: the page itself tells what is wrong."""
    try:
        return look()
    except Problem:
        return None
    except Exception:
        _log.exception("Something beside the preview could not be found out.")
        return None


def looked_over(check: Callable[[], Sequence[Finding]]) -> tuple[Finding, ...]:
    """What the checks find; that they fail is a finding too."""
    try:
        return tuple(check())
    except Problem as problem:
        said = Finding(check="checks", severity=Severity.ERROR, place="", what=problem.what, remedy=problem.remedy)
        return (said,)
    except Exception:
        _log.exception("The checks could not be made.")
        what = "The checks stopped; the terminal says why."
        return (Finding(check="checks", severity=Severity.ERROR, place="", what=what, remedy="Run: digest check."),)
