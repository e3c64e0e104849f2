"""Pages as trees: parsed once, of bounded size and depth, and asked in the few ways that readers need."""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from copy import deepcopy
from functools import lru_cache
from html import escape
from typing import Literal

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement, HTMLParser, document_fromstring, tostring

from digest.errors import UnreadableSource
from digest.sources.decoding import decode
from digest.sources.sanitize import clean_link, fold

#: No page that lists news, and no article, has more elements.
MOST_PARTS = 20_000
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
#: Where schema.org's JSON stands, the one kind of script that says something about the page.
DATA = "application/ld+json"

_UNSHOWN = ("style", "template", "noscript", "iframe", "object", "svg", "math", "textarea", "select", "button")
_INLINE = """
    a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd label mark q s samp small span strike strong
    sub sup time tt u var wbr
"""
#: What stands in a line of text.
INLINE = frozenset(_INLINE.split())
#: Text that stands in an element beside others: at its beginning, or after it.
Place = tuple[HtmlElement, Literal["text", "tail"]]

_SEPARATOR = re.compile(r"\s*[–—|:·•»/-]+\s*")
#: No honest element has longer ones, and they are looked through often.
_NAMES, _LONGEST_NAMES = ("class", "id", "itemprop", "rel"), 2_000
# Signs that a tree could not be given back, as themselves or as numbers.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]"
    r"|&#0*(?:[0-8]|1[124-9]|2\d|3[01]|127|6553[45])(?!\d);?"
    r"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF]|[fF]{3}[efEF])(?![0-9a-fA-F]);?"
)
_SPACE = " \t\n\r\f"
# HTML's own rules for what a tag is. The parser compares each attribute of a tag with all others of it, so a tag of
# a hundred thousand would keep it busy for minutes; what is beyond the first few hundred is taken out before.
_ATTRIBUTE = (
    rf"""(?:[{_SPACE}/]++|=?[^{_SPACE}/>=]++(?:[{_SPACE}]*+=[{_SPACE}]*+(?:"[^"]*+"|'[^']*+'|[^{_SPACE}>]*+))?|=)"""
)
_TAG = re.compile(rf"(<[a-zA-Z][^{_SPACE}/>]*+{_ATTRIBUTE}{{0,500}}+){_ATTRIBUTE}*+")


