"""Checking: check, what an editor should know of an issue before it goes out."""

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened
from digest.model.finding import Finding, Severity

if TYPE_CHECKING:
    from digest.flow.check import Checked

_HEADINGS = {
    Severity.ERROR: "Errors: it does not go out with them",
    Severity.WARNING: "Warnings: somebody should look",
    Severity.NOTE: "Notes",
}


def add_to(app: typer.Typer) -> None:
    """Add `digest check`."""
    app.command()(check)


def check(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="Such as social-care/2014-11, or its number.")],
    links: Annotated[
        bool, typer.Option("--links/--no-links", help="Ask the pages that the letters link to whether they are there.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what must not go out: dead links, letters too long for Gmail, what was left to be filled in, and more.

    Sends nothing. Exit code 1 where there is an error that nobody has overruled.

    Example: digest check social-care/2014-11
    """
    from digest.flow.check import check as look

    with opened() as house, ExitStack() as stack:
        done = look(house, issue, links=links, progress=_Bar(stack))
    if as_json:
        out.as_json(_json(done))
    else:
        _print(done)
    if done.errors:
        raise typer.Exit(1)


class _Bar:
    """A progress bar that is drawn once it is known how many links there are."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._step: out.Step | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._step is None:
            self._step = self._stack.enter_context(out.progress("Asking links", total))
        if done:
            self._step()


def _print(done: "Checked") -> None:
    let_go = {each.check: each for each in done.overruled}
    for severity, heading in _HEADINGS.items():
        found = [f for f in done.findings if f.severity is severity]
        if found:
            out.say(f"{heading}\n")
        for finding in found:
            by = let_go.get(finding.check) if severity is Severity.ERROR else None
            out.say(f"  {finding.check}: {_line(finding.place)}{f' (overruled by {by.by})' if by else ''}")
            out.say(f"      {_line(finding.what)}")
            out.say(f"      {_line(finding.remedy)}\n")
    _print_facts(done)


def _print_facts(done: "Checked") -> None:
    letters = done.letters
    unknown = done.links - done.links_known
    asked = f", {unknown:,} of them not asked" if unknown else ""
    out.say(
        f"{out.counted(letters.readers, 'reader')}, {out.counted(letters.count, 'different letter')}, "
        f"the longest {done.largest:,} bytes; {out.counted(done.links, 'link')} to others{asked}."
    )
    for each in (*letters.without, *letters.unwritten):
        out.say(f"{out.counted(each.readers, 'reader')} without a letter: {each.why[:1].lower()}{each.why[1:]}.")
    counts = [sum(f.severity is severity for f in done.findings) for severity in Severity]
    out.say(
        f"{done.issue.name}: {out.counted(counts[0], 'error')}, {out.counted(counts[1], 'warning')}, "
        f"{out.counted(counts[2], 'note')}. {_verdict(done)}"
    )


def _verdict(done: "Checked") -> str:
    from digest.flow.verdict import how_to_let_go
    from digest.model.issue import FROZEN

    if done.issue.state in FROZEN:
        return f"It is {done.issue.state}."
    if done.errors:
        return how_to_let_go(done.issue, done.errors).partition(". ")[2] + "."
    return "It may go out."


def _json(done: "Checked") -> dict[str, Any]:
    let_go = {each.check for each in done.overruled}
    letters = done.letters
    return {
        "issue": done.issue.name,
        "state": done.issue.state,
        "may_go_out": not done.errors,
        "findings": [_finding(each, let_go) for each in done.findings],
        "overruled": [asdict(each) for each in done.overruled],
        "readers": letters.readers,
        "variants": letters.count,
        "largest": done.largest,
        "without": [{"why": each.why, "readers": each.readers} for each in (*letters.without, *letters.unwritten)],
        "links": done.links,
        "links_known": done.links_known,
    }


def _finding(finding: Finding, let_go: set[str]) -> dict[str, Any]:
    return {**asdict(finding), "overruled": finding.severity is Severity.ERROR and finding.check in let_go}


def _line(text: str) -> str:
    """On one line: places and addresses were written by others."""
    return " ".join(text.split())
