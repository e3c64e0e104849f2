"""Readers: add, import, export, list, show, change, confirm, pause, unsubscribe, suppress, erase."""

import csv
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened, who
from subscribers.consent import SubscriptionState
from subscribers.preferences import Preference, parse
from subscribers.suppression import EVERYWHERE, SuppressionReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from subscribers.directory import Subscription
    from subscribers.service import Subscribers
    from subscribers.transfer import Report

app = typer.Typer(help="Readers: who gets what, with whose consent.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")]
Newsletter = Annotated[str, typer.Option("--newsletter", "-n", help="The newsletter's slug.")]
AnyNewsletter = Annotated[str | None, typer.Option("--newsletter", "-n", help="One newsletter; all when left out.")]
Topics = Annotated[str | None, typer.Option(help="Topics' slugs, parted by commas, or all.")]
Often = Annotated[str | None, typer.Option(help="How often: one of the newsletter's cadences.")]


@app.command()
def add(
    email: Email,
    newsletter: Newsletter,
    topics: Topics = None,
    cadence: Often = None,
    name: Annotated[str, typer.Option(help="How to greet the reader.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag, such as en-GB.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="You vouch that the reader has said yes.")] = False,
    as_json: Json = False,
) -> None:
    """Subscribe an address; one that is subscribed is changed only where you say so.

    Example: digest subscribers add priya@example.org -n social-care --topics carers,law --confirmed
    """
    from digest.flow.enrol import add as enrol

    with opened() as house:
        held = enrol(
            house,
            email,
            newsletter,
            chosen=_chosen(topics),
            cadence=cadence,
            name=name,
            language=language,
            confirmed=confirmed,
            detail=f"by {who()}",
        )
    _print([held], as_json)


@app.command("import")
def import_readers(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with a header line.")],
    newsletter: Newsletter,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="You vouch that all have said yes.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="Their column=ours, such as 'Contact=email'; again for more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")] = False,
    refused: Annotated[Path | None, typer.Option("--refused", help="Write the refused lines into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Subscribe the readers of a CSV file (columns email, name, topics, cadence, language; topics parted by ;).

    Every line that is refused is reported with its reason; the others are taken. Imported twice is imported once.

    Example: digest subscribers import readers.csv -n social-care --confirmed --dry-run
    """
    from digest.flow.enrol import import_csv

    mapping = _mapping(columns or [])
    with opened() as house, out.progress("Readers", _lines_of(file)) as step:
        report = import_csv(
            house, file, newsletter, confirmed=confirmed, mapping=mapping, dry_run=dry_run, progress=step
        )
    if refused is not None:
        _write_refused(report, refused)
    _print_report(report, as_json, dry_run)


@app.command("export")
def export_readers(
    newsletter: AnyNewsletter = None,
    to: Annotated[Path | None, typer.Option("--to", help="A file instead of the screen.")] = None,
) -> None:
    """Write subscriptions as CSV that a spreadsheet opens as text, and that import takes.

    Example: digest subscribers export -n social-care --to readers.csv
    """
    from digest.flow.enrol import COLUMNS, exported
    from digest.storage import newsletters
    from subscribers.transfer import write

    with opened() as house, house.store.read() as connection:
        if newsletter:
            newsletters.load(connection, newsletter)
        if to is None:
            write(sys.stdout, exported(connection, newsletter), COLUMNS, lambda: None)
            return
        with to.open("w", encoding="utf-8", newline="") as file, out.progress("Readers", None) as step:
            count = write(file, exported(connection, newsletter), COLUMNS, step)
    out.say(f"{to}: {count:,} subscriptions")


@app.command("list")
def list_readers(
    newsletter: AnyNewsletter = None,
    state: Annotated[SubscriptionState | None, typer.Option(help="Only in this state.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only who has chosen this topic, or everything.")] = None,
    as_json: Json = False,
) -> None:
    """List subscriptions.

    Example: digest subscribers list --state pending
    """
    from subscribers import directory
    from subscribers.tables import newsletter as newsletters
    from subscribers.tables import subscription

    conditions = [newsletters.c.slug == newsletter] if newsletter else []
    if state:
        conditions.append(subscription.c.state == state)
    with opened() as house, house.store.read() as connection:
        found = [h for h in directory.stream(connection, *conditions) if _wants(h, topic)]
    if as_json:
        out.as_json([_as_dict(held) for held in found])
    else:
        rows = [(h.email, h.name or None, h.newsletter, h.state, h.preference, h.cadence) for h in found]
        out.table(("Address", "Name", "Newsletter", "State", "Topics", "How often"), rows, empty="No readers yet.")


@app.command()
def show(email: Email, as_json: Json = False) -> None:
    """Show all that is kept of a reader: subscriptions, consent, suppressions."""
    from subscribers import directory

    with opened() as house, house.store.read() as connection:
        held = directory.of_reader(connection, house.keys, email)
        history = directory.history(connection, held[0].subscriber_id)
        stops = directory.suppressions_of(connection, house.keys, email)
    if as_json:
        about = {"email": held[0].email, "name": held[0].name, "language": held[0].language}
        consent = [
            {"kind": r.kind, "at": r.at, "newsletter": r.newsletter, "channel": r.channel, "detail": r.detail}
            for r in history
        ]
        suppressed = [{"reason": s.reason, "scope": s.scope, "evidence": s.evidence, "at": s.at} for s in stops]
        subscriptions = [_as_dict(each) for each in held]
        out.as_json({**about, "subscriptions": subscriptions, "suppressions": suppressed, "consent": consent})
        return
    _print(held, False)
    for stop in stops:
        out.say(f"Suppressed {stop.at:%Y-%m-%d}, {stop.reason}, for {stop.scope}: {stop.evidence or 'no evidence'}")
    for record in history:
        out.say(f"{record.at:%Y-%m-%d %H:%M} {record.kind} {record.newsletter} by {record.channel} {record.detail}")


@app.command()
def change(
    email: Email, newsletter: Newsletter, topics: Topics = None, cadence: Often = None, as_json: Json = False
) -> None:
    """Change a subscription's topics or frequency; counts from the next issue.

    Example: digest subscribers change priya@example.org -n social-care --topics mental-health
    """
    from digest.flow.enrol import must_be_known, rules_of
    from subscribers import directory

    with _people() as (people, house, connection):
        rules, _ = rules_of(connection, newsletter)
        held = _of(directory.of_reader(connection, house.keys, email), newsletter)
        chosen = _chosen(topics) or held.preference
        must_be_known(chosen, cadence, rules)
        people.choose(held, chosen=chosen, cadence=cadence or held.cadence)
        after = directory.of_reader(connection, house.keys, email)
    _print(after, as_json)


@app.command()
def confirm(email: Email, newsletter: AnyNewsletter = None, as_json: Json = False) -> None:
    """Take a reader's yes that reached you another way: what is pending becomes active."""
    with _people() as (people, _, _connection):
        held = people.confirm(email, newsletter, detail=f"by {who()}")
    _print(held, as_json)


@app.command()
def pause(
    email: Email,
    newsletter: Newsletter,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it goes on, such as 2027-01-31.")],
    as_json: Json = False,
) -> None:
    """Send nothing until a day; what is new meanwhile comes after it."""
    from subscribers import directory

    with _people() as (people, house, connection):
        at = until.astimezone() if until.tzinfo else until.replace(tzinfo=house.clock.now().tzinfo)
        if at <= house.clock.now() + timedelta(hours=1):
            raise typer.BadParameter("that day has come already")
        people.pause(_of(directory.of_reader(connection, house.keys, email), newsletter), at)
        held = directory.of_reader(connection, house.keys, email)
    _print(held, as_json)


@app.command()
def resume(email: Email, newsletter: Newsletter, as_json: Json = False) -> None:
    """End a pause early."""
    from subscribers import directory

    with _people() as (people, house, connection):
        people.resume(_of(directory.of_reader(connection, house.keys, email), newsletter))
        held = directory.of_reader(connection, house.keys, email)
    _print(held, as_json)


@app.command()
def unsubscribe(email: Email, newsletter: AnyNewsletter = None, as_json: Json = False) -> None:
    """End a reader's subscription, or all of them. What is still queued does not go out."""
    with _people() as (people, _, _connection):
        held = people.unsubscribe(email, newsletter, detail=f"by {who()}")
    _print(held, as_json)


@app.command()
def suppress(
    email: Email,
    newsletter: AnyNewsletter = None,
    reason: Annotated[SuppressionReason, typer.Option(help="Why.")] = SuppressionReason.ADMIN,
    evidence: Annotated[str, typer.Option(help="What it rests on.")] = "",
    lift: Annotated[str | None, typer.Option(help="Lift it instead, for this reason.")] = None,
) -> None:
    """Let nothing go to an address from now on, known or not; or lift that.

    Example: digest subscribers suppress joe@example.org --reason requested --evidence "letter of 3 May"
    """
    scope = newsletter or EVERYWHERE
    with _people() as (people, _, _connection):
        if lift is None:
            people.suppress(email, reason, scope=scope, evidence=evidence or f"by {who()}")
            out.say(f"{email} gets nothing any more.")
        else:
            lifted = people.lift(email, scope=scope, because=f"{lift} (by {who()})")
            out.say(f"{email} is {'no longer' if lifted else 'not'} suppressed.")


@app.command()
def erase(email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False) -> None:
    """Forget a reader for good. A keyed hash stays so that no import brings the address back."""
    from digest.flow.purge import erase as forget

    if not yes:
        typer.confirm(f"Forget {email} for good?", abort=True)
    with opened() as house:
        forget(house, email, channel="command")
    out.say("Forgotten.")


@contextmanager
def _people() -> "Iterator[tuple[Subscribers, Any, Any]]":
    from digest.flow.enrol import people

    with opened() as house, house.store.write() as connection:
        yield people(house, connection), house, connection


def _of(held: "list[Subscription]", newsletter: str) -> "Subscription":
    from subscribers.errors import UnknownReader

    for each in held:
        if each.newsletter == newsletter:
            return each
    raise UnknownReader(f"{held[0].email} is not subscribed to {newsletter}.")


def _chosen(topics: str | None) -> Preference | None:
    return None if topics is None else parse(topics)


def _wants(held: "Subscription", topic: str | None) -> bool:
    return topic is None or held.preference.topics is None or topic in held.preference.topics


def _mapping(columns: list[str]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    for theirs, sign, ours in pairs:
        if not (theirs and sign and ours in ("email", "name", "topics", "cadence", "language")):
            raise typer.BadParameter(f"“{theirs}{sign}{ours}” is not like 'Contact=email'", param_hint="--map")
    return {theirs: ours for theirs, _, ours in pairs}


def _lines_of(file: Path) -> int | None:
    """How many readers the bar may expect; a line break within quotes makes it one too many, which does no harm."""
    try:
        with file.open("rb") as lines:
            return max(0, sum(chunk.count(b"\n") for chunk in iter(lambda: lines.read(1 << 20), b"")) - 1)
    except OSError:
        return None


def _write_refused(report: "Report", path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "email", "reason"))
        writer.writerows((r.line, r.email, r.reason) for r in report.refused)


def _print_report(report: "Report", as_json: bool, dry_run: bool) -> None:
    if as_json:
        refused = [{"line": r.line, "email": r.email, "reason": r.reason} for r in report.refused]
        counts = {"added": report.added, "changed": report.changed, "unchanged": report.unchanged}
        out.as_json({**counts, "refused": refused, "dry_run": dry_run})
        return
    for refusal in report.refused:
        out.warn(f"line {refusal.line}: {refusal.email or 'no address'}: {refusal.reason}")
    done = "would be" if dry_run else "were"
    out.say(
        f"{report.added:,} {done} added, {report.changed:,} changed, {report.unchanged:,} unchanged, "
        f"{len(report.refused):,} refused."
    )


def _print(held: "list[Subscription]", as_json: bool) -> None:
    if as_json:
        out.as_json([_as_dict(each) for each in held] if len(held) != 1 else _as_dict(held[0]))
        return
    for each in held:
        until = f" until {each.paused_until:%Y-%m-%d}" if each.paused_until else ""
        out.say(f"{each.email}: {each.newsletter}, {each.state}{until}, {each.preference}, {each.cadence}")


def _as_dict(held: "Subscription") -> dict[str, Any]:
    topics = held.preference.topics
    return {
        "email": held.email,
        "name": held.name,
        "newsletter": held.newsletter,
        "state": held.state,
        "topics": "all" if topics is None else sorted(topics),
        "cadence": held.cadence,
        "language": held.language,
        "confirmed_at": held.confirmed_at,
        "paused_until": held.paused_until,
        "ended_at": held.ended_at,
        "end_reason": held.end_reason,
    }
