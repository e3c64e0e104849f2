"""Parts of an item on a page: its title, link, date, people and text, by selectors or by how such things look."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from lxml.html import HtmlElement, tostring

from digest.model.source import Selectors
from digest.sources.dom import HEADINGS, INLINE, Place, inner_html, language_of, line_of, outermost, selector
from digest.sources.page_dates import YEAR, DateReader
from digest.sources.page_pieces import Piece, Sketch
from digest.sources.page_stamps import Stamp, stamps_in
from digest.sources.page_words import is_called_title, is_category, is_more, is_small_print
from digest.sources.people import people_in
from digest.sources.pictures import pictures_in
from digest.sources.sanitize import clean_link, plain_line

#: Where an item has more headings, links or dates than these, the first tell what it is.
_MOST = 30
_TITLE = 200
#: A category is said in so many characters.
_CATEGORY = 40
#: A block that says no more than this beside a part belongs to it: “Published: ”, “by ”.
_LABEL = 30
# What stood between a text and the title, date or link that was taken out beside it.
_LEADING = re.compile(r"(^|<(?:p|div|li|td|dd|span|font)\b[^<>]*>)\s*[.,;:|·•–—-]+\s+")
_TRAILING = re.compile(r"\s+[.,;:|·•–—-]+\s*(?=</(?:p|div|li|td|dd)>|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Reads the parts of items, one element after another; what a selector does not name is found by its looks."""

    dates: DateReader
    #: What links are relative to, and the page's own address.
    base: str | None = None
    address: str | None = None
    selectors: Selectors = Selectors(item="")
    #: Whether the first link is good enough, as it is where somebody has said what an item is.
    any_link: bool = False

    def sketch(self, element: HtmlElement) -> Sketch | None:
        """The item that an element encloses, at first sight; None for one without a title."""
        stamp = self._stamp(element)
        place = self._title(element, stamp)
        title = self._words(place) if place is not None else ""
        if place is None or not title:
            return None
        link, more = self._link(element, place)
        return Sketch(
            title=title,
            link=link,
            published=stamp.published if stamp else None,
            element=element,
            title_at=place,
            stamp=stamp,
            more=tuple(more),
        )

    def piece(self, sketch: Sketch) -> Piece:
        """All of an item."""
        element = sketch.element
        people, signed = people_in(element, self.selectors.people)
        others = (stamp for stamp in islice(stamps_in(element, self.dates), _MOST) if self._is_bare(stamp))
        dated = [*([sketch.stamp] if sketch.stamp else []), *others]
        taken = [sketch.title_at, *signed, *sketch.more, *_small_print(element, sketch.title_at)]
        taken += [stamp.element for stamp in dated if stamp.place == "whole"]
        apart = {enclosing(each, element) for each in taken if each is not element}
        silent = {(stamp.element, stamp.place) for stamp in dated if stamp.place != "whole" and self._is_bare(stamp)}
        return Piece(
            title=sketch.title,
            link=sketch.link,
            published=sketch.published,
            people=people,
            categories=_categories(element),
            language=language_of(sketch.title_at),
            html=self._html(element, apart, silent),
            images=pictures_in(tostring(element, encoding="unicode", with_tail=False), self.base),
            leads_on=bool(sketch.more),
        )

    def _is_bare(self, stamp: Stamp) -> bool:
        """Whether what shows a date says nothing else, so that it is no text."""
        if stamp.place == "whole":
            return stamp.element.tag == "time" or self.dates.of(line_of(stamp.element, spaced=True)) is not None
        return self.dates.of((stamp.element.text if stamp.place == "text" else stamp.element.tail) or "") is not None

    def _html(self, element: HtmlElement, apart: Container[HtmlElement], silent: Container[Place]) -> str:
        """The text of an item, without its title, date and people."""
        chosen = list(outermost(selector(self.selectors.text)(element))) if self.selectors.text else []
        if chosen:
            html = "".join(f"<p>{inner_html(each, apart, silent)}</p>" for each in chosen)
        else:
            html = inner_html(element, apart, silent)
        return _TRAILING.sub("", _LEADING.sub(r"\1", html))

    def _stamp(self, element: HtmlElement) -> Stamp | None:
        if self.selectors.date:
            chosen = selector(self.selectors.date)(element)
            return next((stamp for each in chosen if (stamp := self._chosen_stamp(each))), None)
        return min(islice(stamps_in(element, self.dates), _MOST), key=_doubt, default=None)

    def _chosen_stamp(self, element: HtmlElement) -> Stamp | None:
        """The date in an element of which somebody has said that it holds one."""
        stamp = next(stamps_in(element, self.dates), None)
        day = None if stamp else self.dates.within(line_of(element, spaced=True))
        return Stamp(element=element, published=day) if day else stamp

    def _title(self, element: HtmlElement, stamp: Stamp | None) -> HtmlElement | None:
        if self.selectors.title:
            named = next((each for each in selector(self.selectors.title)(element) if line_of(each)), None)
            if named is not None or self.any_link:
                return named
        headings = [each for each in islice(element.iter(*HEADINGS), _MOST) if self._words(each)]
        linked = (each for each in headings if _links_of(each, element))
        if headings:
            return next(linked, headings[0])
        called = (each for each in islice(element.iterdescendants(), 10 * _MOST) if is_called_title(each))
        titled = next((each for each in called if self._may_be_title(each, stamp)), None)
        return titled if titled is not None else self._linked_title(element, stamp)

    def _linked_title(self, element: HtmlElement, stamp: Stamp | None) -> HtmlElement | None:
        """A title that is no heading: the longest link, or of one around several blocks the first of these."""
        links = [each for each in islice(element.iter("a"), _MOST) if self._may_be_title(each, stamp)]
        if links:
            link = links[0] if self.any_link else max(links, key=lambda link: len(line_of(link)))
            blocks = (
                each for each in islice(link.iterdescendants(), _MOST) if not len(each) and each.tag not in INLINE
            )
            return next((each for each in blocks if self._may_be_title(each, stamp)), link)
        # Rows of a table may have nothing but words in their cells.
        named = [*element.iter("dt", "th", "strong", "b"), *(element.iter("td") if element.tag == "tr" else ())]
        return next((each for each in named[:_MOST] if self._may_be_title(each, stamp)), None)

    def _may_be_title(self, element: HtmlElement, stamp: Stamp | None) -> bool:
        line = line_of(element, _TITLE + 1)
        if stamp and stamp.element is element and stamp.place == "whole" and not self._words(element):
            return False
        return 1 < len(line) <= _TITLE and not is_more(line) and not self.dates.of(line)

    def _words(self, element: HtmlElement) -> str:
        """What a title says, without a date that stands beside it."""
        line = plain_line(line_of(element))
        for stamp in stamps_in(element, self.dates) if any(sign.isdecimal() for sign in line) else ():
            shown = line_of(stamp.element)
            if stamp.element is not element and stamp.place == "whole":
                line = line.replace(shown, "", 1)
        return _undated(line.strip(" –—-|·•:"), self.dates)

    def _link(self, element: HtmlElement, title: HtmlElement) -> tuple[str | None, list[HtmlElement]]:
        """Where the whole is, and the links that say no more than that."""
        if self.selectors.link:
            chosen = [a for each in selector(self.selectors.link)(element) for a in _links_of(each, element)]
            return next(self._addresses(chosen), None), []
        links = list(element.iter("a"))
        # The link to the whole stands at the end, or at the beginning.
        more = [each for each in (*links[:_MOST], *links[_MOST:][-_MOST:]) if is_more(line_of(each, _TITLE))]
        given = [*_links_of(title, element), *more, *_lone(element, links), *_pictured(links)]
        given += links if self.any_link else []
        led = [each for each in more if next(self._addresses([each]), None)]
        return next(self._addresses(given), None), led

    def _addresses(self, links: list[HtmlElement]) -> Iterator[str]:
        for each in links:
            href = each.get("href", "").strip()
            link = clean_link(href, self.base)
            # A link to the page itself leads nowhere, unless to a place on it.
            if link and href not in ("", "#") and link != self.address:
                yield link


