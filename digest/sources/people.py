"""People on pages: who wrote a piece, where the page marks it."""

import re
from collections.abc import Collection
from itertools import islice

from lxml.html import HtmlElement

from digest.sources.captured_people import bare_name
from digest.sources.dom import line_of, outermost, selector
from digest.sources.whole import clean_lines

_MARKED = (
    "[rel~=author], [itemprop~=author], .p-author, .author.vcard, .byline-author, .author-name, .author, .byline, "
    ".post-author, .entry-author, .article-author, a[href*='/author/']"
)
#: The name itself within a card of its owner.
_NAME = ".fn, .p-name, [itemprop~=name], [rel~=author]"
_BY = re.compile(
    r"^(?:(?:written|posted|published|words|reported)\s+)?(?:by|par|von|por|gan|di|door|av|door|autor(?:in)?|author|auteur)"
    r"\s*:?\s+|^(?:بقلم|مאת)\s*:?\s*",
    re.IGNORECASE,
)
_LINES = ("p", "span", "div", "em", "small")
_LONGEST = 120
#: Where there are more, they are no authors.
_MOST = 30
#: What stands behind a name in a byline: its date, its section.
_BEHIND = re.compile(r"\s+(?:[|·•]|on|in|posted|published)\s+.*|\s*[|·•].*|,?\s+\d.*")
_LINE = re.compile(r"(?:(?:written|posted|published)\b.{0,40}?\s)?by:?\s+(?=\S)", re.IGNORECASE)


def people_in(
    element: HtmlElement, css: str = "", *, near: Collection[HtmlElement] | None = None
) -> tuple[tuple[str, ...], list[HtmlElement]]:
    """Who wrote what an element holds, by a selector or by the usual marks, and the elements that say so.

    With `near`, only these are looked at.
    """
    chosen = (each for each in selector(css or _MARKED)(element) if near is None or each in near)
    marked = (each for each in chosen if line_of(each, _LONGEST + 1))
    signed = list(islice(outermost(marked), _MOST))
    if not signed and not css:
        likely = element.iter(*_LINES) if near is None else (each for each in near if each.tag in _LINES)
        signed = [each for each in islice(likely, _MOST) if _is_byline(each)][:1]
    names = [name for each in signed for name in _names(each)]
    return clean_lines(names), signed


def names_of(line: str) -> list[str]:
    """The names in “by Ann Lee and Dr Bo Rae”; what is no list of persons' names is one name."""
    said = _BEHIND.sub("", _LINE.sub("", _BY.sub("", line), count=1).strip()).strip(" ,;.")
    parts = [part.strip() for part in re.split(r",\s*(?:and\s+)?|\s+and\s+|\s*[&;]\s*", said)]
    if len(parts) > 1 and all(bare_name(part) for part in parts):
        return parts
    return [said] if said and len(said) <= _LONGEST else []


def _names(element: HtmlElement) -> list[str]:
    inner = list(islice(outermost(each for each in selector(_NAME)(element) if each is not element), _MOST))
    return [name for each in inner or [element] for name in names_of(line_of(each, 2 * _LONGEST))]


def _is_byline(element: HtmlElement) -> bool:
    line = line_of(element, _LONGEST + 1)
    return len(line) <= _LONGEST and _LINE.match(line) is not None and all(map(bare_name, names_of(line) or [""]))
