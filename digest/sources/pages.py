"""Pages: HTML that lists news, read by selectors, by what it says of itself, or by its looks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import islice

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.model.source import Selectors
from digest.sources.dom import outermost, parse, selected, selector
from digest.sources.page_finders import Page, found_on, page_of
from digest.sources.page_parts import Parts
from digest.sources.page_pieces import Piece
from digest.sources.page_shapes import MOST_ITEMS
from digest.sources.sanitize import count_words
from digest.sources.whole import clean_lines, whole_item

#: A text with a link to the whole and fewer words than these is only its beginning.
WHOLE = 120
#: So few words beside a title and a link are a label, not a text, unless they are a sentence.
_LABEL = 3
_SENTENCE = re.compile(r"[.!?…。؟।](?:<[^>]*>|\W)*$")
_CUT_OFF = re.compile(r"(?:…|\.\.\.|\[\s*(?:…|\.\.\.)\s*\])\W*$")


def read(
    data: bytes, *, base: str | None = None, charset: str = "", selectors: Selectors | None = None
) -> list[FoundItem]:
    """The items of a page in its order, at most the first thousand; by selectors if there are any, exactly by these.

    UnreadableSource for a page without repeated items, and for a selector that is none or finds nothing.
    """
    page = page_of(parse(data, charset=charset), base)
    pieces = _selected(page, selectors) if selectors else found_on(page)
    items = [_item(piece, page) for piece in _each_once(pieces) if piece.link or _words(piece.html)]
    if not items:
        raise UnreadableSource("no item of the page has a text or a link.", remedy="Give selectors for its parts.")
    return items


def _selected(page: Page, selectors: Selectors) -> list[Piece]:
    """The items that the selectors mean; UnreadableSource names one that means nothing."""
    elements = list(islice(outermost(selected(page.tree, selectors.item)), MOST_ITEMS))
    if not elements:
        remedy = "Look at the page’s HTML and correct it, or leave the selectors out to have the items found."
        raise UnreadableSource(f"the selector “{selectors.item}” for an item finds nothing.", remedy=remedy)
    for part in ("title", "link", "date", "text", "people"):
        css = getattr(selectors, part)
        if css and not any(selector(css)(element) for element in elements):
            remedy = f"Correct it, or leave it out to have the {part} found."
            raise UnreadableSource(f"the selector “{css}” finds no {part} in any item.", remedy=remedy)
    parts = Parts(dates=page.dates, base=page.base, address=page.address, selectors=selectors, any_link=True)
    pieces = [parts.piece(sketch) for element in elements if (sketch := parts.sketch(element))]
    if not pieces:
        what = f"nothing that the selector “{selectors.item}” finds has a title."
        raise UnreadableSource(what, remedy="Give a selector for the title.")
    return pieces


def _each_once(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Each piece where it is first; a page may show its newest at its top and in its list."""
    shared = {link for link, number in Counter(piece.link for piece in pieces).items() if number > len(pieces) / 2}
    seen: set[str] = set()
    for piece in pieces:
        # What most of them lead to is the address of none.
        own = replace(piece, link=None) if len(pieces) > 1 and piece.link in shared else piece
        known_by = own.link or own.title
        if known_by not in seen:
            seen.add(known_by)
            yield own


def _item(piece: Piece, page: Page) -> FoundItem:
    html = piece.html
    words = _words(html)
    if words <= _LABEL and piece.link and not _SENTENCE.search(html):
        html = f"<p>{escape(piece.lead)}</p>" if piece.lead else ""
    return whole_item(
        title=piece.title,
        html=html,
        where=f"“{piece.title}”",
        base=page.base,
        link=piece.link,
        published=piece.published,
        people=piece.people,
        excerpt=bool(html and piece.link) and (words < WHOLE or piece.leads_on or _is_cut_off(html)),
        categories=clean_lines(piece.categories),
        language=piece.language or page.language,
        lead=piece.lead,
        images=piece.images,
    )


def _words(html: str) -> int:
    return count_words(re.sub(r"<[^>]*>", " ", html))


def _is_cut_off(html: str) -> bool:
    return _CUT_OFF.search(re.sub(r"<[^>]*>", " ", html[-400:]).rstrip()) is not None
