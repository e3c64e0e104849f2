"""`digest`: the commands, put together. Exit codes: 0 done, 1 failed with a reason, 2 wrong usage."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from digest import __version__
from digest.cli import (
    archive,
    checking,
    curating,
    delivering,
    demo,
    dkim,
    editing,
    gathering,
    items,
    moving,
    out,
    readers,
    restoring,
    returns,
    setting_up,
    sources,
    status,
    topics,
    unknown,
    watching,
)
from digest.errors import Problem

app = typer.Typer(
    name="digest",
    help="Publish topic digests: each reader gets, once a month, only what is new to them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    setting_up,
    gathering,
    editing,
    curating,
    checking,
    delivering,
    status,
    restoring,
    unknown,
    watching,
    moving,
    demo,
):
    module.add_to(app)
app.add_typer(items.app, name="items")
app.add_typer(sources.app, name="sources")
app.add_typer(topics.app, name="topics")
app.add_typer(readers.app, name="subscribers")
app.add_typer(archive.app, name="archive")
app.add_typer(dkim.app, name="dkim")
app.add_typer(unknown.app, name="unknown")
app.add_typer(returns.app, name="returns")


def _version(wanted: bool) -> None:
    if wanted:
        out.say(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    folder: Annotated[
        Path | None, typer.Option("--folder", "-C", help="Work in this folder instead of the present one.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    if folder is not None:
        if not folder.is_dir():
            raise typer.BadParameter(f"there is no folder {folder}; make it with: digest init {folder}")
        os.chdir(folder)


def main() -> None:
    """The console script."""
    try:
        app()
    except Problem as problem:
        out.warn(f"digest: {' '.join(str(problem).split())}")
        sys.exit(1)
    except UnicodeEncodeError:
        out.warn("digest: A name on the command line has broken bytes. Write it in UTF-8.")
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            _end_quietly()
        out.warn(f"digest: {error.filename or 'A file'} cannot be used: {error.strerror}. Check its name and rights.")
        sys.exit(1)


def _end_quietly() -> None:
    """Whoever read our output has read enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
