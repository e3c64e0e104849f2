"""Sources: found behind an address, looked at without keeping anything, added, taken away."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sqlalchemy import Connection

from digest.errors import Problem, SettingsRefused, UnreadableSource
from digest.flow.checks import is_slug
from digest.flow.gather import every, fetcher, lies_nowhere
from digest.flow.house import House
from digest.flow.keep import Gathered, keep_all, keep_found
from digest.flow.reading import judged, read
from digest.model.item import FoundItem, Item
from digest.model.rules import Brought, Rules
from digest.model.slugs import slug_of, untaken
from digest.model.source import Selectors, Source, SourceKind, next_reading
from digest.sources import detect, discover
from digest.sources.fetch import Document, Fetcher, Wanted
from digest.storage import filings, items, newsletters, sources
from digest.storage.newsletters import Publication

#: Feeds of one page that are looked into; the others are named.
_MOST_TRIED = 5
_FEEDS = frozenset({SourceKind.FEED, SourceKind.JSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a source would gather, had it been asked to."""

    #: As it would be kept.
    source: Source
    items: tuple[FoundItem, ...]
    #: For each item, the topics it would be filed under, in whichever newsletter.
    topics: tuple[tuple[str, ...], ...]
    #: Addresses of further feeds that the page names.
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of a source that is added; what is left out is found."""

    location: str
    slug: str = ""
    name: str = ""
    kind: SourceKind | None = None
    topics: tuple[str, ...] = ()
    selectors: Selectors | None = None


def look(house: House, slug: str) -> Looked:
    """What a source would gather now. Writes nothing. Raises UnknownName, or why it cannot be read."""
    with house.store.read() as connection:
        row = sources.find(connection, slug)
        brought = sources.brought(connection, row.id)
        rules = filings.rules_for(connection, brought)
    if not row.location:
        raise lies_nowhere(slug)
    source = sources.value_of(row)
    document = _document(fetcher(house), row.moved_to or row.location)
    return _looked(source, read(source, document), rules, brought)


def find(house: House, wishes: Wishes, newsletter: str) -> Looked:
    """What lies behind an address, and what it would gather: a feed, the feed behind a page, a page of news, or one
    article, in this order. Writes nothing. Raises why nothing can be read there."""
    with house.store.read() as connection:
        publication = newsletters.load(connection, newsletter)
        _refuse_taken(connection, wishes)
        rules = filings.rules_for(connection, (publication.id,))
    _refuse_amiss(wishes, publication)
    kind, document, found, others = _behind(fetcher(house), wishes)
    name = wishes.name or detect.name_of(document.data, kind, document.charset) or _host(document.address or "")
    source = Source(
        slug=wishes.slug or slug_of(name, most=60, otherwise="source"),
        name=name[:200],
        kind=kind,
        location=document.address or wishes.location,
        topics=tuple(dict.fromkeys(wishes.topics)),
        selectors=wishes.selectors,
    )
    return _looked(source, found, rules, {publication.id: source.topics}, others)


def add(house: House, looked: Looked, newsletter: str) -> tuple[Source, Gathered]:
    """Keep a source that was looked at, with what it had; a newsletter reads it from now on. Added twice it is once.

    Another newsletter may read it already: its topics are its own, and what it has had is filed in this one too.
    """
    with house.store.write() as connection:
        publication = newsletters.load(connection, newsletter)
        source_id, slug = _saved(connection, looked.source)
        if sources.attach(connection, source_id, publication.id, looked.source.topics):
            filings.file_anew(connection, items.ids_of_sources(connection, [source_id]), now=house.clock.now())
        gathered, _ = keep_found(house, connection, slug, source_id, looked.items)
        _note_first_reading(house, connection, slug)
        topics = sources.brought(connection, source_id)[publication.id]
        return sources.value_of(sources.find(connection, slug), topics), gathered


def _note_first_reading(house: House, connection: Connection, slug: str) -> None:
    """What was looked at when it was added counts as read."""
    row, now = sources.find(connection, slug), house.clock.now()
    if row.read_at is None:
        sources.note(
            connection, [(row, {"read_at": now, "succeeded_at": now, "next_at": next_reading(now, every(house))})]
        )


def add_article(house: House, url: str, slug: str, *, dry_run: bool = False) -> tuple[Gathered, list[Item]]:
    """Keep one web article under a source. Raises UnknownName, or why it cannot be read."""
    with house.store.read() as connection:
        sources.find(connection, slug)
    found = _read(SourceKind.ARTICLE, _document(fetcher(house), url), Wishes(location=url))
    return keep_all(house, slug, found, dry_run=dry_run)


def remove(house: House, slug: str) -> None:
    """Read a source no more; what it has brought stays. Raises UnknownName."""
    with house.store.write() as connection:
        sources.detach(connection, sources.find(connection, slug).id)


def _refuse_taken(connection: Connection, wishes: Wishes) -> None:
    if wishes.slug and not is_slug(wishes.slug):
        what = f"“{wishes.slug}” cannot be a source's slug."
        raise SettingsRefused(what, remedy="Write small letters, digits and hyphens, at most 80.")
    if wishes.slug in {row.slug for row in sources.listed(connection)}:
        raise SettingsRefused(f"There is a source “{wishes.slug}” already.", remedy="Choose another --slug.")


def _refuse_amiss(wishes: Wishes, publication: Publication) -> None:
    if wishes.selectors and wishes.kind not in (None, SourceKind.PAGE):
        raise SettingsRefused("Only a page has selectors.", remedy="Leave out --kind, or the selectors.")
    for slug in wishes.topics:
        if slug not in publication.topic_order:
            there_are = ", ".join(publication.topic_order) or "none yet"
            what = f"{publication.newsletter.slug} has no topic “{slug}”."
            raise SettingsRefused(what, remedy=f"There are: {there_are}.")


def _behind(fetch: Fetcher, wishes: Wishes) -> tuple[SourceKind, Document, list[FoundItem], tuple[str, ...]]:
    document = _document(fetch, wishes.location)
    kind = wishes.kind or (
        SourceKind.PAGE if wishes.selectors else SourceKind(detect.kind_of(document.data, document.charset))
    )
    if wishes.kind or wishes.selectors or kind is not SourceKind.PAGE:
        return kind, document, _read(kind, document, wishes), ()
    links = _links(document)
    for each in _feeds(fetch, links):
        return *each, tuple(link for link in links if link != each[1].address)
    for each in _feeds(fetch, discover.guesses(document.address or wishes.location)):
        return *each, ()
    return *_of_page(document, wishes), ()


def _links(document: Document) -> list[str]:
    base = document.address or ""
    return [link.address for link in discover.feeds_of(document.data, base=base, charset=document.charset)]


def _feeds(fetch: Fetcher, addresses: Iterable[str]) -> Iterator[tuple[SourceKind, Document, list[FoundItem]]]:
    """Those of these addresses at which there is a feed with something in it."""
    for address in list(addresses)[:_MOST_TRIED]:
        try:
            document = _document(fetch, address)
            kind = SourceKind(detect.kind_of(document.data, document.charset))
            found = _read(kind, document, Wishes(location=address)) if kind in _FEEDS else []
        except Problem:
            continue
        if found:
            yield kind, document, found


def _of_page(document: Document, wishes: Wishes) -> tuple[SourceKind, Document, list[FoundItem]]:
    try:
        return SourceKind.PAGE, document, _read(SourceKind.PAGE, document, wishes)
    except UnreadableSource as no_page:
        try:
            return SourceKind.ARTICLE, document, _read(SourceKind.ARTICLE, document, wishes)
        except UnreadableSource:
            raise no_page from None


def _read(kind: SourceKind, document: Document, wishes: Wishes) -> list[FoundItem]:
    return read(Source(slug="", name="", kind=kind, selectors=wishes.selectors), document)


def _document(fetch: Fetcher, location: str) -> Document:
    answer = fetch.one(Wanted(key=location, location=location))
    if not isinstance(answer, Document):
        raise UnreadableSource("it says that it has not changed, and was never read.", remedy="Report it to its owner.")
    return answer


def _looked(
    source: Source, found: Sequence[FoundItem], rules: Rules, brought: Brought, others: tuple[str, ...] = ()
) -> Looked:
    topics = tuple(rules.slugs(judged(rules, brought, each)) for each in found)
    return Looked(source=source, items=tuple(found), topics=topics, others=others)


def _saved(connection: Connection, wanted: Source) -> tuple[int, str]:
    """The row and slug of the source that lies there already, as it is; else of a new one, whose slug no other has."""
    rows = sources.listed(connection)
    for row in rows:
        if row.location == wanted.location:
            return row.id, row.slug
    slug = untaken(wanted.slug, {row.slug for row in rows})
    return sources.save(connection, replace(wanted, slug=slug)), slug


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "source").removeprefix("www.")
