"""Delivering: deliver, status, recover."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from digest.flow.deliver import Stop
    from digest.flow.house import House
    from digest.storage.ledger import Entry

#: What a report of an issue says beside its counts.
_NO_COUNTS = frozenset({"issue", "state", "held_back", "held_since", "next_at"})

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(deliver)
    app.command()(status)
    app.command()(deliveries)


def deliver(
    drain: Annotated[
        bool, typer.Option("--drain", help="Go on until nothing waits, also for what was deferred.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hand over what is due. Killed at any moment, it loses nothing and doubles nothing; run it again.

    Example: digest deliver --drain
    """
    from digest.flow.deliver import Stop, drain_outbox
    from digest.storage import outbox

    stop = Stop()
    with opened() as house, _polite(stop):
        with house.store.read() as connection:
            waiting = outbox.count_waiting(connection)
        with out.progress("Delivering", waiting) as step:
            done = drain_outbox(house, drain=drain, stop=stop, progress=lambda _: step())
        kind = house.settings.mail.transport
        with house.store.read() as connection:
            still = outbox.count_waiting(connection)
            next_at = outbox.waiting(connection)[1]
    if as_json:
        keys = ("accepted", "deferred", "failed", "unknown", "withheld")
        out.as_json({**{key: getattr(done, key) for key in keys}, "waiting": still, "next_at": next_at})
        return
    folder = house.settings.mail.folder.path
    where = f" Written into {folder}/; nothing left this machine." if kind == "folder" and done.accepted else ""
    out.say(
        f"{done.accepted:,} accepted, {done.deferred:,} deferred, {done.failed:,} failed, {done.unknown:,} unknown; "
        f"{_waits(still, next_at)}.{where}"
    )


def _waits(count: int, next_at: datetime | None) -> str:
    """What waits still, and when the first of it is due."""
    waits = f"{count:,} still {'waits' if count == 1 else 'wait'}"
    return f"{waits}, the next until {_clock(next_at)}" if count and next_at else waits


def _clock(at: datetime) -> str:
    """By this machine's clock; with the day where it is not today."""
    local = at.astimezone()
    day = "" if local.date() == datetime.now(UTC).astimezone().date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M:%S}"


def status(
    issue: Annotated[str | None, typer.Argument(metavar="[ISSUE]", help="One issue; all when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Say where issues and their deliveries stand. The states sum to what was expected.

    Example: digest status social-care/2014-11 --json
    """
    from digest.storage import issues

    with opened() as house:
        with house.store.read() as connection:
            found = [issues.find(connection, issue)] if issue else issues.listed(connection)
            reports = [_report(connection, each) for each in found]
        held = {each.name: why for each in found if (why := _held_back(house, each))}
    reports = [r | ({"held_back": held[r["issue"]]} if r["issue"] in held else {}) for r in reports]
    if as_json:
        out.as_json(reports[0] if issue else reports)
        return
    if not issue:
        rows = [[r["issue"], r["state"], *_numbers(r)] for r in reports]
        columns = ("Issue", "State", "Expected", "Accepted", "Waiting", "Unknown", "Failed", "Not sent")
        out.table(columns, rows, empty="No issues yet. Make one: digest compose NEWSLETTER.")
        for why in held.values():
            out.warn(why)
        return
    stands = " and held; it goes on with: digest release" if "held_since" in reports[0] else ""
    out.say(f"{reports[0]['issue']} is {reports[0]['state']}{stands}.")
    for why in held.values():
        out.say(why)
    rows = [[key, count] for key, count in reports[0].items() if key not in _NO_COUNTS and count]
    out.table(("State", "Deliveries"), rows, empty="It has no deliveries.")
    if next_at := reports[0].get("next_at"):
        out.say(f"The next of those that wait is due at {_clock(next_at)}.")


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
    rows = [(e.email or "erased", e.state, e.tries, e.attempted_at, _answer(e)) for e in entries]
    out.table(("Reader", "State", "Tries", "Last tried", "Answer"), rows, empty="No deliveries in that state.")


def _answer(entry: "Entry") -> str | None:
    said = " ".join(str(part) for part in (entry.reply_code, entry.enhanced_code, entry.diagnostic) if part)
    return said or entry.reason or None


def _held_back(house: "House", issue: Any) -> str:
    """Why an approved issue does not go out; empty where nothing is known that keeps it."""
    from digest.errors import Problem
    from digest.flow.check import hindrances
    from digest.flow.verdict import told
    from digest.model.issue import IssueState

    if issue.state is not IssueState.APPROVED:
        return ""
    try:
        # What the scheduler goes by, which does not look again because a reader came.
        errors = hindrances(house, str(issue.id), readers_matter=False)
    except Problem as problem:
        return f"{issue.name} cannot go out. {problem}"
    return told(issue, errors) if errors else ""


def _report(connection: Any, issue: Any) -> dict[str, Any]:
    from digest.storage import ledger, outbox

    counts = outbox.counts(connection, issue.id)
    next_at = ledger.next_at(connection, issue.id) if counts[DeliveryState.QUEUED] else None
    return {
        "issue": issue.name,
        "state": issue.state,
        "expected": issue.expected or 0,
        **({"held_since": issue.held_at} if issue.held_at else {}),
        **({"next_at": next_at} if next_at and next_at > datetime.now(UTC) else {}),
        **{state.value: count for state, count in counts.items()},
    }


def _numbers(report: dict[str, Any]) -> list[int | None]:
    """How many were expected, and how they stand; nobody knows of an issue that is not out yet."""
    return [report["expected"], *_summary(report)] if report["state"] not in ("draft", "approved") else [None] * 6


def _summary(report: dict[str, Any]) -> list[int]:
    """Columns that sum to what was expected."""
    groups = (
        ("accepted", "bounced", "complained"),
        ("queued", "leased", "in_flight"),
        ("unknown",),
        ("failed",),
        ("suppressed", "cancelled", "expired"),
    )
    return [sum(report[state] for state in group) for group in groups]


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