def _doubt(stamp: Stamp) -> tuple[bool, bool, bool]:
    """How likely another date is the better one: what was changed, or stands in the text, comes last."""
    marked = stamp.element.tag == "time" or "date" in stamp.element.get("class", "").lower()
    return stamp.changed, stamp.place == "tail", not marked


def _links_of(element: HtmlElement, item: HtmlElement) -> list[HtmlElement]:
    """The links in an element, then the one around it, no farther out than the item is."""
    found = [each for each in islice(element.iter("a"), _MOST) if each.get("href")]
    for each in chain([element], element.iterancestors()):
        if each.tag == "a" and each.get("href") and each is not element:
            found.append(each)
        if each is item:
            break
    return found


def _lone(element: HtmlElement, links: list[HtmlElement]) -> list[HtmlElement]:
    """The link that fills the last paragraph that has one."""
    around = links[-1].getparent() if links else None
    lone = around is not None and around is not element and line_of(links[-1]) == line_of(around)
    return links[-1:] if lone else []


def _pictured(links: list[HtmlElement]) -> Iterator[HtmlElement]:
    """Links that are pictures without words."""
    return (each for each in links[:_MOST] if next(each.iter("img"), None) is not None and not line_of(each, 4))


def _categories(element: HtmlElement) -> tuple[str, ...]:
    marked = (each for each in element.iterdescendants("a", "span", "li", "p", "div") if is_category(each))
    lines = (line_of(each, _CATEGORY + 1) for each in marked)
    return tuple(dict.fromkeys(line for line in lines if line and len(line) <= _CATEGORY and not YEAR.search(line)))[
        :20
    ]


def _small_print(element: HtmlElement, title: HtmlElement) -> Iterator[HtmlElement]:
    """What is shown beside a text and is none of it: its tags, its date and author, the words below a picture."""
    above = {title, *title.iterancestors()}
    for each in element.iterdescendants():
        called = each.tag == "figcaption" or is_category(each) or is_small_print(each)
        if called and each not in above and len(line_of(each, _TITLE + 1)) <= _TITLE:
            yield each


def enclosing(element: HtmlElement, item: HtmlElement) -> HtmlElement:
    """The largest element around one that says no more than it does but for a label."""
    length = len(line_of(element))
    around = element.getparent()
    while around is not None and around is not item and around.tag not in ("body", "html"):
        longer = len(line_of(around, length + _LABEL + 1)) > length + _LABEL
        if longer or any(each is not element and line_of(each, 4) for each in around):
            break
        element, around = around, around.getparent()
    return element


def _undated(title: str, dates: DateReader) -> str:
    """A title without the date that some put before it or behind it."""
    before = re.match(r"(.{6,40}?)\s*(?::|\||\s[–—-])\s+(.+)", title)
    if before and dates.of(before[1]):
        return before[2]
    behind = re.match(r"(.+?)\s*(?:[|,(]|\s[–—-])\s*(.{6,40}?)\)?$", title)
    if behind and dates.of(behind[2]):
        return behind[1]
    return "" if dates.of(title) else title