def parse(data: bytes, *, charset: str = "", most: int = MOST_PARTS) -> HtmlElement:
    """The page as a tree, without what nobody is shown; UnreadableSource for what is none, too large or too deep.

    lxml, as other parts bring it along anyway and as it stops at 256 nested elements; selectolax is twice as fast on
    honest pages, but takes minutes for one of open tags alone.
    """
    text = _CONTROLS.sub("", decode(data, charset))
    if text.count("<") > 4 * most:
        raise _too_large(most)
    # The text is what counts, not the charset it declares; and the parser is new, as it keeps a log.
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree: HtmlElement = document_fromstring(_TAG.sub(r"\1", text).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as exc:
        raise UnreadableSource("it is no HTML page.", remedy="Check its address in a browser.") from exc
    _refuse_deep(parser)
    _take_out_unshown(tree)
    if sum(1 for _ in tree.iter()) > most:
        raise _too_large(most)
    return tree


def _too_large(most: int) -> UnreadableSource:
    what = f"the page is made of more than {most:,} parts."
    return UnreadableSource(what, remedy="Give a page with fewer entries, or its feed.")


def _refuse_deep(parser: HTMLParser) -> None:
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        what = "the page nests its parts deeper than 256."
        raise UnreadableSource(what, remedy="Give the address of its feed, or tell its makers to close their tags.")


def _take_out_unshown(tree: HtmlElement) -> None:
    etree.strip_elements(tree, *_UNSHOWN, with_tail=False)
    for element in tree.iter():
        for name in _NAMES:
            if len(element.get(name, "")) > _LONGEST_NAMES:
                del element.attrib[name]
    for script in list(tree.iter("script")):
        if not (script.get("type") or "").strip().lower().startswith(DATA) and script.getparent() is not None:
            script.drop_tree()


def base_of(tree: HtmlElement, base: str | None) -> str | None:
    """What the page's links are relative to: its own `base`, else its address."""
    given = next((found.get("href", "") for found in tree.iter("base") if found.get("href")), "")
    return clean_link(given, base) or base


def language_of(element: HtmlElement) -> str:
    """The language of an element by its own word or that of the nearest around it; empty when none is given."""
    for each in (element, *element.iterancestors()):
        if given := each.get("lang") or each.get("{http://www.w3.org/XML/1998/namespace}lang") or each.get("xml:lang"):
            return str(given).strip().replace("_", "-")
    return ""


def selected(tree: HtmlElement, css: str) -> list[HtmlElement]:
    """The elements that a CSS selector means, in the page's order; UnreadableSource when it is none."""
    return selector(css)(tree)


@lru_cache(maxsize=256)
def selector(css: str) -> Callable[[HtmlElement], list[HtmlElement]]:
    """A CSS selector made ready to be asked many times; UnreadableSource when it is none."""
    try:
        asked = CSSSelector(css, translator="html")
        asked(etree.Element("html"))
    except (etree.LxmlError, SelectorError, ValueError, RecursionError) as exc:
        remedy = "Write it as “.news li” or “article h2 a”."
        raise UnreadableSource(
            f"“{css[:80]}” is no CSS selector, or none that can be used here.", remedy=remedy
        ) from exc

    def found(element: HtmlElement) -> list[HtmlElement]:
        answer = asked(element)
        return [each for each in answer if isinstance(each, HtmlElement)] if isinstance(answer, list) else []

    return found


def line_of(element: HtmlElement, most: int = 300, *, spaced: bool = False) -> str:
    """Its text in one line, of which no more than about `most` characters are looked at; blocks are parted by a space.

    `spaced` parts inline elements as well, as in “<b>3</b><b>May</b>”.
    """
    said: list[str] = []
    length = 0
    for text in _texts(element, spaced=spaced):
        said.append(text[: most + 1])
        # White space alone would let a hostile page be walked through for each of its elements.
        length += max(1, len(text))
        if length > 2 * most:
            break
    return fold("".join(said))[:most]


def _texts(element: HtmlElement, *, spaced: bool) -> Iterator[str]:
    for event, node in etree.iterwalk(element, events=("start", "end")):
        apart = spaced or node.tag not in INLINE
        if event == "start":
            yield " " if apart else ""
            yield (node.text or "") if node.tag != "script" else ""
        elif node is not element:
            yield " " if apart else ""
            yield node.tail or ""


def classes_of(element: HtmlElement) -> list[str]:
    """The names of its classes, in lower case."""
    return list(element.get("class", "").lower().split())


def outermost(elements: Iterable[HtmlElement]) -> Iterator[HtmlElement]:
    """Those of some elements, given in the page's order, that do not stand within another of them."""
    last: HtmlElement | None = None
    for each in elements:
        if last is None or all(around is not last for around in each.iterancestors()):
            last = each
            yield each


def inner_html(element: HtmlElement, without: Container[HtmlElement] = (), silent: Container[Place] = ()) -> str:
    """The HTML within an element, without some of the elements and bare texts in it; the tree stays as it is."""
    copied = deepcopy(element)
    twins = list(zip(element.iter(), copied.iter(), strict=True))
    for each, twin in twins:
        twin.text = None if (each, "text") in silent else twin.text
        twin.tail = None if (each, "tail") in silent else twin.tail
    for each, twin in twins:
        if each in without and twin is not copied and twin.getparent() is not None:
            # A dash or a bar stood between it and what follows.
            twin.tail = " " if _SEPARATOR.fullmatch(twin.tail or "") else twin.tail
            twin.drop_tree()
    return escape(copied.text or "", quote=False) + "".join(tostring(child, encoding="unicode") for child in copied)


def gathered(elements: Iterable[HtmlElement]) -> HtmlElement:
    """A new `div` with copies of elements that stand side by side, for a page whose items have no element each."""
    div: HtmlElement = document_fromstring("<div></div>").find(".//div")
    div.extend([deepcopy(each) for each in elements])
    return div
