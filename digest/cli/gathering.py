"""Gathering: reading sources."""

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.house import opened

if TYPE_CHECKING:  # imported when it is needed: help is to be quick
    from digest.flow.keep import Gathered

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add `digest gather`."""
    app.command()(gather)


def gather(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE…]", help="Slugs; all when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Read sources and keep what is new. A source that fails is reported and does not stop the others.

    One that is named is read at once, also when it has ended or is to be left alone for a while.

    Example: digest gather harbour-news
    """
    from digest.flow.gather import gather as read
    from digest.storage.sources import how_many

    with opened() as house:
        with house.store.read() as connection:
            total = len(sources) if sources else how_many(connection)
        with out.progress("Sources", total) as step:
            results = read(house, sources or (), progress=lambda _: step())
    if as_json:
        keys = ("source", "new", "changed", "noted", "same", "unchanged", "error")
        out.as_json([{key: getattr(each, key) for key in keys} for each in results])
    else:
        rows = [(r.source, r.new, r.changed, r.same, _how_it_went(r)) for r in results]
        out.table(("Source", "New", "Changed", "Same", "How it went"), rows, empty="No source lies anywhere yet.")
        if noted := sum(r.noted for r in results):
            out.say(f"{out.counted(noted, 'item')} changed after coming out in an issue; see: digest items changes.")
    raise typer.Exit(1 if results and all(r.error for r in results) else 0)


def _how_it_went(gathered: "Gathered") -> str:
    return gathered.error or ("unchanged" if gathered.unchanged else "read")
