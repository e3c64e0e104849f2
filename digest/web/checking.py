"""Checking: what the checks find in an issue, looked for beside the page, which never waits for it."""

import logging
import threading
from collections.abc import Callable, Sequence

from digest.errors import Problem
from digest.model.finding import Finding, Severity

_log = logging.getLogger(__name__)

#: Looks an issue over.
Check = Callable[[], Sequence[Finding]]


class Checking:
    """The findings of the newest version that was looked over; each version is looked over once."""

    def __init__(self, done: Callable[[], None]) -> None:
        """`done` is told when there are findings that differ from those before."""
        self._done = done
        self._lock = threading.Lock()
        self._wanted = ""
        self._running = False
        self._found: tuple[Finding, ...] | None = None
        self._check: Check | None = None

    def findings(self, version: str, check: Check) -> tuple[Finding, ...] | None:
        """What was found last; None while the first look lasts. A version not yet looked over is, in its turn."""
        with self._lock:
            if version != self._wanted:
                self._wanted, self._check = version, check
                if not self._running:
                    self._running = True
                    threading.Thread(target=self._run, daemon=True).start()
            return self._found

    def _run(self) -> None:
        while True:
            with self._lock:
                version, check = self._wanted, self._check
            found = _looked_over(check) if check else ()
            with self._lock:
                differs, self._found = found != self._found, found
                over = version == self._wanted
                self._running = not over
            if differs:
                self._done()
            if over:
                return


def _looked_over(check: Check) -> tuple[Finding, ...]:
    try:
        return tuple(check())
    except Problem as problem:
        said = Finding(check="checks", severity=Severity.ERROR, place="", what=problem.what, remedy=problem.remedy)
        return (said,)
    except Exception:
        _log.exception("The checks could not be made.")
        what = "The checks stopped; the terminal says why."
        return (Finding(check="checks", severity=Severity.ERROR, place="", what=what, remedy="Run: digest check."),)
