"""Setting up: init, apply, export, migrate, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import opened, settings
from digest.errors import SettingsRefused
from digest.resources import folder


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(init)
    app.command()(apply)
    app.command()(export)
    app.command()(migrate)
    app.command()(doctor)


def init(
    where: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder to set up; made if missing.")] = Path(),
) -> None:
    """Set up a working folder: a commented digest.toml, a newsletter's file to start from, and a page of sample news.

    Nothing is overwritten.

    Example: digest init news && cd news && digest apply newsletters/social-care.toml
    """
    samples = folder("config")
    newsletter = samples / "newsletters" / "social-care.toml"
    try:
        (where / "newsletters").mkdir(parents=True, exist_ok=True)
        made = [
            write_settings(where),
            _written(where / "newsletters" / newsletter.name, newsletter.read_text(encoding="utf-8")),
            _written(where / "news.txt", (samples / "sample-news.txt").read_text(encoding="utf-8")),
        ]
    except OSError as error:
        raise SettingsRefused(
            f"{where} cannot be set up: {error.strerror}.", remedy="Choose another folder."
        ) from error
    for path, is_new in made:
        out.say(f"{path}: {'written' if is_new else 'there already, left as it is'}")
    out.say("Next: change the newsletter's file, then run: digest apply newsletters/social-care.toml")


def apply(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Newsletters' files, TOML.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
) -> None:
    """Make newsletters, topics and sources what the files say, and print what changes.

    Example: digest apply newsletters/social-care.toml --dry-run
    """
    from digest.flow.apply import apply as apply_file
    from digest.flow.apply import read_file

    for path in files:
        read_file(path)  # all files are looked at before the first is applied
    with opened() as house:
        changes = {str(path): apply_file(house, path, dry_run=dry_run) for path in files}
        strange = [tag for path in files if not house.tongues.speaks(tag := read_file(path).newsletter.language)]
        there_are = ", ".join(house.tongues.available)
    for tag in strange:
        out.warn(f"No letter speaks “{tag}” (there are: {there_are}); what every letter says is in English there.")
    if as_json:
        out.as_json([{"file": name, "changes": lines} for name, lines in changes.items()])
        return
    for name, lines in changes.items():
        for line in lines or ["nothing changes"]:
            out.say(f"{name}: {line}{' (not done)' if dry_run and lines else ''}")


def export(
    newsletter: Annotated[str, typer.Argument(help="The newsletter's slug.")],
    to: Annotated[Path | None, typer.Option("--to", help="A new file instead of the screen.")] = None,
) -> None:
    """Write a newsletter with its topics and sources as a file that `digest apply` takes. Overwrites nothing.

    Example: digest export social-care --to social-care.toml
    """
    from digest.flow.apply import export as export_text

    with opened() as house:
        text = export_text(house, newsletter)
    if to is None:
        typer.echo(text, nl=False)
    else:
        with to.open("x", encoding="utf-8") as file:
            file.write(text)
        out.say(f"{to}: written")


def migrate() -> None:
    """Bring the database to the version this program needs. Stop all other processes first.

    Example: digest migrate
    """
    from datetime import timedelta

    from digest.errors import WrongState
    from digest.storage import schema, workers
    from digest.storage.engine import open_store

    now = settings()
    store = open_store(now.database.url, now.data_folder)
    with store.read() as connection:
        dead_after = timedelta(seconds=now.delivery.dead_after_seconds)
        alive = workers.living(connection, dead_after=dead_after) if schema.version(connection) else 0
    if alive:
        raise WrongState(
            f"{alive} {'worker' if alive == 1 else 'workers'} may still deliver from this database.",
            remedy="Stop them, wait half a minute, and run this again.",
        )
    schema.upgrade(store)
    store.close()
    out.say(f"The database is at version {schema.HEAD}.")


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Look whether all that publishing rests on is in order. Exit code 1 when something is bad.

    Example: digest doctor
    """
    from digest.flow.doctor import Health, examine

    with opened() as house:
        findings = examine(house)
    if as_json:
        out.as_json([{"about": f.about, "health": f.health, "words": f.words} for f in findings])
    else:
        out.table(("About", "Health", "What was seen"), [(f.about, f.health, f.words) for f in findings], empty="")
    raise typer.Exit(1 if any(f.health is Health.BAD for f in findings) else 0)


def write_settings(where: Path) -> tuple[Path, bool]:
    """The commented digest.toml of a site, unless it has one already; and whether it is new."""
    from digest.settings import FILE

    defaults = folder("config") / "default.toml"
    return _written(where / FILE, _commented(defaults.read_text(encoding="utf-8")))


def _written(path: Path, text: str) -> tuple[Path, bool]:
    if path.exists():
        return path, False
    path.write_text(text, encoding="utf-8")
    return path, True


def _commented(text: str) -> str:
    """Every setting of the documented defaults as a comment, ready to be taken in."""
    head = "# Your settings. Take away the # before a line to change it; what is left out keeps its default.\n\n"
    body = [f"#{line}" if "=" in line and not line.startswith("#") else line for line in text.splitlines()]
    return head + "\n".join(body[3:]) + "\n"
