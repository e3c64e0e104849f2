"""Readers: add, import, export, list, show."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import consents, out
from digest.cli.house import opened, who
from digest.cli.subscriptions import (
    AnyNewsletter,
    Email,
    Json,
    Newsletter,
    Often,
    Topics,
    as_dict,
    chosen_topics,
    print_subscriptions,
    warn_of_language,
)
from subscribers.consent import SubscriptionState
from subscribers.suppression import EVERYWHERE

if TYPE_CHECKING:
    from subscribers.directory import Subscription
    from subscribers.transfer import Report

app = typer.Typer(help="Readers: who gets what, with whose consent.", no_args_is_help=True)
consents.add_to(app)


@app.command()
def add(
    email: Email,
    newsletter: Newsletter,
    topics: Topics = None,
    cadence: Often = None,
    name: Annotated[str, typer.Option(help="How to greet the reader.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag, such as en-GB.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="You vouch that the reader has said yes.")] = False,
    letter: Annotated[
        bool, typer.Option("--letter/--no-letter", help="Without --confirmed: ask them by mail whether they say yes.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Subscribe an address; one that is subscribed is changed only where you say so.

    Without --confirmed a letter asks them for their yes, as after a sign-up on the page; nothing else comes before it.

    Example: digest subscribers add priya@example.org -n social-care --topics carers,law --confirmed
    """
    from digest.flow.enrol import add as enrol
    from digest.flow.invite import invite

    with opened() as house:
        held = enrol(
            house,
            email,
            newsletter,
            chosen=chosen_topics(topics),
            cadence=cadence,
            name=name,
            language=language,
            confirmed=confirmed,
            detail=f"by {who()}",
        )
        warn_of_language(house, language)
        with house.store.write() as connection:
            asked = letter and invite(house, connection, held)
    print_subscriptions([held], as_json)
    if asked and not as_json:
        out.say("A letter that asks for their yes goes out with the next delivery.")


@app.command("import")
def import_readers(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with a header line.")],
    newsletter: Newsletter,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="You vouch that all have said yes.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="Their column=ours, such as 'Contact=email'; again for more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")] = False,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write the refused lines into this file, to mend and import.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Subscribe the readers of a CSV file (columns email, name, topics, cadence, language; topics parted by ;).

    Every line that is refused is reported with its reason; the others are taken. Imported twice is imported once.

    Example: digest subscribers import readers.csv -n social-care --confirmed --dry-run
    """
    from digest.flow.enrol import import_csv
    from subscribers.transfer import write_refused

    mapping = _mapping(columns or [])
    if refused is not None:
        if refused.resolve() == file.resolve():
            raise typer.BadParameter("it is the file that is imported; name another", param_hint="--refused")
        refused.touch()  # a place that cannot be written is told before anything is done
    with opened() as house, out.progress("Readers", _lines_of(file)) as step:
        report = import_csv(
            house, file, newsletter, confirmed=confirmed, mapping=mapping, dry_run=dry_run, progress=step
        )
    if refused is not None:
        write_refused(refused, report)
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
        # For its owner's eyes, and never over another file.
        to.touch(mode=0o600, exist_ok=False)
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
    from digest.storage.newsletters import load, must_have_topic
    from subscribers import directory
    from subscribers.tables import newsletter as newsletters
    from subscribers.tables import subscription

    conditions = [newsletters.c.slug == newsletter] if newsletter else []
    if state:
        conditions.append(subscription.c.state == state)
    with opened() as house, house.store.read() as connection:
        if newsletter:
            load(connection, newsletter)
        if topic:
            must_have_topic(connection, topic)
        found = [h for h in directory.stream(connection, *conditions) if _wants(h, topic)]
    if as_json:
        out.as_json([as_dict(held) for held in found])
    else:
        rows = [
            (h.email, h.name or None, h.language or None, h.newsletter, h.state, h.preference, h.cadence) for h in found
        ]
        columns = ("Address", "Name", "Language", "Newsletter", "State", "Topics", "How often")
        out.table(columns, rows, empty="No readers yet.")


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
        subscriptions = [as_dict(each) for each in held]
        out.as_json({**about, "subscriptions": subscriptions, "suppressions": suppressed, "consent": consent})
        return
    out.say(f"{held[0].email}: {held[0].name or 'no name'}, {_language(held[0].language)}")
    print_subscriptions(held, False)
    for stop in stops:
        scope = "all newsletters" if stop.scope == EVERYWHERE else stop.scope
        out.say(f"Suppressed {stop.at:%Y-%m-%d}, {stop.reason}, for {scope}: {stop.evidence or 'no evidence'}")
    for record in history:
        out.say(f"{record.at:%Y-%m-%d %H:%M} {record.kind} {record.newsletter} by {record.channel} {record.detail}")


def _language(tag: str) -> str:
    return f"reads {tag}" if tag else "each newsletter's own language"


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
