"""`digest topics`: what items are filed under, and how well that goes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import out
from digest.cli.gathering import Json
from digest.cli.house import opened

app = typer.Typer(help="What items are filed under: list, suggest, score.", no_args_is_help=True)
Newsletter = Annotated[str, typer.Argument(help="The newsletter's slug.")]


@app.command("list")
def list_topics(
    newsletter: Annotated[str | None, typer.Option(help="Only of this newsletter.")] = None, as_json: Json = False
) -> None:
    """List the topics readers choose from.

    Example: digest topics list --newsletter social-care
    """
    from digest.storage import newsletters

    with opened() as house, house.store.read() as connection:
        slugs = [newsletter] if newsletter else newsletters.slugs(connection)
        found = [(slug, topic) for slug in slugs for topic in newsletters.load(connection, slug).topics]
    if as_json:
        keys = ("slug", "name", "description", "phrases", "categories")
        out.as_json([{"newsletter": s, **{key: _plain(getattr(t, key)) for key in keys}} for s, t in found])
    else:
        rows = [(s, t.slug, t.name, t.description) for s, t in found]
        out.table(("Newsletter", "Slug", "Name", "Description"), rows, empty="No topics yet.")


@app.command("suggest")
def suggest_topics(
    newsletter: Newsletter,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be proposed.")] = False,
    as_json: Json = False,
) -> None:
    """Learn from what editors decided, and propose topics for what the next issues may hold.

    Proposals file nothing; accept them with: digest items accept ITEM TOPIC, refuse them with: digest items file ITEM
    TOPIC --out. Needs the extra: pip install 'topic-digest[suggest]'.

    Example: digest topics suggest social-care --dry-run
    """
    from digest.flow.suggest import suggest

    with opened() as house:
        suggested = suggest(house, newsletter, dry_run=dry_run)
    if as_json:
        out.as_json({"learned": _rows(suggested.learned), "proposals": _rows(suggested.proposals)})
        return
    for each in suggested.learned:
        if each.why_not:
            out.say(f"{each.topic}: not learned, {each.why_not}")
    rows = [(p.item_id, p.topic, f"{p.confidence:.0%}", p.because, p.title) for p in suggested.proposals]
    out.table(("Item", "Topic", "Sure", "Because of", "Title"), rows, empty="There is nothing to propose.")


@app.command("score")
def score_topics(
    newsletter: Newsletter,
    file: Annotated[Path | None, typer.Argument(help="Items with the topics they belong under: TOML or JSON.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how well the rules file: precision and recall for each topic, against what editors decided or a file.

    The file holds items with a title, a text and a list of topics: [[items]] in TOML, a list of objects in JSON.

    Example: digest topics score social-care labelled.toml
    """
    from digest.flow.score import score

    with opened() as house:
        scored = score(house, newsletter, file)
    if as_json:
        out.as_json(_rows(scored))
        return
    rows = [(s.topic, s.wanted, s.found, f"{s.precision:.2f}", f"{s.recall:.2f}", f"{s.f1:.2f}") for s in scored]
    columns = ("Topic", "Belong there", "Filed there", "Precision", "Recall", "F1")
    out.table(columns, rows, empty=_UNDECIDED)


_UNDECIDED = (
    "No editor has decided anything yet. Decide with digest items file, or name a file of items with their topics: "
    "digest topics score NEWSLETTER FILE."
)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _rows(values: tuple[Any, ...]) -> list[dict[str, object]]:
    return [{name: _plain(getattr(each, name)) for name in each.__dataclass_fields__} for each in values]
