"""Heads of articles: what a page says of its one piece in metadata, and beside its title."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from digest.model.item import Image
from digest.sources import linked_data
from digest.sources.dom import HEADINGS, line_of, selected
from digest.sources.linked_data import Thing
from digest.sources.page_dates import DateReader, machine_date
from digest.sources.page_finders import Page
from digest.sources.page_stamps import Stamp, stamps_in
from digest.sources.people import people_in
from digest.sources.pictures import picture
from digest.sources.sanitize import clean_link, letters, plain_line
from digest.sources.whole import clean_lines

Metadata = Mapping[str, Sequence[str]]

#: Where publishers' systems write down when something was published; that it was changed is another matter.
_DATES = """
    article:published_time datepublished dc.date.issued dcterms.issued dcterms.date dc.date citation_publication_date
    citation_online_date citation_date parsely-pub-date sailthru.date pubdate publishdate publish-date publication_date
    og:published_time article:published date_published published dc.date.created dcterms.created date
"""
_AUTHORS = "citation_author author article:author dc.creator dcterms.creator parsely-author sailthru.author byl"
_MARKED_DATES = "[itemprop~=datePublished], time[pubdate], .dt-published, time.published, time.entry-date"
_SAYS_PUBLISHED = re.compile(
    r"\b(?:published|posted|publi|veröffentlicht|pubblicat|cyhoedd|gepubliceerd)", re.IGNORECASE
)
#: So many elements before and after a title may hold its date and its people.
_BEFORE, _AFTER = 15, 40
_NOBODY = frozenset({"admin", "administrator", "webmaster", "editor", "root", "user", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known of an article without its text."""

    title: str
    link: str | None
    published: date | datetime | None
    people: tuple[str, ...]
    categories: tuple[str, ...]
    language: str
    lead: str
    images: tuple[Image, ...]
    #: The whole text where the page has it as data.
    html: str
    #: Where title, date and people are shown, so that they are not taken for text.
    shown_at: tuple[HtmlElement, ...]


def head_of(page: Page, things: Sequence[Thing]) -> Head:
    """The head of the article in a page whose chrome is gone; `things` is what the page described before."""
    tree, meta = page.tree, _metadata(page.tree)
    known = linked_data.by_id(things)
    site = _site(meta, things)
    thing = _own(things, meta, page)
    place, title = _title(tree, meta, thing, site)
    near = _near(tree, place)
    stamp = _stamp(tree, near, page.dates)
    signing, signed = people_in(tree, near=near) if near else ((), [])
    people = signing or linked_data.people_of(thing, known) or clean_lines(_all(meta, _AUTHORS)) or people_in(tree)[0]
    shown_at = [place, stamp.element if stamp and stamp.place == "whole" else None, *signed]
    return Head(
        title=title,
        link=_link(tree, meta, page),
        published=linked_data.published_of(thing) or _told(meta, page.dates) or (stamp.published if stamp else None),
        people=tuple(name for name in people if _is_somebody(name, site)),
        categories=clean_lines([*_all(meta, "article:section article:tag"), *linked_data.categories_of(thing)]),
        language=page.language or _first(meta, "og:locale content-language dc.language").replace("_", "-"),
        lead=_first(meta, "og:description description dc.description") or linked_data.text_of(thing, "description"),
        images=(*_images(meta, page.base), *linked_data.images_of(thing, known, page.base)),
        html=linked_data.paragraphs_of(thing),
        shown_at=tuple(each for each in shown_at if each is not None),
    )


def _metadata(tree: HtmlElement) -> Metadata:
    found: dict[str, list[str]] = {}
    for each in islice(tree.iter("meta"), 500):
        name = each.get("property") or each.get("name") or each.get("itemprop") or each.get("http-equiv") or ""
        content = each.get("content", "").strip()
        if name and content:
            found.setdefault(name.strip().lower(), []).append(content[:5000])
    return found


def _all(meta: Metadata, names: str) -> list[str]:
    """Everything under the first of some names that says anything but an address."""
    for name in names.split():
        said = [value for value in meta.get(name, ()) if not re.match(r"https?:", value)]
        if said:
            return said
    return []


def _first(meta: Metadata, names: str) -> str:
    return next((value for name in names.split() for value in meta.get(name, ())), "")


def _site(meta: Metadata, things: Iterable[Thing]) -> str:
    told = (linked_data.text_of(thing, "name") for thing in things if thing.get("@type") == "WebSite")
    return plain_line(_first(meta, "og:site_name application-name")) or next(told, "")


