"""A mail server that does what it is told, however bad: in a thread of the tests, or a process of its own.

What it does at each step is a script (see `smtp_sink`); `MISCHIEF` names the faults that soaks choose among. It knows
what it took, by Message-ID and recipient: the truth that the ledger is compared with.
"""

import argparse
import asyncio
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import uvloop

from tests.support.smtp_sink import Act, Received, Script, SmtpSink, Step

#: By name: at which phase, what is done, and whether the message counts as taken.
MISCHIEF: dict[str, tuple[str, Act]] = {
    "421 at the greeting": ("greeting", Act(reply="421 4.3.2 Too busy", hang_up=True)),
    "reset at the greeting": ("greeting", Act(reset=True)),
    "a greeting without end": ("greeting", Act(raw=b"x" * 100_000)),
    "reset at EHLO": ("ehlo", Act(reset=True)),
    "451 at MAIL": ("mail", Act(reply="451 4.3.0 Not now")),
    "reset at MAIL": ("mail", Act(reset=True)),
    "a reply too many at MAIL": ("mail", Act(raw=b"250 2.0.0 Late\r\n")),
    "450 at RCPT": ("rcpt", Act(reply="450 4.2.0 Greylisted")),
    "452 at RCPT": ("rcpt", Act(reply="452 4.2.2 Mailbox full")),
    "552 at RCPT": ("rcpt", Act(reply="552 5.2.2 Mailbox full")),
    "421 at RCPT": ("rcpt", Act(reply="421 4.3.2 Going down", hang_up=True)),
    "nonsense at RCPT": ("rcpt", Act(raw=b"\x00\xff?\r\n")),
    "451 at DATA": ("data", Act(reply="451 4.3.1 Disk full")),
    "the end at DATA": ("data", Act(hang_up=True, silent=True)),
    "reset in the body": ("body", Act(reset=True)),
    "the end in the body": ("body", Act(hang_up=True, silent=True)),
    "an answer before the dot": ("body", Act(reply="451 4.3.0 Enough")),
    "reset after the dot, kept": ("dot", Act(reset=True)),
    "reset after the dot, lost": ("dot", Act(reset=True, forget=True)),
    "the end after the dot, kept": ("dot", Act(hang_up=True, silent=True)),
    "the end after the dot, lost": ("dot", Act(hang_up=True, silent=True, forget=True)),
    "451 after the dot": ("dot", Act(reply="451 4.3.0 Scanner is busy")),
    "421 after the dot": ("dot", Act(reply="421 4.3.2 Going down", hang_up=True)),
    "a slow 250": ("dot", Act(delay=0.05)),
    "a 250 in drops": ("dot", Act(drip=0.002)),
    "a 250 and one more": ("dot", Act(raw=b"250 2.0.0 Kept\r\n")),
}


def at_random(seed: int, share: float) -> Script:
    """At that share of all steps one of the faults that there are for it; the same ones for the same seed."""
    chance = random.Random(seed)
    by_phase: dict[str, list[Act]] = {}
    for phase, act in MISCHIEF.values():
        by_phase.setdefault(phase, []).append(act)

    def script(step: Step) -> Act | None:
        return chance.choice(by_phase[step.phase]) if step.phase in by_phase and chance.random() < share else None

    return script


def first_of(*scripts: Script) -> Script:
    """The first script with something to say."""

    def script(step: Step) -> Act | None:
        return next((act for each in scripts if (act := each(step))), None)

    return script


@dataclass(slots=True)
class Chaos:
    """A running server, and what it took."""

    sink: SmtpSink
    #: Everybody who waits for a message to arrive.
    _loop: asyncio.AbstractEventLoop = field(default_factory=uvloop.new_event_loop)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.sink.port

    @property
    def received(self) -> list[Received]:
        """What it took, in order."""
        return list(self.sink.received)

    def behave(self, *scripts: Script) -> None:
        """From now on do this; without a script, nothing but good."""
        self.sink.script = first_of(*scripts)

    def taken(self) -> Counter[tuple[str, str]]:
        """How often it took which Message-ID for whom."""
        return Counter((each.message_id, each.recipient) for each in self.received)

    def recipients(self) -> list[str]:
        """For whom it took messages, in order."""
        return [each.recipient for each in self.received]


@contextmanager
def chaos(*scripts: Script, **options: Any) -> Iterator[Chaos]:
    """A server in a thread while the block runs."""
    running = Chaos(SmtpSink(script=first_of(*scripts), **options))
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running.sink:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=running._loop.run_until_complete, args=(serve(),), name="chaos")
    thread.start()
    assert ready.wait(10), "the server did not start"
    try:
        yield running
    finally:
        running._loop.call_soon_threadsafe(over.set)
        thread.join(10)
        running._loop.close()


class _Tally(SmtpSink):
    """Writes one short line for each message that it takes, before its 250."""

    tally: TextIO

    def keep_message(self, received: Received) -> None:
        self.tally.write(f"{received.message_id} {received.recipient}\n")
        self.tally.flush()


async def _main(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    sink = _Tally(script=at_random(arguments.seed, arguments.share))
    with arguments.tally.open("a", encoding="utf-8") as sink.tally:
        async with sink:
            sys.stdout.write(f"{sink.port}\n")
            sys.stdout.flush()
            await stop.wait()


def main() -> None:
    """Misbehave until told to stop: `python -m tests.support.chaos --seed 1 --share 0.01 --tally FILE`."""
    parser = argparse.ArgumentParser(description="An SMTP server that misbehaves at random.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.01, help="at how many of all steps")
    parser.add_argument("--tally", type=Path, required=True, help="a line for each message: its id and recipient")
    uvloop.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
