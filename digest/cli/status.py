"""Status: where issues and their deliveries stand, and what keeps them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import live, out
from digest.cli.house import opened
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from digest.flow.house import House
    from digest.flow.standing import Standing
    from digest.model.issue import Issue
    from digest.storage.troubles import Trouble

#: What a report of an issue says beside its counts.
_NO_COUNTS = frozenset(
    {"issue", "state", "held_back", "held_since", "next_at", "last_at", "opens_at", "restored", "troubles"}
)
#: Deliveries that are due within so short a time are due together.
_TOGETHER = timedelta(minutes=1)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(
    issue: Annotated[str | None, typer.Argument(metavar="[ISSUE]", help="One issue; all when left out.")] = None,
    as_json: Json = False,
    watched: Annotated[
        bool, typer.Option("--watch", help="Keep looking until nothing is on its way any more; Ctrl-C ends it.")
    ] = False,
) -> None:
    """Say where issues and their deliveries stand. The states sum to what was expected.

    Example: digest status social-care/2014-11 --json
    """
    from digest.flow import restored
    from digest.flow.standing import standings

    if watched:
        if as_json:
            raise typer.BadParameter("--watch is for people; a program asks with --json again and again.")
        with opened() as house:
            live.watch(house, issue)
        return

    with opened() as house:
        with house.store.read() as connection:
            words = restored.words(connection)
        found = standings(house, issue)
        held_back = {each.issue.name: _held_back(house, each.issue) for each in found}
    reports = [_report(each, held_back[each.issue.name]) | ({"restored": words} if words else {}) for each in found]
    if words and not as_json:
        out.warn(words)
    if as_json:
        out.as_json(reports[0] if issue else reports)
    elif issue:
        _tell_one(found[0], reports[0])
    else:
        _tell_all(found, reports)


def _tell_all(found: "list[Standing]", reports: list[dict[str, Any]]) -> None:
    from digest.flow.standing import hindered, told

    rows = [[r["issue"], r["state"], *_numbers(r)] for r in reports]
    columns = ("Issue", "State", "Expected", "Accepted", "Waiting", "Unknown", "Failed", "Not sent")
    out.table(columns, rows, empty="No issues yet. Make one: digest compose NEWSLETTER.")
    for report in reports:
        if "held_since" in report:
            out.warn(f"{report['issue']} is held; it goes on with: digest release {report['issue']}.")
        if "held_back" in report:
            out.warn(report["held_back"])
    for closed in hindered(found):
        out.warn(closed.words)
    for trouble in next((each.troubles for each in found if each.troubles), ()):
        out.warn(told(trouble))


def _tell_one(standing: "Standing", report: dict[str, Any]) -> None:
    from digest.flow.standing import told

    stands = " and held; it goes on with: digest release" if "held_since" in report else ""
    out.say(f"{report['issue']} is {report['state']}{stands}.")
    if "held_back" in report:
        out.say(report["held_back"])
    rows = [[key, count] for key, count in report.items() if key not in _NO_COUNTS and count]
    out.table(("State", "Deliveries"), rows, empty="It has no deliveries.")
    if standing.closed:
        out.say(standing.closed.words)
    for trouble in standing.troubles:
        out.say(told(trouble))
    if "next_at" in report:
        out.say(f"The next of those that wait is due at {out.clock(report['next_at'])}.")
    if report.get(DeliveryState.UNKNOWN.value):
        out.say(f"What to do about doubts: digest unknown list {report['issue']}")
    if "last_at" in report:
        out.say(f"The last of them is due at {out.clock(report['last_at'])}.")


def _held_back(house: "House", issue: "Issue") -> str:
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


def _report(standing: "Standing", held_back: str) -> dict[str, Any]:
    issue = standing.issue
    return {
        "issue": issue.name,
        "state": issue.state,
        "expected": issue.expected or 0,
        **({"held_back": held_back} if held_back else {}),
        **({"held_since": issue.held_at} if issue.held_at else {}),
        **_times(standing),
        **({"troubles": [_trouble(each) for each in standing.troubles]} if standing.troubles else {}),
        **{state.value: count for state, count in standing.counts.items()},
    }


def _trouble(trouble: "Trouble") -> dict[str, Any]:
    keys = ("transport", "what", "remedy", "since", "failures", "next_try_at")
    return {key: getattr(trouble, key) for key in keys}


def _times(standing: "Standing") -> dict[str, datetime]:
    """When those that wait go on."""
    told = {"opens_at": standing.closed.opens_at} if standing.closed else {}
    if standing.due:
        first, last = standing.due
        now = datetime.now(UTC)
        told |= {"next_at": first} if first > now else {}
        told |= {"last_at": last} if last > max(first, now) + _TOGETHER else {}
    return told


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
