"""`digest sources`: where items are read, and how that goes."""

import sys
from typing import Annotated, Any

import typer

from digest.cli import out
from digest.cli.gathering import Json
from digest.cli.house import opened
from digest.flow.health import Health
from digest.model.source import Selectors, SourceKind

app = typer.Typer(help="Where items are read: list, test, add, remove.", no_args_is_help=True)

#: Items that are shown of a source that is looked at; the rest is counted.
_SHOWN = 15


@app.command("list")
def list_sources(
    failing: Annotated[bool, typer.Option("--failing", help="Only those that failed or ended.")] = False,
    as_json: Json = False,
) -> None:
    """List sources and how they fared: when each was last read, when it will be again, what went wrong.

    Example: digest sources list --failing
    """
    from digest.flow.health import health

    with opened() as house:
        found = [each for each in health(house) if not failing or each.failing]
    if as_json:
        out.as_json([_as_dict(each) for each in found])
        return
    rows = [(h.slug, h.kind, h.items, h.succeeded_at, h.next_at, h.failures, h.words, h.location) for h in found]
    columns = ("Source", "Kind", "Items", "Last success", "Next reading", "Failures", "How it is", "Where it lies")
    out.table(columns, rows, empty="All are well." if failing else "No sources yet. Add one: digest sources add URL.")


@app.command("test")
def look_at_source(
    source: Annotated[str, typer.Argument(help="The source's slug.")],
    as_json: Json = False,
) -> None:
    """Show what a source would gather now, and under which topics, without keeping anything.

    Example: digest sources test harbour-news
    """
    from digest.flow.sources import look

    with opened() as house:
        looked = look(house, source)
    if as_json:
        out.as_json(_looked_as_dict(looked))
    else:
        _show(looked)


@app.command("add")
def add_source(
    url: Annotated[str, typer.Argument(help="The address of a feed, a page, or an article.")],
    newsletter: Annotated[
        str, typer.Option("--newsletter", "-n", help="The newsletter that reads it; may be left out if there is one.")
    ] = "",
    slug: Annotated[str, typer.Option(help="Its short name; made of its name when left out.")] = "",
    name: Annotated[str, typer.Option(help="Its name as readers see it; the feed's own when left out.")] = "",
    kind: Annotated[SourceKind | None, typer.Option(help="What it is; found out when left out.")] = None,
    topics: Annotated[str, typer.Option(help="Topics for everything found there: carers,law.")] = "",
    item: Annotated[str, typer.Option(help="For a page: CSS selector of one item.")] = "",
    title: Annotated[str, typer.Option(help="For a page: selector of its title, within the item.")] = "",
    link: Annotated[str, typer.Option(help="For a page: selector of its link.")] = "",
    date: Annotated[str, typer.Option(help="For a page: selector of its date.")] = "",
    text: Annotated[str, typer.Option(help="For a page: selector of its text.")] = "",
    people: Annotated[str, typer.Option(help="For a page: selector of who wrote it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Keep it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would gather.")] = False,
    as_json: Json = False,
) -> None:
    """Add a source: finds the feed behind a page, shows what it would gather, and asks before it keeps it.

    Without a feed, the page's own list of news is read, by the selectors given or those found; else the one article.

    Examples:

      digest sources add https://www.example.org/news --newsletter social-care

      digest sources add https://www.example.org/news --item ".teaser" --title h3 --date .when --dry-run
    """
    from digest.flow import sources

    wishes = sources.Wishes(
        location=url,
        slug=slug,
        name=name,
        kind=kind,
        topics=tuple(t.strip() for t in topics.split(",") if t.strip()),
        selectors=_selectors(item, title=title, link=link, date=date, text=text, people=people),
    )
    if as_json and not (yes or dry_run):
        _must_be_there()  # a program that reads what is found is not to take it for kept
    with opened() as house:
        into = newsletter or _the_only(house)
        looked = sources.find(house, wishes, into)
        out.as_json(_looked_as_dict(looked)) if as_json else _show(looked)
        if not dry_run and (yes or _agreed(into)):
            _keep(house, looked, into, quietly=as_json)


@app.command("remove")
def remove_source(source: Annotated[str, typer.Argument(help="The source's slug.")]) -> None:
    """Read a source no more. What it has brought stays, in the archive and in the lists.

    Example: digest sources remove harbour-news
    """
    from digest.flow.sources import remove

    with opened() as house:
        remove(house, source)
    out.say(f"{source} is read no more. Take it out of the newsletter's file too, or the next apply brings it back.")


def _selectors(item: str, **within: str) -> Selectors | None:
    if any(within.values()) and not item:
        raise typer.BadParameter("selectors are looked for within one item; say --item as well")
    return Selectors(item=item, **within) if item else None


def _keep(house: Any, looked: Any, newsletter: str, *, quietly: bool) -> None:
    from digest.flow.sources import add

    kept, gathered = add(house, looked, newsletter)
    if not quietly:
        out.say(f"Kept as {kept.slug}, read for {newsletter}: {out.counted(gathered.new, 'new item')}.")
        out.say(f"To have it in the newsletter's file as well: digest export {newsletter} > FILE.")


def _the_only(house: Any) -> str:
    from digest.storage import newsletters

    with house.store.read() as connection:
        slugs = newsletters.slugs(connection)
    if len(slugs) != 1:
        there_are = ", ".join(slugs) or "none yet; add one with digest apply FILE"
        raise typer.BadParameter(f"say for which --newsletter; there are: {there_are}")
    return slugs[0]


def _must_be_there() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; say --yes to keep it, or --dry-run only to look")


def _agreed(newsletter: str) -> bool:
    _must_be_there()
    return typer.confirm(f"Keep it for {newsletter}?", default=True, err=True)


def _show(looked: Any) -> None:
    source = looked.source
    out.say(f"{source.name} ({source.kind}) at {source.location}")
    for address in looked.others:
        out.say(f"The page names another feed: {address}")
    rows = [
        (each.published, each.title, topics or "no topic", each.link)
        for each, topics in list(zip(looked.items, looked.topics, strict=True))[:_SHOWN]
    ]
    out.table(("Date", "Title", "Topics", "Link"), rows, empty="There is nothing in it yet.")
    if len(looked.items) > _SHOWN:
        out.say(f"And {len(looked.items) - _SHOWN} more.")


def _looked_as_dict(looked: Any) -> dict[str, Any]:
    source = looked.source
    return {
        "source": {"slug": source.slug, "name": source.name, "kind": source.kind, "location": source.location},
        "other_feeds": list(looked.others),
        "items": [
            {
                "title": each.title,
                "published_at": each.published.isoformat() if each.published else None,
                "topics": list(topics),
                "link": each.link,
                "people": list(each.people),
                "lead": each.lead,
                "language": each.language,
                "word_count": each.word_count,
                "images": [{"url": image.url, "alt": image.alt} for image in each.images],
            }
            for each, topics in zip(looked.items, looked.topics, strict=True)
        ],
    }


def _as_dict(health: Health) -> dict[str, Any]:
    return {name: getattr(health, name) for name in Health.__dataclass_fields__}
