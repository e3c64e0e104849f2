"""Delivering: deliver, deliveries."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.house import opened
from digest.model.delivery import DeliveryState, Handover, Outcome

if TYPE_CHECKING:
    from digest.flow.deliver import Stop
    from digest.storage.ledger import Entry

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(deliver)
    app.command()(deliveries)


def deliver(
    drain: Annotated[
        bool, typer.Option("--drain", help="Go on until nothing waits, also for what was deferred.")
    ] = False,
    any_hour: Annotated[
        bool, typer.Option("--any-hour", help="Also outside the hours in which mail leaves ([sending], delivery.days).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hand over what is due. Killed at any moment, it loses nothing and doubles nothing; run it again.

    Example: digest deliver --drain
    """
    from digest.flow.deliver import Stop, drain_outbox
    from digest.flow.standing import waiting

    stop = Stop()
    with opened() as house, _polite(stop):
        before = waiting(house, any_hour=any_hour)
        for closed in before.closed if drain else ():
            out.warn(f"{closed.words} Waiting for it; Ctrl-C ends well.")
        with out.progress("Delivering", before.count) as step:
            done = drain_outbox(house, drain=drain, any_hour=any_hour, stop=stop, progress=_over(step))
        mail, left = house.settings.mail, waiting(house, any_hour=any_hour)
    if as_json:
        keys = ("accepted", "deferred", "failed", "unknown", "withheld", "expired", "cut_off")
        counts = {key: getattr(done, key) for key in keys}
        out.as_json({**counts, "waiting": left.count, "next_at": left.next_at})
        return
    into = mail.transport == "folder" and done.accepted
    where = f" Written into {mail.folder.path}/; nothing left this machine." if into else ""
    out.say(
        f"{done.accepted:,} accepted, {done.deferred:,} deferred, {done.failed:,} failed, {done.unknown:,} unknown; "
        f"{_waits(left.count, left.next_at)}.{where}"
    )
    if done.expired:
        hours = house.settings.delivery.expire_hours
        out.say(f"{done.expired:,} had waited more than {hours:g} hours (delivery.expire_hours), and will not go out.")
    if done.cut_off:
        out.warn(f"{done.cut_off:,} of a run that was cut off may have arrived or not.")
    if done.cut_off or done.unknown:
        out.say("What to do about doubts: digest unknown list")
    for closed in left.closed:
        out.say(closed.words)


def _over(step: out.Step) -> Callable[[Handover], None]:
    """Counts what is over; what is deferred comes again."""
    return lambda handover: None if handover.outcome is Outcome.DEFERRED else step()


def _waits(count: int, next_at: datetime | None) -> str:
    """What waits still, and when the first of it is due."""
    waits = f"{count:,} still {'waits' if count == 1 else 'wait'}"
    if not count or next_at is None:
        return waits
    if next_at <= datetime.now(UTC):
        return f"{waits}, in the hands of other workers"
    return f"{waits}, the next is due at {out.clock(next_at)}"


def deliveries(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="Such as social-care/2014-11, or its number.")],
    state: Annotated[list[DeliveryState] | None, typer.Option(help="Only in this state; again for more.")] = None,
    as_json: Json = False,
) -> None:
    """Say what became of each delivery of an issue: to whom, when, and what the mail server answered.

    Example: digest deliveries social-care/2014-11 --state unknown --state failed
    """
    from digest.storage import issues, ledger

    with opened() as house, house.store.read() as connection:
        found = issues.find(connection, issue)
        entries = list(ledger.entries(connection, found.id, *(state or ())))
    if as_json:
        out.as_json([{key: getattr(e, key) for key in e.__slots__} for e in entries])
        return
    rows = [(e.email or "erased", e.state, e.tries, e.attempted_at, e.transport or None, _answer(e)) for e in entries]
    out.table(("Reader", "State", "Tries", "Last tried", "By", "Answer"), rows, empty="No deliveries in that state.")


def _answer(entry: "Entry") -> str | None:
    said = " ".join(str(part) for part in (entry.reply_code, entry.enhanced_code, entry.diagnostic) if part)
    return said or entry.reason or None


@contextmanager
def _polite(stop: "Stop") -> Iterator[None]:
    """On SIGTERM or Ctrl-C: finish what is in flight, give back the rest, end well."""

    def ask(*_: object) -> None:
        stop.wanted = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
