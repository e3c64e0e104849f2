"""Returns: mail that comes back to our mailboxes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import opened

app = typer.Typer(help="Mail that comes back: wishes to leave, and letters that did not arrive.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that more kinds of returns have room beside this one."""


@app.command()
def read(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[MAILDIR]", help="A Maildir; one message on standard input without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what became of each as JSON.")] = False,
) -> None:
    """Read mail to the mailbox for leaving (mail.unsubscribe_address), and end the subscriptions it names.

    Mail of the bounce domain (mail.bounce_domain) may be read by it too: what did not arrive, of issues and of single
    letters such as “please confirm”, is noted, and addresses that do not exist get nothing more.

    Read twice is read once. For a mail server that pipes each message: "|digest -C /srv/news returns read".

    Example: digest returns read ~/Maildir/.leave
    """
    from digest.flow.mail_returns import LARGEST, hear, hear_folder

    with opened() as house:
        if folder is None:
            heard = [hear(house, sys.stdin.buffer.read(LARGEST))]
        else:
            waiting = sum(1 for _ in (folder / "new").glob("*")) if (folder / "new").is_dir() else 0
            with out.progress("Reading", waiting) as step:
                heard = []
                for each in hear_folder(house, folder):
                    heard.append(each)
                    step()
    if as_json:
        out.as_json(
            [{"name": each.name, "left": each.left, "bounced": each.bounced, "reason": each.reason} for each in heard]
        )
        return
    for each in heard:
        if each.reason:
            out.say(f"{each.name or 'The message'}: nothing was done, as {each.reason}.")
    bounced = sum(each.bounced for each in heard)
    came_back = f", {bounced:,} letters came back" if bounced else ""
    out.say(f"{len(heard):,} read, {sum(each.left for each in heard):,} of them to leave{came_back}.")
