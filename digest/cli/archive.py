"""The archive as a static site."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import opened

app = typer.Typer(help="Past issues.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Past issues."""


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the site is written; made if missing.")],
) -> None:
    """Write all past issues as a static site, the same as `digest serve` shows. Built twice is the same twice.

    Example: digest archive build public
    """
    from digest.web.site import build as write_site

    with opened() as house, out.progress("Pages", None) as step:
        count = write_site(house, folder, progress=lambda _: step())
    out.say(f"{out.counted(count, 'file')} in {folder}; begin with {folder / 'index.html'}")
