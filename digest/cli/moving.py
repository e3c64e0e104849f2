"""Moving: copy everything into another database."""

from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import settings
from digest.errors import SettingsRefused


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(copy)


def copy(
    to: Annotated[str, typer.Argument(metavar="URL", help="An empty database, as database.url names one.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be copied, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows of each table as JSON.")] = False,
) -> None:
    """Copy everything this site's database holds into another, empty one. Stop all other processes first.

    The present one is only read. Afterwards name the new one in database.url; secret.key stays the same.

    Example: digest copy postgresql://digest@database/digest --dry-run
    """
    from digest.storage import copying
    from digest.storage.engine import open_store

    now = settings()
    if to == now.database.url:
        raise SettingsRefused("That is the database of this site.", remedy="Name an empty one.")
    source, target = open_store(now.database.url, now.data_folder), open_store(to, now.data_folder)
    try:
        copying.must_be_ready(source)
        copying.must_be_empty(target)
        with source.read() as connection:
            rows = copying.rows_of(connection)
        if not dry_run:
            with out.progress("Copying", sum(rows.values())) as step:
                rows = copying.copy(source, target, step)
    finally:
        source.close()
        target.close()
    if as_json:
        out.as_json([{"table": name, "rows": count} for name, count in rows.items()])
        return
    done = "would be copied" if dry_run else "copied"
    out.say(f"{sum(rows.values()):,} rows of {len(rows)} tables {done}.")
    if not dry_run:
        out.say("Next: name the new database in database.url, and run: digest doctor")