def _own(things: Iterable[Thing], meta: Metadata, page: Page) -> Thing:
    """What the data say of the piece itself, rather than of others that the page leads to."""
    pieces = [thing for thing in things if linked_data.is_piece(thing)]
    called = {letters(title) for title in meta.get("og:title", ())}
    here = [thing for thing in pieces if page.address and linked_data.link_of(thing, page.base) == page.address]
    same = [thing for thing in pieces if letters(linked_data.text_of(thing, "headline", "name")) in called]
    return next(iter([*here, *same, *(pieces if len(pieces) == 1 else [])]), {})


def _title(tree: HtmlElement, meta: Metadata, thing: Thing, site: str) -> tuple[HtmlElement | None, str]:
    """The title and where it is shown: the heading that the page's metadata repeat, else what these say."""
    window = next((line_of(each) for each in tree.iter("title")), "")
    named = (linked_data.text_of(thing, "headline", "name"), *_all(meta, "og:title"), *_all(meta, "twitter:title"))
    told = [plain_line(each) for each in (*named, window) if each.strip()]
    headings = [each for each in islice(tree.iter(*HEADINGS[:2]), 30) if line_of(each)]
    repeated = (each for each in headings if any(letters(line_of(each)) in letters(title) for title in told))
    first = [each for each in headings if each.tag == "h1"]
    place = next((each for each in repeated if line_of(each) != site), first[0] if len(first) == 1 else None)
    if place is not None and line_of(place) != site:
        return place, plain_line(line_of(place))
    return None, next((bare for title in told if (bare := _without_site(title, site))), "")


def _without_site(title: str, site: str) -> str:
    """A title without the name of its site before or behind it."""
    bare = re.sub(r"\s+\|\s+[^|]*$", "", title)
    if site:
        name = re.escape(site)
        bare = re.sub(rf"\s*[|–—:·»-]\s*{name}$|^{name}\s*[|–—:·»-]\s*", "", bare, flags=re.IGNORECASE)
    return bare if bare != site else ""


def _near(tree: HtmlElement, place: HtmlElement | None) -> list[HtmlElement]:
    """The elements around the title, in the page's order."""
    if place is None:
        return []
    every = list(tree.iter())
    at = every.index(place)
    return every[max(0, at - _BEFORE) : at + _AFTER]


def _stamp(tree: HtmlElement, near: list[HtmlElement], dates: DateReader) -> Stamp | None:
    """The date beside the title, or one that is marked as that of the piece, wherever it stands."""
    marked = (stamp for each in islice(selected(tree, _MARKED_DATES), 5) for stamp in stamps_in(each, dates))
    if stamp := next(marked, None):
        return stamp
    stamps = [stamp for stamp in islice(stamps_in(tree, dates), 100) if not stamp.changed]
    beside = set(near)
    if stamp := next((each for each in stamps if each.element in beside and each.place == "whole"), None):
        return stamp
    said = [each for each in stamps if _SAYS_PUBLISHED.search(line_of(each.element, 100))]
    return said[0] if len(said) == 1 else None


def _told(meta: Metadata, dates: DateReader) -> date | datetime | None:
    given = (value for name in _DATES.split() for value in meta.get(name, ()))
    return next((when for value in given if (when := machine_date(value) or dates.of(value))), None)


def _is_somebody(name: str, site: str) -> bool:
    return name.casefold() not in _NOBODY and name.casefold() != site.casefold()


def _link(tree: HtmlElement, meta: Metadata, page: Page) -> str | None:
    """The address that the page gives itself, if it is on the same site and of a page of its own; else its own."""
    links = (each for each in tree.iter("link") if "canonical" in each.get("rel", "").lower().split())
    for given in (*(each.get("href", "") for each in islice(links, 3)), *meta.get("og:url", ())):
        link = clean_link(given, page.base)
        if link and (page.address is None or _may_stand_for(link, page.address)):
            return link
    return page.address


def _may_stand_for(link: str, address: str) -> bool:
    """Whether one address may stand for another: a broken template makes all pages give the site's first one."""
    given, own = urlsplit(link), urlsplit(address)
    hosts = [(parts.hostname or "").removeprefix("www.") for parts in (given, own)]
    same = hosts[0] == hosts[1] or any(one.endswith(f".{other}") for one, other in (hosts, reversed(hosts)))
    return same and (given.path.strip("/") != "" or given.query != "" or own.path.strip("/") == "")


def _images(meta: Metadata, base: str | None) -> Iterator[Image]:
    words = _first(meta, "og:image:alt twitter:image:alt")
    for url in meta.get("og:image", ())[:1] or meta.get("twitter:image", ())[:1]:
        image = picture(url, words, base)
        if image:
            yield image
