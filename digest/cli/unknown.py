"""Unknown: deliveries of which nobody knows whether they arrived, and those that failed."""

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.house import opened, who
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from digest.flow.doubts import Decided

app = typer.Typer(
    no_args_is_help=True,
    help="Deliveries whose connection ended between the final dot and the answer: they may have arrived or not.",
)
Issue = Annotated[str, typer.Argument(metavar="ISSUE", help="Such as social-care/2014-11, or its number.")]
To = Annotated[list[str] | None, typer.Option("--to", help="Only to this address; again for more.")]
By = Annotated[str, typer.Option(help="Whose word it is, for the record; who is logged in when left out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say whom it would be about.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(main: typer.Typer) -> None:
    """Add `digest resend`."""
    main.command()(resend)


@app.command("list")
def listed(
    issue: Annotated[str | None, typer.Argument(metavar="[ISSUE]", help="One issue; all when left out.")] = None,
    as_json: Json = False,
) -> None:
    """List the doubts, with what the mail server's log would have to show.

    Example: digest unknown list social-care/2026-11
    """
    from digest.storage import issues, ledger

    with opened() as house, house.store.read() as connection:
        found = [issues.find(connection, issue)] if issue else issues.listed(connection)
        doubts = [(each, e) for each in found for e in ledger.entries(connection, each.id, DeliveryState.UNKNOWN)]
    told = [
        {
            "issue": each.name,
            "delivery": f"{each.id}.{entry.id}",
            "email": entry.email,
            "tries": entry.tries,
            "attempted_at": entry.attempted_at,
            "reason": entry.reason,
        }
        for each, entry in doubts
    ]
    if as_json:
        out.as_json(told)
        return
    rows = [(t["issue"], t["delivery"], t["email"] or "erased", t["attempted_at"], t["reason"]) for t in told]
    out.table(("Issue", "X-Digest-Delivery", "Reader", "Last tried", "Why"), rows, empty="Nothing is in doubt.")


@app.command("resend")
def resend_unknown(issue: Issue, to: To = None, by: By = "", dry_run: DryRun = False, as_json: Json = False) -> None:
    """Send doubtful deliveries once more. A reader whose message did arrive gets it twice.

    Example: digest unknown resend social-care/2026-11 --to priya@example.org
    """
    _resend(issue, DeliveryState.UNKNOWN, to, by, dry_run, as_json)


@app.command()
def settle(
    issue: Issue,
    arrived: Annotated[
        bool, typer.Option("--arrived", help="The mail server's log, or the reader, says that they came.")
    ] = False,
    lost: Annotated[bool, typer.Option("--lost", help="They did not come.")] = False,
    to: To = None,
    by: By = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Close doubts without sending anything: they arrived, or they were lost.

    What was lost is offered to its reader again in the next issue, or sent before that by: digest resend.

    Example: digest unknown settle social-care/2026-11 --arrived
    """
    from digest.flow.doubts import settle as close

    if arrived == lost:
        raise typer.BadParameter("choose one of --arrived and --lost")
    with opened() as house:
        decided = close(house, issue, arrived=arrived, to=to or (), by=by or who(), dry_run=dry_run)
    _tell(decided, "counted as arrived" if arrived else "given up as lost", dry_run, as_json)


def resend(issue: Issue, to: To = None, by: By = "", dry_run: DryRun = False, as_json: Json = False) -> None:
    """Try once more what of an issue has failed, after the reason was mended. Nobody gets it twice: whom a later issue
    has brought some of it meanwhile is passed over.

    Example: digest resend social-care/2026-11 --to priya@example.org
    """
    _resend(issue, DeliveryState.FAILED, to, by, dry_run, as_json)


def _resend(issue: str, state: DeliveryState, to: list[str] | None, by: str, dry_run: bool, as_json: bool) -> None:
    from digest.flow.doubts import resend as send_again

    with opened() as house:
        decided = send_again(house, issue, state, to=to or (), by=by or who(), dry_run=dry_run)
    _tell(decided, "queued again", dry_run, as_json)
    if decided.passed_over and not as_json:
        readers = out.counted(len(decided.passed_over), "reader")
        out.say(f"{readers} passed over, as a later issue has brought them some of it.")
    if decided.gone and not as_json:
        readers = out.counted(len(decided.gone), "reader")
        out.say(f"{readers} passed over, as they have left, paused or are suppressed.")


def _tell(decided: "Decided", what: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        emails = {
            "emails": list(decided.emails),
            "passed_over": list(decided.passed_over),
            "gone": list(decided.gone),
        }
        out.as_json({"issue": decided.issue.name, **emails, "dry_run": dry_run})
        return
    count = out.counted(len(decided.emails), "delivery", "deliveries")
    out.say(f"{decided.issue.name}: {count} {'would be ' if dry_run else ''}{what}.")
