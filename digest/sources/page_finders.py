"""Finders: the ways in which the items of a page are found where nobody has said where they are."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from lxml.html import HtmlElement

from digest.errors import UnreadableSource
from digest.model.source import Selectors
from digest.sources import linked_data, page_shapes
from digest.sources.dom import HEADINGS, base_of, language_of, outermost, selected
from digest.sources.page_chrome import main_of, take_out_chrome
from digest.sources.page_dates import DateReader, reader_for
from digest.sources.page_parts import Parts
from digest.sources.page_pieces import Piece, Sketch
from digest.sources.page_shapes import MOST_ITEMS

#: The share of the best finder's worth at which one is preferred that knows rather than sees.
_TRUSTED = 0.75
_NUMERIC_DATE = re.compile(r"(?<!\d)\d{1,2}([/-])\d{1,2}\1\d{4}(?!\d)")
_TYPES = ", ".join(f"[itemtype$='schema.org/{name}']" for name in sorted(linked_data.PIECES))
#: Vocabularies that pages are marked up in: microdata, microformats 2, and the older hAtom.
_VOCABULARIES = (
    Selectors(
        item=_TYPES,
        title="[itemprop~=headline]",
        date="[itemprop~=datePublished]",
        text="[itemprop~=articleBody], [itemprop~=description]",
        people="[itemprop~=author]",
    ),
    Selectors(
        item=".h-entry",
        title=".p-name",
        link=".u-url",
        date=".dt-published",
        text=".e-content, .p-summary",
        people=".p-author",
    ),
    Selectors(
        item=".hentry",
        title=".entry-title",
        date=".published, .entry-date",
        text=".entry-content, .entry-summary",
        people=".author",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page made ready to be looked at."""

    tree: HtmlElement
    #: All of its elements. lxml makes an element anew whenever it is asked for one that nobody holds.
    held: Sequence[HtmlElement]
    address: str | None
    #: What its links are relative to.
    base: str | None
    language: str
    dates: DateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What one finder found: sketches of items, and what makes pieces of them."""

    parts: Parts
    sketches: Sequence[Sketch]

    def pieces(self) -> list[Piece]:
        """The items, whole."""
        return [self.parts.piece(sketch) for sketch in self.sketches]


def page_of(tree: HtmlElement, address: str | None) -> Page:
    """The page in a tree, with its language and how it writes dates."""
    language = next((given for tag in ("html", "body") for each in tree.iter(tag) if (given := language_of(each))), "")
    numbers = (found[0] for found in _NUMERIC_DATE.finditer(str(tree.text_content())))
    dates = reader_for(language).settled(numbers)
    held = list(tree.iter())
    base = base_of(tree, address)
    return Page(tree=tree, held=held, address=address, base=base, language=language, dates=dates)


def found_on(page: Page) -> list[Piece]:
    """The items of the best finder; UnreadableSource when the page has no repeated ones.

    The best is the one that finds the most of titles, links and dates; among those that come near it, the one that
    relies most on what the page says of itself and least on its looks.
    """
    told = linked_data.pieces_of(linked_data.things_of(page.tree), page.base)
    take_out_chrome(page.tree)
    main = main_of(page.tree)
    seen = _seen(page, main) or (_seen(page, page.tree) if main is not page.tree else [])
    worths = [_worth(find.sketches) for find in seen]
    best = max([_worth(told), *worths])
    if not best:
        remedy = "Give the address of its feed, or selectors for its parts, or add it as one article."
        raise UnreadableSource("no list of news can be made out on the page.", remedy=remedy)
    if _worth(told) >= _TRUSTED * best:
        return _completed(told, seen)
    return next(find for find, worth in zip(seen, worths, strict=True) if worth >= _TRUSTED * best).pieces()


def _seen(page: Page, tree: HtmlElement) -> list[Find]:
    """What each finder that looks at elements finds in a part of the page, in the order of trust."""
    return [find for find in chain(_marked(page, tree), _shaped(page, tree)) if _worth(find.sketches)]


def _marked(page: Page, tree: HtmlElement) -> Iterator[Find]:
    for vocabulary in _VOCABULARIES:
        yield _find(page, outermost(selected(tree, vocabulary.item)), vocabulary)


def _shaped(page: Page, tree: HtmlElement) -> Iterator[Find]:
    known: set[tuple[HtmlElement, ...]] = set()
    for finder in (page_shapes.articles, page_shapes.dated, page_shapes.headed):
        for elements in finder(tree, page.dates):
            if tuple(elements) not in known:
                known.add(tuple(elements))
                yield _find(page, elements, Selectors(item=""))


def _find(page: Page, elements: Iterable[HtmlElement], selectors: Selectors) -> Find:
    parts = Parts(dates=page.dates, base=page.base, address=page.address, selectors=selectors)
    sketches = [sketch for element in islice(elements, MOST_ITEMS) if (sketch := parts.sketch(element))]
    firm = [number for number, sketch in enumerate(sketches) if sketch.link or sketch.published]
    # Among others, a heading with a text is an item, too; before and after them, it may be anything.
    inner = sketches[firm[0] : firm[-1] + 1] if firm else []
    kept = [each for each in inner if each.link or each.published or each.title_at.tag in HEADINGS]
    return Find(parts=parts, sketches=kept)


def _worth(found: Sequence[Piece | Sketch]) -> int:
    """How much of titles, links and dates was found; nothing if it can be no list: too few, or all called alike."""
    if len(found) < 2 or len({each.title for each in found}) <= len(found) / 2:
        return 0
    return sum(1 + bool(each.link) + bool(each.published) for each in found)


def _completed(told: Sequence[Piece], seen: Sequence[Find]) -> list[Piece]:
    """What the page tells as data, with the text and the date that it shows for the same address."""
    shown = {sketch.link: (find.parts, sketch) for find in reversed(seen) for sketch in find.sketches if sketch.link}
    return [
        _joined(each, shown[each.link][0].piece(shown[each.link][1])) if each.link in shown else each for each in told
    ]


def _joined(told: Piece, shown: Piece) -> Piece:
    return replace(
        told,
        published=told.published or shown.published,
        people=told.people or shown.people,
        categories=told.categories or shown.categories,
        language=told.language or shown.language,
        html=told.html or shown.html,
        images=(*told.images, *shown.images),
        leads_on=shown.leads_on and not told.html,
    )
