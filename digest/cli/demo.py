"""The demo: the whole main job on the sample publication, over a real mail server on this machine."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.mailbox import mail_server
from digest.cli.setting_up import write_settings

if TYPE_CHECKING:
    from digest.flow.house import House
    from digest.settings import Settings


#: In each folder of a demo.
_MARK = "DEMO.txt"


def add_to(app: typer.Typer) -> None:
    """Add `digest demo`."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the demo works; made if missing.")] = Path(
        "demo-site"
    ),
) -> None:
    """Run the whole main job on a sample: 200 readers, three months' issues, a mail server on this machine.

    Nothing leaves the machine. A second run finds everything done and says so. A folder that holds anything else, such
    as a site of your own, is left alone.

    Example: digest demo /tmp/demo
    """
    began = time.monotonic()
    _take(folder)
    write_settings(folder)  # for the commands that look at it afterwards
    with mail_server(folder / "mailbox") as port, _opened(_settings(folder, port)) as house:
        _run(house, folder, began)


def _take(folder: Path) -> None:
    """Make the folder the demo's own: its mail server would swallow the mail of any other site."""
    from digest.errors import WrongState

    if not (folder / _MARK).is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = f"{folder} holds something already that no demo has made."
            raise WrongState(what, remedy="Name a folder that is not there yet, such as: digest demo demo-site")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text("This folder is a demo's: remove it whenever you like.\n", encoding="utf-8")


def _run(house: "House", folder: Path, began: float) -> None:
    from digest.flow import rehearse, sample
    from digest.web.site import build

    months = rehearse.months(house)
    fresh = not all(rehearse.is_out(house, month) for month in months)
    if fresh:
        rehearse.prepare(house, folder, out.say)
    done = [rehearse.rehearse(house, month) for month in months]
    build(house, folder / "archive", progress=lambda _: None)
    if not fresh:
        out.say("Nothing to do: this month's issue is out and delivered. Remove the folder to start anew.")
    columns = ("Issue", "Title", "Items", "Readers", "Nothing new", "Variants", "Accepted")
    rows = [(r.name, r.title, r.pieces, r.readers, r.without, r.variants, r.accepted) for r in done]
    out.table(columns, rows, empty="", drawn=True)
    out.say(f"Time: {time.monotonic() - began:.1f} s")
    out.say(f"The mailbox:  {folder / 'mailbox'} (one .eml for each message)")
    out.say(f"The archive:  {folder / 'archive' / 'index.html'}")
    out.say(f"The preview:  {sys.argv[0]} -C {folder} preview {done[-1].name}")
    out.say(f"The pages:    {sys.argv[0]} -C {folder} serve (sign up at /subscribe/{sample.NEWSLETTER}/)")


def _settings(folder: Path, port: int) -> "Settings":
    """The demo's settings: everything in its own folder, mail to the server on this machine."""
    from digest.settings import Security, TransportKind, load

    base = load(folder)
    smtp = base.mail.smtp.model_copy(update={"host": "127.0.0.1", "port": port, "security": Security.NONE})
    mail = base.mail.model_copy(update={"transport": TransportKind.SMTP, "smtp": smtp})
    return base.model_copy(update={"data_folder": folder / base.data_folder, "mail": mail})


@contextmanager
def _opened(settings: "Settings") -> "Iterator[House]":
    from digest.bootstrap import open_house

    house = open_house(settings)
    try:
        yield house
    finally:
        house.store.close()
