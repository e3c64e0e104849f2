"""Curating: what an editor makes of a draft: its words, and which items come in which order."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.editing import Json, Name, print_issue
from digest.cli.house import opened
from digest.errors import Never

#: As large as a number in the database can be.
_MOST = 2**63 - 1
Items = Annotated[list[int] | None, typer.Option(min=1, max=_MOST, help="An item's number; may be given again.")]


def add_to(app: typer.Typer) -> None:
    """Add `digest curate`."""
    app.command()(curate)


def curate(
    issue: Name,
    pin: Items = None,
    unpin: Items = None,
    leave_out: Items = None,
    put_back: Items = None,
    order: Annotated[str | None, typer.Option(help="Items in the order they are to come: 12,7,9.")] = None,
    title: Annotated[str | None, typer.Option(help="The issue's title.")] = None,
    subject: Annotated[str | None, typer.Option(help="The subject of its messages.")] = None,
    intro: Annotated[str | None, typer.Option(help="An introduction, Markdown.")] = None,
    intro_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The introduction from a file; - for what is piped in.")
    ] = None,
    last: Annotated[
        bool | None,
        typer.Option("--last/--not-last", help="The newsletter ends with this issue, and its letters say so."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pin, order, leave out and introduce, as long as the issue is not out.

    What you do not name stays as it is; an empty text, such as --intro "", takes away what was said before.

    Example: digest curate social-care/2014-11 --pin 12 --leave-out 7 --title "The first weeks home"
    """
    from digest.flow.approve import Wishes
    from digest.flow.approve import curate as carry_out

    _must_agree("--pin", pin, "--unpin", unpin)
    _must_agree("--leave-out", leave_out, "--put-back", put_back)
    _must_agree("--pin", pin, "--leave-out", leave_out)
    _must_agree("--order", _numbers(order), "--leave-out", leave_out)
    wishes = Wishes(
        title=title,
        subject=subject,
        intro=_introduction(intro, intro_file),
        pin=pin or (),
        unpin=unpin or (),
        leave_out=leave_out or (),
        put_back=put_back or (),
        order=_numbers(order),
        last=last,
    )
    if wishes == Wishes():
        raise typer.BadParameter(_NO_WISH)
    with opened() as house:
        done = carry_out(house, issue, wishes)
    print_issue(done, as_json, f"{done.name} is a draft with these changes. See it: digest preview {done.name}")


_NO_WISH = (
    "say what to change: --title, --subject, --intro or --intro-file, --pin, --unpin, --leave-out, --put-back, "
    "--order, --last"
)


def _must_agree(one: str, these: Sequence[int] | None, other: str, those: Sequence[int] | None) -> None:
    if both := sorted({*(these or ())} & {*(those or ())}):
        raise typer.BadParameter(f"item {both[0]} comes after both {one} and {other}")


def _introduction(text: str | None, file: Path | None) -> str | None:
    """The introduction as it was given; None when it was not. Raises Never for what is no text."""
    if file is None:
        return text
    if text is not None:
        raise typer.BadParameter("--intro and --intro-file are two answers to one question")
    try:
        read = sys.stdin.buffer.read(_LARGEST) if file == Path("-") else _first_of(file)
        found = read.decode("utf-8-sig")
    except OSError as error:
        raise Never(f"{file} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    except UnicodeDecodeError as error:
        raise Never(f"{file} is not a text in UTF-8.", remedy="Save it anew as UTF-8.") from error
    if "\0" in found:
        raise Never(f"{file} is not a text.", remedy="Check the file's name.")
    return found


#: Bytes that are read of an introduction: more than its characters can be.
_LARGEST = 1_000_000


def _first_of(file: Path) -> bytes:
    with file.open("rb") as opened_file:
        return opened_file.read(_LARGEST)


def _numbers(text: str | None) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) <= _MOST for part in parts):
        raise typer.BadParameter(f"“{text}” is not a list of items such as 12,7,9")
    return tuple(map(int, parts))
