"""Linked data: what a page says of its pieces as JSON (schema.org in JSON-LD)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from html import unescape

from lxml.html import HtmlElement

from digest.model.item import Image
from digest.sources.dom import DATA
from digest.sources.page_dates import machine_date
from digest.sources.page_pieces import Piece
from digest.sources.pictures import picture
from digest.sources.sanitize import clean_line, clean_link, text_to_html
from digest.sources.whole import clean_lines

Thing = Mapping[str, object]

_PIECES = """
    Article NewsArticle BlogPosting Report ScholarlyArticle TechArticle SocialMediaPosting LiveBlogPosting
    AnalysisNewsArticle AskPublicNewsArticle BackgroundNewsArticle OpinionNewsArticle ReportageNewsArticle
    ReviewNewsArticle MedicalScholarlyArticle SatiricalArticle DiscussionForumPosting PressRelease
"""
#: What schema.org calls a piece to be read.
PIECES = frozenset(_PIECES.split())
#: Where pieces stand within other things; what is cited, mentioned or commented on is not the page's own.
_WITHIN = ("@graph", "itemListElement", "item", "mainEntity", "blogPost", "blogPosts", "hasPart", "dataFeedElement")
_MOST_THINGS = 5_000
_MOST_CHARACTERS = 2_000_000


def things_of(tree: HtmlElement) -> list[Thing]:
    """Everything that the page describes, in its order; broken JSON is passed over."""
    found: list[Thing] = []
    for script in tree.iter("script"):
        if script.get("type", "").strip().lower().startswith(DATA):
            found.extend(_walked(_loaded(script.text or "")))
    return found[:_MOST_THINGS]


def pieces_of(things: Iterable[Thing], base: str | None) -> list[Piece]:
    """The pieces with a title and a link, in the order that the page gives them."""
    listed = list(things)
    known = by_id(listed)
    pieces = (_piece(thing, known, base) for thing in listed if is_piece(thing) or _is_entry(thing))
    return [piece for piece in pieces if piece.title and piece.link]


def by_id(things: Iterable[Thing]) -> Mapping[str, Thing]:
    """The things by what they are called elsewhere; the fullest where several are called the same."""
    known: dict[str, Thing] = {}
    for thing in things:
        name = thing.get("@id")
        if isinstance(name, str) and len(thing) > len(known.get(name, ())):
            known[name] = thing
    return known


def is_piece(thing: Thing) -> bool:
    """Whether it is something to be read."""
    return not PIECES.isdisjoint(_types(thing))


def text_of(thing: Thing, *names: str) -> str:
    """The first of its texts that it has under one of the names, as one clean line."""
    return next((line for name in names if (line := clean_line(_text(thing.get(name))))), "")


def people_of(thing: Thing, known: Mapping[str, Thing]) -> tuple[str, ...]:
    """Who wrote it."""
    return clean_lines(_text(_resolved(one, known)) for one in _several(thing.get("author") or thing.get("creator")))


def images_of(thing: Thing, known: Mapping[str, Thing], base: str | None) -> tuple[Image, ...]:
    """Its pictures with their words."""
    given = (_resolved(one, known) for one in _several(thing.get("image") or thing.get("thumbnailUrl")))
    return tuple(image for one in given if (image := _image(one, base)))[:12]


def categories_of(thing: Thing) -> tuple[str, ...]:
    """What it is filed under."""
    return clean_lines(_text(one) for one in (*_several(thing.get("articleSection")), *_split(thing.get("keywords"))))


def published_of(thing: Thing) -> date | datetime | None:
    """When it was published; that something was changed is another matter."""
    return machine_date(_text(thing.get("datePublished")))


def link_of(thing: Thing, base: str | None) -> str | None:
    """Where it is."""
    page = thing.get("mainEntityOfPage")
    of_page = page.get("@id") or page.get("url") if isinstance(page, Mapping) else page
    given = (thing.get("url"), of_page, thing.get("@id"))
    return next((link for each in given if isinstance(each, str) and (link := clean_link(each, base))), None)


def paragraphs_of(thing: Thing) -> str:
    """Its whole text as HTML; empty where the data leave it out."""
    body = unescape(_text(thing.get("articleBody")))
    return text_to_html(line for line in body.splitlines() if line.strip())


def _piece(thing: Thing, known: Mapping[str, Thing], base: str | None) -> Piece:
    whole = known.get(str(thing.get("@id")), thing)
    return Piece(
        title=text_of(whole, "headline", "name"),
        link=link_of(whole, base),
        published=published_of(whole),
        people=people_of(whole, known),
        categories=categories_of(whole),
        language=_text(whole.get("inLanguage")),
        html=paragraphs_of(whole),
        lead=text_of(whole, "description", "abstract"),
        images=images_of(whole, known, base),
    )


def _loaded(text: str) -> object:
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        return json.loads(text.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _walked(document: object) -> Iterator[Thing]:
    """The things in a document, each before what is within it."""
    waiting = [document]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, list):
            waiting.extend(reversed(_in_position(thing)))
        elif isinstance(thing, Mapping):
            if not _types(thing).isdisjoint({"BreadcrumbList", "SiteNavigationElement", "WPHeader", "WPFooter"}):
                continue
            yield thing
            waiting.extend(thing[name] for name in reversed(_WITHIN) if name in thing)


def _in_position(entries: list[object]) -> list[object]:
    """The entries of a list by the positions they claim, if all do."""
    places = [one.get("position") if isinstance(one, Mapping) else None for one in entries]
    numbers = [int(place) for place in places if isinstance(place, int | str) and str(place).isdecimal()]
    if len(numbers) != len(entries):
        return entries
    return [entry for _, entry in sorted(zip(numbers, entries, strict=True), key=lambda pair: pair[0])]


def _is_entry(thing: Thing) -> bool:
    """Whether it is an entry of a list that tells its title and address itself."""
    return "ListItem" in _types(thing) and "item" not in thing


def _types(thing: Thing) -> set[str]:
    return {one.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for one in _several(thing.get("@type")) if isinstance(one, str)}


def _several(value: object) -> list[object]:
    return value[:100] if isinstance(value, list) else [] if value is None else [value]


def _split(value: object) -> list[object]:
    return list(value.split(",")) if isinstance(value, str) else _several(value)


def _resolved(value: object, known: Mapping[str, Thing]) -> object:
    """The thing that is meant where only its name is given."""
    name = value.get("@id") if isinstance(value, Mapping) else None
    return known.get(name, value) if isinstance(name, str) else value


def _text(value: object) -> str:
    """A text, be it bare, the first of several, or a thing's name."""
    if isinstance(value, list):
        return _text(value[0]) if value and not isinstance(value[0], list) else ""
    if isinstance(value, Mapping):
        name = value.get("name") or value.get("@value")
        return name if isinstance(name, str) else ""
    return value if isinstance(value, str) else ""


def _image(value: object, base: str | None) -> Image | None:
    if isinstance(value, Mapping):
        url = value.get("url") or value.get("contentUrl")
        words = next((text for name in ("caption", "description") if (text := _text(value.get(name)))), "")
        return picture(url, words, base) if isinstance(url, str) else None
    return picture(value, "", base) if isinstance(value, str) else None
