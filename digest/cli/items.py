"""`digest items`: what was gathered, where it is filed, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli import out
from digest.cli.gathering import Json
from digest.cli.house import opened, who
from digest.model.item import Item

app = typer.Typer(help="What was gathered: list, show, import, add, file under topics.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="The item's number; see: digest items list.")]

#: Rows a person is shown who does not say how many.
_SHOWN = 100


@app.command("list")
def list_items(
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only under this topic.")] = None,
    proposed: Annotated[bool, typer.Option("--proposed", help="Only those with a topic proposed.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, max=10_000_000, help="At most so many; a table has 100.")] = None,
    as_json: Json = False,
) -> None:
    """List items, newest first. What several sources have is listed once, by the first that brought it.

    Example: digest items list --topic carers --limit 20
    """
    from digest.storage import items, newsletters, sources

    with opened() as house, house.store.read() as connection:
        if source:
            sources.find(connection, source)
        if topic:
            newsletters.must_have_topic(connection, topic)
        wanted = items.Which(source=source, topic=topic, proposed=proposed)
        most = limit or (None if as_json else _SHOWN)
        found = items.listed(connection, wanted, limit=most)
        of = len(found) if most is None or len(found) < most else items.count(connection, wanted)
    print_items(found, as_json)
    if not as_json and of > len(found):
        out.say(f"The newest {len(found):,} of {of:,}; more with --limit.")


@app.command("show")
def show_item(item: Number, as_json: Json = False) -> None:
    """Show one item with its text, why it is filed where it is, and what its source has changed since it came out.

    Example: digest items show 12
    """
    from digest.storage import changes, filings, items

    with opened() as house, house.store.read() as connection:
        found = items.load(connection, item)
        filed = filings.of_item(connection, item)
        changed = changes.of_item(connection, item)
    if as_json:
        out.as_json(
            {
                **as_dict(found),
                "text": found.body_text,
                "filings": [_filing_as_dict(each) for each in filed],
                "changes": [{"at": c.at, "parts": list(c.parts), "now": c.now} for c in changed],
            }
        )
        return
    out.say(f"{found.title}\n{_line_of(found)}\n")
    out.say(f"{found.body_text}\n")
    for image in found.images:
        out.say(f"Image: {image.alt or 'without words'} ({image.url})")
    for each in found.also_at:
        out.say(f"Also at {each.source}: {each.link or 'no link'} (item {each.id})")
    for f in filed:
        out.say(f"{f.newsletter}/{f.topic}: {_how(f)}{'; '.join(f.reasons)}")
    for change in changed:
        out.say(f"Changed at its source after it came out, {change.at:%Y-%m-%d %H:%M}: {', '.join(change.parts)}.")


@app.command("changes")
def list_changes(as_json: Json = False) -> None:
    """List items that their sources changed after an issue with them came out; the issue stays as it is.

    Example: digest items changes --json
    """
    from digest.storage import changes

    with opened() as house, house.store.read() as connection:
        found = changes.listed(connection)
    if as_json:
        out.as_json([{"id": i, "title": t, "at": c.at, "parts": list(c.parts), "now": c.now} for i, t, c in found])
        return
    rows = [(i, c.at, ", ".join(c.parts), t) for i, t, c in found]
    out.table(("Item", "Noted", "What changed", "Title"), rows, empty="Nothing was changed after it came out.")


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="A feed, JSON, CSV, HTML or saved page; the format is recognised.")],
    source: Annotated[str, typer.Option(help="The source it comes from.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it holds.")] = False,
    as_json: Json = False,
) -> None:
    """Keep the items of a file. Imported twice is imported once; a file that cannot be read changes nothing.

    A CSV file has a heading for each column: title, link, published_at, people, topics, text …

    Example: digest items import news.txt --source sscr-news
    """
    from digest.flow.keep import import_file

    with opened() as house:
        gathered, found = import_file(house, file, source, dry_run=dry_run)
    if as_json:
        print_items(found, True)
        return
    would = "would be " if dry_run else ""
    out.say(f"{file}: {gathered.new} {would}new, {gathered.changed} {would}changed, {gathered.same} known already.")
    _tell_twins(found)
    _tell_unfiled(found)


@app.command("add")
def add_item(
    url: Annotated[str, typer.Argument(help="The address of one article.")],
    source: Annotated[str, typer.Option(help="The source it is kept under, such as your own desk's.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be kept.")] = False,
    as_json: Json = False,
) -> None:
    """Keep one web article: its title, people, date, text, pictures and link are found by themselves.

    Example: digest items add https://www.example.org/2026/night-shifts --source desk
    """
    from digest.flow.sources import add_article

    with opened() as house:
        gathered, found = add_article(house, url, source, dry_run=dry_run)
    if as_json:
        print_items(found, True)
        return
    for item in found:
        number = "" if dry_run else f"Item {item.id}: "
        out.say(f"{number}{item.title}\n{_line_of(item)}")
        out.say(f"{', '.join(item.topics) or 'under no topic'}; {out.counted(item.word_count or 0, 'word')}")
    _tell_twins(found)
    if not dry_run and not gathered.new:
        out.say("It was known already.")


@app.command("file")
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


@app.command("accept")
def accept_item(
    item: Number,
    topics: Annotated[
        list[str] | None, typer.Argument(help="Slugs; all it is under or proposed for if left out.")
    ] = None,
) -> None:
    """Accept the topics of an item, those it is under and those proposed, by your word and for good.

    Example: digest items accept 12 carers law
    """
    from digest.storage import filings, items

    with opened() as house, house.store.write() as connection:
        items.load(connection, item)
        offered = [f.topic for f in filings.of_item(connection, item) if f.stands or f.confidence is not None]
        for topic in dict.fromkeys(topics or offered):
            filings.file_by_hand(connection, item, topic, stands=True, by=who(), now=house.clock.now())
    accepted = ", ".join(dict.fromkeys(topics or offered))
    out.say(f"Item {item} is under {accepted or 'no topic, and none is proposed'}.")


def print_items(found: Sequence[Item], as_json: bool) -> None:
    """Items as a table for people or as JSON."""
    if as_json:
        out.as_json([as_dict(item) for item in found])
        return
    rows = [(i.id, _date(i), i.title, i.topics, (i.source, *(e.source for e in i.also_at))) for i in found]
    out.table(("Item", "Date", "Title", "Topics", "Source"), rows, empty="No items. Gather some: digest gather.")


def as_dict(item: Item) -> dict[str, Any]:
    """An item for programs."""
    return {
        "id": item.id,
        "title": item.title,
        "published_at": _date(item),
        "topics": list(item.topics),
        "link": item.link,
        "people": list(item.people),
        "source": item.source,
        "also_at": [{"source": each.source, "link": each.link, "id": each.id} for each in item.also_at],
        "word_count": item.word_count,
        "reading_minutes": item.reading_minutes,
        "excerpt": item.excerpt,
        "language": item.language,
        "lead": item.lead,
        "images": [{"url": image.url, "alt": image.alt} for image in item.images],
    }


def _filing_as_dict(filing: Any) -> dict[str, Any]:
    return {
        "newsletter": filing.newsletter,
        "topic": filing.topic,
        "by": filing.origin,
        "stands": filing.stands,
        "confidence": filing.confidence,
        "reasons": filing.reasons,
    }


def _how(filing: Any) -> str:
    sure = "" if filing.confidence is None else f"{filing.confidence:.0%} sure, "
    if filing.stands:
        return f"{filing.origin}, {sure}"
    return f"proposed, {sure}" if filing.confidence is not None else f"kept out, {filing.origin}, "


def _line_of(item: Item) -> str:
    words = f" · {out.counted(item.word_count, 'word')}, {item.reading_minutes} min" if item.word_count else ""
    people = f" · {', '.join(item.people)}" if item.people else ""
    language = f" · {item.language}" if item.language else ""
    return f"{_date(item) or 'no date'} · {item.source}{people}{words}{language} · {item.link or 'no link'}"


def _tell_twins(found: Sequence[Item]) -> None:
    elsewhere = [{each.source for each in item.also_at} for item in found if item.also_at]
    if elsewhere:
        others = ", ".join(sorted(set().union(*elsewhere)))
        out.say(f"{len(elsewhere):,} also at {others}; a reader gets the same piece once.")


def _tell_unfiled(found: Sequence[Item]) -> None:
    unfiled = [item for item in found if not item.topics]
    if unfiled:
        numbers = ", ".join(str(item.id) for item in unfiled[:20]) + (" …" if len(unfiled) > 20 else "")
        out.say(f"Under no topic, so that no reader gets them: {numbers}. File them: digest items file ITEM TOPIC.")


def _date(item: Item) -> str | None:
    return None if item.published is None else item.published.isoformat()
