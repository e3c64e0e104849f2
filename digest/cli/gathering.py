"""Gathering: sources, items, topics."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened, who
from digest.model.item import Item

items_app = typer.Typer(help="What was gathered: list, show, import, file under topics.", no_args_is_help=True)
sources_app = typer.Typer(help="Where items are read.", no_args_is_help=True)
topics_app = typer.Typer(help="What items are filed under.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The item's number; see: digest items list.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add `digest gather`."""
    app.command()(gather)


def gather(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE…]", help="Slugs; all when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Read sources and keep what is new. A source that fails is reported and does not stop the others.

    Example: digest gather harbour-news
    """
    from digest.flow.gather import gather as read

    with opened() as house, out.progress("Sources", None) as step:
        results = read(house, sources or (), progress=lambda _: step())
    if as_json:
        out.as_json(
            [
                {"source": r.source, "new": r.new, "changed": r.changed, "same": r.same, "error": r.error}
                for r in results
            ]
        )
    else:
        rows = [(r.source, r.new, r.changed, r.same, r.error or "read") for r in results]
        out.table(("Source", "New", "Changed", "Same", "How it went"), rows, empty="No source lies anywhere yet.")
    raise typer.Exit(1 if results and all(r.error for r in results) else 0)


@items_app.command("list")
def list_items(
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only under this topic.")] = None,
    as_json: Json = False,
) -> None:
    """List items, newest first.

    Example: digest items list --topic carers
    """
    from digest.storage import items, newsletters, sources

    with opened() as house, house.store.read() as connection:
        if source:
            sources.find(connection, source)
        if topic:
            newsletters.must_have_topic(connection, topic)
        found = items.listed(connection, source_slug=source, topic_slug=topic)
    _print(found, as_json)


@items_app.command("show")
def show_item(item: Number, as_json: Json = False) -> None:
    """Show one item with its text, and why it is filed where it is."""
    from digest.storage import filings, items

    with opened() as house, house.store.read() as connection:
        found = items.load(connection, item)
        filed = filings.of_item(connection, item)
    if as_json:
        reasons = [
            {"newsletter": f.newsletter, "topic": f.topic, "by": f.origin, "stands": f.stands, "reasons": f.reasons}
            for f in filed
        ]
        out.as_json({**_as_dict(found), "text": found.body_text, "filings": reasons})
        return
    out.say(f"{found.title}\n{_date(found) or 'no date'} · {found.source} · {found.link or 'no link'}\n")
    out.say(f"{found.body_text}\n")
    for f in filed:
        out.say(f"{f.newsletter}/{f.topic}: {'' if f.stands else 'kept out, '}{f.origin}, {'; '.join(f.reasons)}")


@items_app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="A feed, JSON, or a page saved as text; the format is recognised.")],
    source: Annotated[str, typer.Option(help="The source it comes from.")],
    as_json: Json = False,
) -> None:
    """Keep the items of a file. Imported twice is imported once; a file that cannot be read changes nothing.

    Example: digest items import news.txt --source sscr-news
    """
    from digest.flow.gather import import_file

    with opened() as house:
        gathered, found = import_file(house, file, source)
    if as_json:
        _print(found, True)
    else:
        out.say(f"{file}: {gathered.new} new, {gathered.changed} changed, {gathered.same} known already.")
        unfiled = [i for i in found if not i.topics]
        if unfiled:
            numbers = ", ".join(str(i.id) for i in unfiled[:20])
            out.say(f"Under no topic, so that no reader gets them: {numbers}. File them: digest items file ITEM TOPIC.")


@items_app.command("file")
def file_item(
    item: Number,
    topic: Annotated[str, typer.Argument(help="The topic's slug.")],
    out_of: Annotated[bool, typer.Option("--out", help="Take it out of the topic instead.")] = False,
) -> None:
    """File an item under a topic, or take it out, for good: no rule overwrites what an editor decided.

    Example: digest items file 12 carers
    """
    from digest.storage import filings, items

    with opened() as house, house.store.write() as connection:
        items.load(connection, item)
        filings.file_by_hand(connection, item, topic, stands=not out_of, by=who(), now=house.clock.now())
    out.say(f"Item {item} is {'kept out of' if out_of else 'under'} {topic}.")


@sources_app.command("list")
def list_sources(as_json: Json = False) -> None:
    """List sources and how they fared."""
    from digest.storage import sources

    with opened() as house, house.store.read() as connection:
        rows = sources.listed(connection)
    keys = ("slug", "name", "kind", "location", "read_at", "failures", "last_error")
    if as_json:
        out.as_json([{key: getattr(row, key) for key in keys} for row in rows])
    else:
        out.table(keys, [[getattr(row, key) for key in keys] for row in rows], empty="No sources yet.")


@topics_app.command("list")
def list_topics(
    newsletter: Annotated[str | None, typer.Option(help="Only of this newsletter.")] = None, as_json: Json = False
) -> None:
    """List the topics readers choose from."""
    from digest.storage import newsletters

    with opened() as house, house.store.read() as connection:
        slugs = [newsletter] if newsletter else newsletters.slugs(connection)
        found = [(slug, topic) for slug in slugs for topic in newsletters.load(connection, slug).topics]
    if as_json:
        out.as_json([{"newsletter": s, "slug": t.slug, "name": t.name, "phrases": list(t.phrases)} for s, t in found])
    else:
        rows = [(s, t.slug, t.name, t.description) for s, t in found]
        out.table(("Newsletter", "Slug", "Name", "Description"), rows, empty="No topics yet.")


def _print(found: list[Item], as_json: bool) -> None:
    if as_json:
        out.as_json([_as_dict(item) for item in found])
        return
    rows = [(i.id, _date(i), i.title, i.topics, i.source) for i in found]
    out.table(("Item", "Date", "Title", "Topics", "Source"), rows, empty="No items. Gather some: digest gather.")


def _as_dict(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "published_at": _date(item),
        "topics": list(item.topics),
        "link": item.link,
        "people": list(item.people),
        "source": item.source,
        "word_count": item.word_count,
        "excerpt": item.excerpt,
    }


def _date(item: Item) -> str | None:
    return None if item.published is None else item.published.isoformat()
