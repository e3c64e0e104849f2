"""Restoring: backups, and what becomes of what waits in a database that was brought back from one."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import opened, who


def add_to(app: typer.Typer) -> None:
    """Add `digest backup` and `digest restored`."""
    app.command()(backup)
    app.command()(restored)


def backup(file: Annotated[Path, typer.Argument(help="The file to write; one that is there is left alone.")]) -> None:
    """Write the database (SQLite) into a file, while everything goes on. Keep data/secret.key with it.

    Example: digest backup /backups/digest-2026-11-30.db
    """
    from digest.flow.backup import backup as write

    with opened() as house:
        size = write(house, file)
        key = house.settings.secret_path
    out.say(f"{file}: {size:,} bytes. Keep {key} as well: without it, links in past mail stop working.")


def restored(
    doubt: Annotated[
        bool, typer.Option("--doubt", help="Call unknown what waits; settle it by the mail server's log.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send what waits; who got it after the backup was made gets it twice.")
    ] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Say that it was brought back; nothing is sent then.")] = False,
    by: Annotated[str, typer.Option(help="Whose word it is, for the record; who is logged in when left out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be about.")] = False,
) -> None:
    """Say what becomes of what waits in a database that was brought back from a backup. Without options, what is known.

    Example: digest restored --doubt
    """
    from digest.flow import restored as verbs

    if doubt + send + hold > 1:
        raise typer.BadParameter("choose one of --doubt, --send and --hold")
    with opened() as house:
        if hold:
            verbs.declare(house, by=by or who())
        if not (doubt or send):
            with house.store.read() as connection:
                words = verbs.words(connection)
            out.say(words or "The database is the one last delivered from; nothing is held.")
            if words:
                out.say("What waits is called unknown by --doubt, which doubles nothing, or sent by --send.")
                out.say("Who left or was erased since the backup is back as well; see docs/running.md.")
            return
        done = verbs.confirm(house, send=send, by=by or who(), dry_run=dry_run)
    ends = "sent" if send else "unknown; see: digest unknown list"
    count = f"{done.waiting:,} {'delivery' if done.waiting == 1 else 'deliveries'}"
    out.say(f"{count} that waited {'would be' if dry_run else 'will be' if send else 'are'} {ends}.")
