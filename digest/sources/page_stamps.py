"""Date stamps: the places on a page that show when something was published."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from typing import Literal

from lxml.html import HtmlElement

from digest.sources.dom import INLINE, line_of
from digest.sources.page_dates import LINE, YEAR, DateReader, machine_date

#: An element with more in it than these is no stamp.
_MOST_WITHIN = 12
#: So many characters before a date, or at the beginning of its line, say what it is of.
_BEGINNING = 30
#: A date is no deeper in the element that shows it.
_MOST_AROUND = 4
#: Words beside a date in the same paragraph that make it part of a sentence.
_SENTENCE = 60
_CALLED = re.compile(r"date|time|publish|posted|created|submitted|meta|byline|stamp|info|issued|updated", re.IGNORECASE)
_CHANGED = re.compile(r"updated|modified|changed|edited", re.IGNORECASE)
_EDGES = " \t\r\n–—-:|·•»,()[]/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One date where it is shown."""

    element: HtmlElement
    published: date | datetime
    #: What of the element it is: all of it, the text at its beginning, or the text after it.
    place: Literal["whole", "text", "tail"] = "whole"
    #: Says that something was changed rather than published.
    changed: bool = False


def stamps_in(element: HtmlElement, reader: DateReader) -> Iterator[Stamp]:
    """All date stamps within an element, itself included, in the page's order; none within another."""
    likely = _likely(element)
    skipped = 0
    for each in element.iter() if likely else ():
        if skipped:
            skipped -= 1
        elif each in likely:
            stamp = stamp_of(each, reader)
            if stamp:
                skipped = sum(1 for _ in each.iter()) - 1
                yield stamp
            else:
                yield from _beside(each, element, reader)


def _likely(element: HtmlElement) -> set[HtmlElement]:
    """The elements that may be stamps: with a year in their text or in an attribute made for dates."""
    found: set[HtmlElement] = set()
    for each in element.iter():
        if YEAR.search(each.text or "") or any(each.get(name) for name in ("datetime", "content", "title")):
            found.update(_upward(each, element))
        if each is not element and YEAR.search(each.tail or ""):
            found.add(each)
            found.update(_upward(each.getparent(), element))
    return found


def _upward(element: HtmlElement, root: HtmlElement) -> Iterator[HtmlElement]:
    """An element and the few around it that may still say nothing but a date."""
    for each in islice(chain([element], element.iterancestors()), _MOST_AROUND):
        yield each
        if each is root:
            return


def stamp_of(element: HtmlElement, reader: DateReader) -> Stamp | None:
    """The stamp that an element is, as machines or as people read it."""
    published = _by_machine(element) or (_by_people(element, reader) if _is_small(element) else None)
    if published is None:
        return None
    said = f"{element.get('class', '')} {element.get('itemprop', '')} {_label(element)} {line_of(element, _BEGINNING)}"
    return Stamp(element=element, published=published, changed=_CHANGED.search(said) is not None)


def _by_machine(element: HtmlElement) -> date | datetime | None:
    """What stands in the attributes that are there for it."""
    if element.get("datetime") and element.tag not in ("del", "ins"):
        return machine_date(element.get("datetime", ""))
    if element.tag == "abbr" and element.get("title"):
        return machine_date(element.get("title", ""))
    if "date" in element.get("itemprop", "").lower():
        return machine_date(element.get("content", ""))
    return None


def _is_for_machines(element: HtmlElement) -> bool:
    return element.tag == "time" or element.get("datetime") is not None or "date" in element.get("itemprop", "").lower()


def _by_people(element: HtmlElement, reader: DateReader) -> date | None:
    """What it says; in a sentence only where it is marked up as a date."""
    if any(_is_for_machines(each) for each in element.iterdescendants()):
        return None
    line = line_of(element, LINE + 1)
    if len(line) > LINE or not any(sign.isdecimal() for sign in line):
        return None
    spaced = line_of(element, LINE + 1, spaced=True) if len(element) else line
    if day := reader.of(line) or (reader.of(spaced) if spaced != line else None):
        return None if _is_in_sentence(element, line) else day
    if any(each.tag not in INLINE for each in element.iterdescendants()):
        return None
    if element.tag == "time" or _CALLED.search(f"{element.get('class', '')} {element.get('id', '')}"):
        return reader.within(spaced)
    # Of others that hold more than text, the text alone is looked at.
    return reader.among(line) if not len(element) and not _is_in_sentence(element, line) else None


def _is_small(element: HtmlElement) -> bool:
    # Counting stops as soon as there are too many.
    return next(islice(element.iter(), _MOST_WITHIN, None), None) is None


def _is_in_sentence(element: HtmlElement, line: str) -> bool:
    around = element.getparent()
    if element.tag not in INLINE or element.tag == "time" or around is None:
        return False
    return len(line_of(around, len(line) + 2 * _SENTENCE)) - len(line) > _SENTENCE and bool(
        (element.tail or "").strip(_EDGES) or (around.text or "").strip(_EDGES)
    )


def _beside(element: HtmlElement, root: HtmlElement, reader: DateReader) -> Iterator[Stamp]:
    """Dates that stand in an element beside others: “3 May 2014 – <a>Title</a>”, “<a>Title</a> (3 May 2014)”."""
    if len(element) and (day := _bare(element.text, reader)):
        yield Stamp(element=element, published=day, place="text")
    if element is not root and (day := _bare(element.tail, reader)):
        yield Stamp(element=element, published=day, place="tail")


def _bare(text: str | None, reader: DateReader) -> date | None:
    return reader.among(text.strip(_EDGES)) if text and len(text) <= LINE else None


def _label(element: HtmlElement) -> str:
    """What stands before it: “Updated: ”."""
    before, around = element.getprevious(), element.getparent()
    if before is None:
        return (around.text or "")[-_BEGINNING:] if around is not None else ""
    # A block before it is a matter of its own, unless it is the term that this defines.
    named = before.tag in INLINE or before.tag in ("dt", "th")
    return (before.tail or "").strip()[-_BEGINNING:] or (line_of(before, _BEGINNING) if named else "")
