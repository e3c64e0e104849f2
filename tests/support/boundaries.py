"""The boundaries between two steps of a delivery, and what ends or freezes a process that passes one of them.

The product knows nothing of this: its functions are wrapped in the process that is to die, from outside.
"""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

#: What a transaction may hold; each has a boundary before its commit and one after.
VERBS = ("plan", "enqueue", "register", "recover", "lease", "marker", "outcome", "give back", "retire")
#: Steps on the wire and beside it, in their order.
STEPS = (
    "connecting",
    "connected",
    "greeted",
    "envelope to be written",
    "envelope written",
    "354 come",
    "354 read",
    "body to be written",
    "body written",
    "marker asked for",
    "marker known",
    "dot to be written",
    "dot written",
    "reply come",
    "reply read",
    "outcome handed over",
)
COMMITS = tuple(f"{verb}: {moment} the commit" for verb in VERBS for moment in ("before", "after"))
#: What publishing passes; all others are passed by delivering.
PLANNING = tuple(name for name in COMMITS if name.startswith(("plan", "enqueue")))
DELIVERING = tuple(name for name in (*COMMITS, *STEPS) if name not in PLANNING)
#: A message that is past these, and not past its outcome's commit, is in doubt after a crash.
IN_DOUBT = (
    "marker: after the commit",
    "marker known",
    "dot to be written",
    "dot written",
    "reply come",
    "reply read",
    "outcome handed over",
    "outcome: before the commit",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What befalls a process."""

    at: str
    #: At which passing.
    nth: int = 1
    number: int = signal.SIGKILL
    #: Something else that happens there instead, in the process.
    act: Callable[[], None] | None = None


class _Fates:
    """Counts what is passed; what is to happen happens once."""

    def __init__(self, fate: Fate) -> None:
        assert fate.at in (*COMMITS, *STEPS), fate.at
        self._fate, self._passed, self._lock = fate, Counter[str](), threading.Lock()

    def pass_by(self, name: str) -> None:
        with self._lock:
            self._passed[name] += 1
            due = name == self._fate.at and self._passed[name] == self._fate.nth
        if due and self._fate.act:
            self._fate.act()
        elif due:
            os.kill(os.getpid(), self._fate.number)


def install(fate: Fate) -> None:
    """Wrap what passes boundaries, for the rest of this process's life."""
    fates = _Fates(fate)
    _watch_commits(fates)
    _watch_opening(fates)
    _watch_wire(fates)
    _watch_journal(fates)


def _watch_commits(fates: _Fates) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    from digest.jobs import inline, postgres
    from digest.storage import audiences, outbox, workers
    from digest.storage.bookkeeping import Bookkeeper
    from digest.storage.writer import Writer

    verbs = {
        "plan": (audiences, "fill_outbox"),
        "register": (workers, "register"),
        "recover": (workers, "recover"),
        "lease": (outbox, "lease"),
        "give back": (outbox, "give_back"),
        "retire": (workers, "retire"),
    }
    within = threading.local()
    for label, (module, name) in verbs.items():
        setattr(module, name, _noted(getattr(module, name), label, within))
    for queue in (inline.InlineQueue, postgres.PostgresQueue):
        queue.wake = _noted(queue.wake, "enqueue", within)  # type: ignore[method-assign]

    write, at_once, do_at_once = Bookkeeper.write, Bookkeeper.write_at_once, Bookkeeper.do_at_once
    commit_at_last, send, receive = Writer.commit, Writer.send, Writer.receive

    def labels(marks: Any, attempts: Any) -> list[str]:
        return [*(["outcome"] if attempts else []), *(["marker"] if marks else [])]

    def write_group(self: Any, marks: Any, attempts: Any) -> Any:
        within.verbs = labels(marks, attempts)
        return write(self, marks, attempts)

    # What is written at once is committed by another thread.

    def write_group_at_once(self: Any, marks: Any, attempts: Any) -> Any:
        self._writer.verbs = within.group = labels(marks, attempts)
        try:
            return at_once(self, marks, attempts)
        finally:
            within.group = []

    def do_errand_at_once(self: Any, work: Any) -> Any:
        within.verbs = []
        done = do_at_once(self, work)
        self._writer.verbs, within.verbs = within.verbs or getattr(within, "group", []), []
        return done

    def commit_group(self: Any) -> None:
        within.verbs = self.verbs
        commit_at_last(self)

    # What is sent to a server is committed by what is sent last.

    def send_group(self: Any, statements: Any) -> bool:
        if self._open():  # else the thread writes it by itself
            for label in self.verbs:
                fates.pass_by(f"{label}: before the commit")
        return send(self, statements)

    def receive_group(self: Any) -> Any:
        rows = receive(self)
        for label in self.verbs:
            fates.pass_by(f"{label}: after the commit")
        return rows

    Bookkeeper.write = write_group  # type: ignore[method-assign]
    Bookkeeper.write_at_once = write_group_at_once  # type: ignore[method-assign]
    Bookkeeper.do_at_once = do_errand_at_once  # type: ignore[method-assign]
    Writer.commit = commit_group  # type: ignore[method-assign]
    Writer.send, Writer.receive = send_group, receive_group  # type: ignore[method-assign]
    commit = DefaultDialect.do_commit

    def do_commit(self: Any, connection: Any) -> None:
        held, within.verbs = getattr(within, "verbs", []), []
        for label in held:
            fates.pass_by(f"{label}: before the commit")
        commit(self, connection)
        for label in held:
            fates.pass_by(f"{label}: after the commit")

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def _noted(function: Any, label: str, within: threading.local) -> Any:
    @wraps(function)
    def noted(*args: Any, **how: Any) -> Any:
        within.verbs = [*getattr(within, "verbs", []), label]
        return function(*args, **how)

    return noted


def _watch_opening(fates: _Fates) -> None:
    from aiosmtplib.protocol import SMTPProtocol

    from digest.mail.smtp import SmtpTransport

    _before(SmtpTransport, "connect", fates, lambda *_: ["connecting"])
    _after(SMTPProtocol, "connection_made", fates, lambda *_: ["connected"])
    _after(SMTPProtocol, "data_received", fates, lambda _, data: ["greeted"] if data.startswith(b"220") else [])


def _watch_wire(fates: _Fates) -> None:
    from digest.mail.wire import Wire

    after_dot = set[int]()

    def written(wire: Any, data: bytes, **_: Any) -> list[str]:
        if data.startswith((b"QUIT", b"RSET")):
            return []
        if data.startswith(b".\r\n"):
            after_dot.add(id(wire))
            return ["dot", "envelope"] if b"MAIL FROM:" in data else ["dot"]
        return ["envelope"] if data.startswith((b"MAIL FROM:", b"RCPT TO:", b"DATA")) else ["body"]

    def came(wire: Any, data: bytes) -> list[str]:
        return [*(["reply"] if id(wire) in after_dot else []), *(["354"] if b"354 " in data else [])]

    def read(wire: Any, data: bytes) -> list[str]:
        labels = came(wire, data)
        after_dot.discard(id(wire))
        return [f"{label} read" for label in labels]

    def suffixed(names: Callable[..., list[str]], suffix: str) -> Callable[..., list[str]]:
        return lambda *args, **how: [f"{label} {suffix}" for label in names(*args, **how)]

    _before(Wire, "send", fates, suffixed(written, "to be written"))
    _after(Wire, "send", fates, suffixed(written, "written"))
    _before(Wire, "data_received", fates, suffixed(came, "come"))
    _after(Wire, "data_received", fates, read)


def _watch_journal(fates: _Fates) -> None:
    from digest.storage.journal import Journal

    mark = Journal.mark

    def marked(self: Any, *args: Any) -> "asyncio.Future[bool]":
        fates.pass_by("marker asked for")
        answer = mark(self, *args)
        answer.add_done_callback(lambda _: fates.pass_by("marker known"))
        return answer

    Journal.mark = marked  # type: ignore[method-assign]
    _after(Journal, "settle", fates, lambda *_: ["outcome handed over"])


def _before(owner: Any, name: str, fates: _Fates, label: Callable[..., list[str]]) -> None:
    function = getattr(owner, name)

    @wraps(function)
    def wrapped(*args: Any, **how: Any) -> Any:
        for step in label(*args, **how):
            fates.pass_by(step)
        return function(*args, **how)

    setattr(owner, name, wrapped)


def _after(owner: Any, name: str, fates: _Fates, label: Callable[..., list[str]]) -> None:
    function = getattr(owner, name)

    @wraps(function)
    def wrapped(*args: Any, **how: Any) -> Any:
        answer = function(*args, **how)
        for step in label(*args, **how):
            fates.pass_by(step)
        return answer

    setattr(owner, name, wrapped)
