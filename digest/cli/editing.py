"""Editing: compose, preview, explain, approve, publish, hold, cancel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.house import opened, settings, who
from digest.errors import Again, Problem
from digest.model.issue import Issue, IssueState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.flow.house import House
    from digest.model.finding import Finding

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="ISSUE", help="Such as social-care/2014-11, or its number.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (compose, preview, explain, approve, reopen, publish, cancel, hold, release):
        app.command()(command)


def compose(
    newsletter: Annotated[str, typer.Argument(help="The newsletter's slug.")],
    period: Annotated[str | None, typer.Option(help="Such as 2026-11; the present one when left out.")] = None,
    cadence: Annotated[str | None, typer.Option(help="daily, weekly, monthly, quarterly; the usual one else.")] = None,
    as_json: Json = False,
) -> None:
    """Make the draft issue of a period. Composed twice is composed once.

    Example: digest compose social-care --period 2014-11
    """
    from digest.flow.compose import compose as make
    from digest.flow.freeze import offered
    from digest.storage.sources import failing as failing_sources

    with opened() as house:
        issue, is_new = make(house, newsletter, period_key=period, cadence=cadence)
        with house.store.read() as connection:
            failing = failing_sources(connection, newsletter)
            pieces = out.counted(offered(connection, issue, now=house.clock.now()), "piece")
    if failing:
        out.warn(f"Not read lately: {', '.join(failing)}. See: digest sources list --failing.")
    stands = "a new draft" if is_new else f"there already, {issue.state}"
    if issue.state is IssueState.DRAFT:
        stands += f", with {pieces} to choose from. See it: digest preview {issue.name}"
    print_issue(issue, as_json, f"{issue.name}: {stands}.")


def preview(
    issue: Name,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the page is served; 0 for any free port.")] = 8351,
    files: Annotated[Path | None, typer.Option("--out", help="Write files into this folder, serve nothing.")] = None,
    most: Annotated[int, typer.Option(min=0, help="With --out: write so many different letters at most.")] = 100,
    to: Annotated[str | None, typer.Option("--send-test", help="Send a test to this address, serve nothing.")] = None,
    reader: Annotated[str | None, typer.Option("--as", help="With --send-test: as this reader gets it.")] = None,
    browse: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
) -> None:
    """Open a local page with the issue as any reader gets it. Writes nothing. Ctrl-C ends it.

    Example: digest preview social-care/2014-11 --send-test editor@example.org --as priya@example.org
    """
    if reader and not to:
        raise typer.BadParameter("--as goes with --send-test")
    with opened() as house:
        if to is not None:
            _send_test(house, issue, to, reader)
        elif files is not None:
            _write_preview(house, issue, files, most)
        else:
            from digest.bootstrap import open_house
            from digest.web import preview as page

            page.serve(
                house,
                issue,
                port=port,
                ready=lambda url: _show(url, browse),
                folder=Path.cwd(),
                reopen=lambda: open_house(settings()),
                check=_findings,
            )


def _findings(house: "House", issue: str) -> "Sequence[Finding]":
    """What `digest check` finds without asking the network."""
    from digest.flow.check import check

    return check(house, issue, links=False).findings


def _send_test(house: "House", issue: str, to: str, reader: str | None) -> None:
    from digest.flow import preview as previews
    from digest.flow.proof import proof, send

    with house.store.read() as connection:
        seen = previews.preview(house, connection, issue)
        thought_of = previews.reader_of_topics(seen.issue)
        who = previews.reader_named(house, connection, seen.issue, reader) if reader else thought_of
        ready = proof(house, connection, seen, who, to)
    sent = send(house, ready)
    if not sent.accepted:
        raise Again(sent.told, remedy="Nothing else was sent. Mend that, then try again.")
    out.say(sent.told)
    if sent.by == "folder":
        out.say(f"It lies in {house.settings.mail.folder.path}/.")


def _write_preview(house: "House", issue: str, folder: Path, most: int) -> None:
    from digest.web.preview_files import write_files

    with out.progress("Writing", None) as step:
        found = _findings(house, issue)
        count = write_files(house, issue, folder, most=most, findings=found, site=Path.cwd(), progress=step)
    out.say(f"{out.counted(count, 'file')} in {folder}; begin with {folder / 'index.html'}")


def explain(
    email: Annotated[str, typer.Argument(help="The reader's address.")], issue: Name, as_json: Json = False
) -> None:
    """Say why a reader gets each item of an issue, and why not the others.

    Example: digest explain priya@example.org social-care/2014-11
    """
    from digest.flow.explain import explain as reasons

    with opened() as house:
        found = reasons(house, email, issue)
    if as_json:
        keys = ("item_id", "title", "topics", "under", "included", "reason")
        items = [{key: getattr(i, key) for key in keys} for i in found.items]
        about = {"issue": found.issue.name, "email": found.email, "topics": found.chosen, "delivery": found.delivery}
        out.as_json({**about, "catches_up_from": found.away or None, "items": items})
        return
    out.say(f"{found.email} has chosen {found.chosen}; {found.issue.name}: {found.delivery}.")
    if found.away:
        out.say(f"It is the first after a pause, and reaches back to what was new on {found.away}.")
    rows = [("yes" if i.included else "no", i.title, i.topics, i.reason) for i in found.items]
    out.table(("In it", "Title", "Topics", "Because"), rows, empty="No item is near this period.")


def approve(
    issue: Name,
    overrule: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Let go what this check found; may be given again.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; whoever is logged in else.")] = None,
    as_json: Json = False,
) -> None:
    """Let a draft go out; `digest publish` then freezes it, unless checks find an error that nobody has overruled.

    Example: digest approve social-care/2014-11 --overrule dead-link --by Ruth
    """
    from digest.flow.approve import approve as let_go

    with opened() as house:
        done = let_go(house, issue, by=by or who(), overrule=overrule or ())
        waits = done.state is IssueState.APPROVED and not _warn(house, done)
    until = ", but it does not go out until that is mended or overruled" if waits else ""
    print_issue(done, as_json, f"{done.name} is {done.state}{until}.")


def _warn(house: "House", issue: Issue) -> bool:
    """What would keep it from going out, and that nobody would get anything, told while somebody looks.

    Returns whether it may go out.
    """
    from digest.cli.checking import say_findings
    from digest.flow.check import prospects
    from digest.flow.prospect import of_nothing
    from digest.flow.verdict import told

    try:
        verdict, errors = prospects(house, str(issue.id))
        nothing = of_nothing(house, issue, verdict)
    except Problem as problem:
        out.warn(f"It cannot go out yet. {problem}")
        return False
    if errors:
        say_findings(errors, tell=out.warn)
        out.warn(told(issue, errors))
    if nothing:
        out.warn(nothing)
    return not errors


def reopen(issue: Name, as_json: Json = False) -> None:
    """Make an approved issue a draft again."""
    from digest.flow.approve import reopen as take_back

    with opened() as house:
        done = take_back(house, issue)
    print_issue(done, as_json, f"{done.name} is {done.state}.")


def publish(issue: Name, as_json: Json = False) -> None:
    """Freeze an approved issue and fill the outbox for its readers. Published twice is published once.

    Example: digest publish social-care/2026-11
    """
    from digest.flow.publish import publish as freeze

    with opened() as house:
        done = freeze(house, issue)
    if as_json:
        about = {"issue": done.issue.name, "state": done.issue.state, "expected": done.issue.expected}
        out.as_json({**about, "readers": done.readers, "nothing_new": done.without, "variants": done.variants})
        return
    print_issue(
        done.issue,
        False,
        f"{done.issue.name} is {done.issue.state}: {out.counted(done.readers, 'reader')}, "
        f"{out.counted(done.variants, 'different letter')}; nothing new for {out.counted(done.without, 'reader')}.",
    )


def cancel(issue: Name, as_json: Json = False) -> None:
    """Stop an issue for good. What has not been handed over does not go out. To stop it for a while: digest hold.

    Example: digest cancel social-care/2026-11
    """
    from digest.flow.approve import cancel as stop

    with opened() as house:
        done, stopped = stop(house, issue)
    print_issue(done, as_json, f"{done.name} is cancelled; {out.counted(stopped, 'delivery', 'deliveries')} stopped.")


def hold(issue: Name, as_json: Json = False) -> None:
    """Stop an issue while it is going out. What is in flight finishes; the rest waits until you release it.

    Example: digest hold social-care/2026-11
    """
    from digest.flow.hold import hold as stop

    with opened() as house:
        held = stop(house, issue)
    print_issue(
        held, as_json, f"{held.name} is held; nothing more of it leaves. Let it go on: digest release {held.name}"
    )


def release(issue: Name, as_json: Json = False) -> None:
    """Let a held issue go on with exactly the rest.

    Example: digest release social-care/2026-11
    """
    from digest.flow.hold import is_old_news
    from digest.flow.hold import release as let_go

    with opened() as house:
        released = let_go(house, issue)
        old, hours = is_old_news(house, released), house.settings.delivery.expire_hours
    print_issue(released, as_json, f"{released.name} goes on.")
    if old and not as_json:
        out.warn(f"What of it has waited more than {hours:g} hours (delivery.expire_hours) will not go out any more.")


def print_issue(issue: Issue, as_json: bool, line: str) -> None:
    """What became of an issue, for a program or a person."""
    if as_json:
        out.as_json({"issue": issue.name, "state": issue.state, "id": issue.id, "number": issue.number})
    else:
        out.say(line)


def _show(url: str, browse: bool) -> None:
    out.say(f"The preview is at {url} (Ctrl-C ends it).")
    if browse and out.console.is_terminal:
        typer.launch(url)
