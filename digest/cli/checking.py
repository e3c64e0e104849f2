"""Checking: check, what an editor should know of an issue before it goes out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened
from digest.model.finding import Finding, Severity

if TYPE_CHECKING:
    from digest.flow.check import Checked
    from digest.storage.overrules import Overruled

    _Listed = tuple[Finding, Overruled | None]

Tell = Callable[[str], None]

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

    Sends nothing. What came of asking for a link is believed for a day; one that nobody could be asked for is asked
    again after ten minutes.

    Exit codes: 0 it may go out, also where somebody has overruled an error; 1 there is an error that nobody has
    overruled, or it could not be looked at; 2 wrong usage.

    Examples:

      digest check social-care/2014-11

      digest check social-care/2014-11 --no-links

      digest check social-care/2014-11 --json | jq ".findings[].what"
    """
    from digest.flow.check import check as look

    with opened() as house, Bar() as bar:
        done = look(house, issue, links=links, folder=Path.cwd(), progress=bar)
    if as_json:
        out.as_json(_json(done))
    else:
        _print(done)
    if done.errors:
        raise typer.Exit(1)


class Bar:
    """A progress bar for one thing after the other, each drawn once it is known how long it is."""

    def __init__(self) -> None:
        self._drawn = ExitStack()
        self._what = ""
        self._done = 0
        self._step: out.Step | None = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._drawn.close()

    def __call__(self, what: str, done: int, total: int) -> None:
        """So much of it is done."""
        if self._step is None or what != self._what:
            self._drawn.close()
            self._what, self._done = what, 0
            self._step = self._drawn.enter_context(out.progress(what, total))
        if done > self._done:
            self._step(done - self._done)
            self._done = done


def say_findings(findings: Iterable[Finding], overruled: "Iterable[Overruled]" = (), tell: Tell = out.say) -> None:
    """The findings, worst first, each with its place and what to do; those that somebody let go with who and when."""
    let_go = {each.check: each for each in overruled}
    listed = [(f, let_go.get(f.check) if f.severity is Severity.ERROR else None) for f in findings]
    for heading, found in _grouped(listed):
        if found:
            tell(f"{heading}\n")
        for finding, by in found:
            tell(f"  {finding.check}: {_line(finding.place)}")
            tell(f"      {_line(finding.what)}")
            tell(f"      {f'Overruled by {by.by}, {by.at:%Y-%m-%d %H:%M} UTC.' if by else _line(finding.remedy)}\n")


def _grouped(listed: Sequence["_Listed"]) -> Iterator[tuple[str, list["_Listed"]]]:
    yield _HEADINGS[Severity.ERROR], [each for each in listed if each[0].severity is Severity.ERROR and not each[1]]
    yield "Overruled: it goes out with them", [each for each in listed if each[1]]
    for severity in (Severity.WARNING, Severity.NOTE):
        yield _HEADINGS[severity], [each for each in listed if each[0].severity is severity]


def _print(done: "Checked") -> None:
    say_findings(done.findings, done.overruled)
    _print_let_go(done)
    _print_facts(done)


def _print_let_go(done: "Checked") -> None:
    """What somebody let go that is found no more, such as a link that was dead when the issue went out."""
    found = {each.check for each in done.findings if each.severity is Severity.ERROR}
    let_go = [each for each in done.overruled if each.check not in found]
    if let_go:
        out.say("Overruled when it was approved, and not found now\n")
    for each in let_go:
        out.say(f"  {each.check}")
        for line in each.what.splitlines():
            out.say(f"      {_line(line)}")
        out.say(f"      Overruled by {each.by}, {each.at:%Y-%m-%d %H:%M} UTC.\n")


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
    let_go = counts[0] - len(done.errors)
    beside = f" ({let_go:,} of them overruled)" if let_go else ""
    out.say(
        f"{done.issue.name}: {out.counted(counts[0], 'error')}{beside}, {out.counted(counts[1], 'warning')}, "
        f"{out.counted(counts[2], 'note')}. {_verdict(done)}"
    )


def _verdict(done: "Checked") -> str:
    from digest.flow.verdict import how_to_let_go
    from digest.model.issue import FROZEN

    if done.issue.state in FROZEN:
        return f"It is {done.issue.state}: nothing found now changes it, or says what was found when it went out."
    if done.errors:
        return how_to_let_go(done.issue, done.errors).partition(". ")[2] + "."
    return "It may go out."


def _json(done: "Checked") -> dict[str, Any]:
    let_go = {each.check: each for each in done.overruled}
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


def _finding(finding: Finding, let_go: "Mapping[str, Overruled]") -> dict[str, Any]:
    by = let_go.get(finding.check) if finding.severity is Severity.ERROR else None
    told = {"overruled": by is not None, "overruled_by": by and by.by, "overruled_at": by and by.at}
    return {**asdict(finding), **told}


def _line(text: str) -> str:
    """On one line: places and addresses were written by others."""
    return " ".join(text.split())
