"""Chrome of pages: menus, footers, related pieces and the like, which are not the page's news."""

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from digest.sources.dom import HEADINGS, classes_of, line_of

_TAGS = frozenset({"nav", "footer", "aside", "dialog"})
_PARTS = frozenset({"article", "section", "li", "main", "td"})
_CONTAINERS = frozenset({"div", "section", "ul", "ol", "header", "footer", "table", "form"})
_ROLES = frozenset(
    {"navigation", "complementary", "contentinfo", "search", "menu", "dialog", "alert", "banner", "toolbar"}
)
# Names of classes and ids, whole ones: “social-care” is no row of buttons, and “search-results” may be the news.
_NAMES = re.compile(
    r"""
    (?:[\w-]*[-_])?(?:nav|navbar|navigation|menu|breadcrumbs?|side-?bar|pagination|pager)
    | (?:nav|breadcrumbs?|side-?bar|footer|pagination|pager)[-_][\w-]+ | menu[-_](?:main|primary|top|footer|secondary)
    | (?:(?:site|page|global|main)[-_])?footer | colophon | (?:site|global|main)[-_]header | masthead
    | (?:jp-?)?related(?:[-_]?(?:posts?|news|articles?|stories|content|links|pages|items|reading|topics))?(?:[-_]\w+)*
    | yarpp[\w-]* | see[-_]also | you[-_]may[-_]also[-_]like | recommended | recommendations | trending
    | (?:most|recently)[-_]?(?:read|viewed|popular|shared|commented) | popular(?:[-_](?:posts?|articles?|stories|news))?
    | shar(?:e|ing)(?:[-_](?:buttons?|links?|icons?|bar|this))? | sharedaddy | addtoany[\w-]*
    | social[-_](?:share|shares|sharing|links?|media|icons?|nav) | sociable
    | comments?(?:[-_](?:list|area|section|respond|form))? | commentlist | respond | disqus[\w-]*
    | (?:cookies?|gdpr)(?:[-_](?:banner|notice|consent|bar|message|popup))? | consent
    | (?:newsletter|email|mailing)[-_](?:signup|sign-up|form|subscribe) | skip[-_]?(?:to|links?)[\w-]* | tag-?cloud
    """,
    re.VERBOSE,
)
_HEADING = re.compile(
    r"""
    (?:other\s+|view\s+)?related\s+(?:posts?|news|articles?|stories|content|links|pages|items|reading|topics|documents)
    | see\s+also | (?:you\s+)?(?:may|might)\s+also\s+(?:like|be\s+interested\s+in) | you\s+(?:may|might)\s+also\b.{0,30}
    | most\s+(?:read|popular|viewed|shared|commented)\b.{0,20}
    | popular\s+(?:posts?|articles?|stories|news|pages|topics)
    | trending(?:\s+now)? | recommended(?:\s+(?:for\s+you|reading|articles|stories))? | read\s+(?:next|also)
    | (?:(?:upcoming|forthcoming|future|latest|our)\s+)?events(?:\s+(?:calendar|diary))?
    | share\s+this.{0,20} | follow\s+us.{0,20} | in\s+this\s+section | quick\s+links
    | (?:à\s+lire\s+)?(?:aussi|également) | articles?\s+(?:liés|similaires|connexes) | (?:les\s+)?plus\s+lus
    | ähnliche\s+(?:beiträge|artikel|meldungen) | mehr\s+zum\s+thema | meistgelesen
    | straeon\s+cysylltiedig | gweler\s+hefyd | newyddion\s+cysylltiedig
    | (?:artículos|noticias|entradas)\s+relacionad[oa]s | lo\s+más\s+leído
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: No more than this part of a page is taken out at once: a name can be misleading, a half of the page is not.
_MOST = 0.5


def take_out_chrome(tree: HtmlElement) -> None:
    """Take what is not news out of a page; what holds its main part, its first heading or half of it stays."""
    kept = _kept(tree)
    for element in _chrome(tree, kept):
        if element.getparent() is not None:
            element.drop_tree()
    for heading in [each for each in tree.iter(*HEADINGS) if _HEADING.fullmatch(line_of(each, 60).strip(" :"))]:
        _take_out_below(heading, kept)


def main_of(tree: HtmlElement) -> HtmlElement:
    """The part of the page that says of itself that it is the main one; else all of it."""
    named = [each for each in tree.iter() if each.tag == "main" or each.get("role") == "main"]
    return named[0] if named else tree


def _kept(tree: HtmlElement) -> frozenset[HtmlElement]:
    """The elements that hold the main part, a first heading, or half of what the page is made of."""
    sizes: dict[HtmlElement, int] = {}
    kept: set[HtmlElement] = set()
    elements = list(tree.iter())
    for element in reversed(elements):
        parent = element.getparent()
        size = sizes[element] = sizes.get(element, 0) + 1
        vital = element in kept or element.tag in ("main", "h1", "body") or element.get("role") == "main"
        if vital or size > _MOST * len(elements):
            kept.add(element)
        if parent is not None:
            sizes[parent] = sizes.get(parent, 0) + size
            kept |= {parent} if vital else set()
    return frozenset(kept)


def _chrome(tree: HtmlElement, kept: frozenset[HtmlElement]) -> list[HtmlElement]:
    return [element for element in tree.iter() if element not in kept and _is_chrome(element)]


def _is_chrome(element: HtmlElement) -> bool:
    if element.tag in ("header", "footer"):
        return _is_of_page(element)
    named = element.tag in _TAGS or (element.get("role") or "").lower() in _ROLES or element.get("hidden") is not None
    return named or _is_called_so(element)


def _is_called_so(element: HtmlElement) -> bool:
    """Whether its class says so, or its id; but a heading's id, as in `consent`, is made of its words."""
    if element.tag in HEADINGS:
        return False
    ids = [element.get("id", "")] if element.tag in _CONTAINERS else []
    names = [name.lower() for name in (*classes_of(element), *ids)]
    return any(_NAMES.fullmatch(name) and (name != "footer" or _is_of_page(element)) for name in names)


def _is_of_page(element: HtmlElement) -> bool:
    """Whether it stands in no part of the page: the header or footer of an item holds its date, people or link."""
    return not any(each.tag in _PARTS or each.get("itemscope") is not None for each in element.iterancestors())


def _take_out_below(heading: HtmlElement, kept: frozenset[HtmlElement]) -> None:
    """Take out what a heading such as “Related posts” stands over, with the heading."""
    around = heading.getparent()
    if around is None:
        return
    before = any(line_of(each, 10) for each in islice(heading.itersiblings(preceding=True), 3))
    if not before and around not in kept and not (around.text or "").strip() and around.getparent() is not None:
        around.drop_tree()
        return
    for each in [heading, *_below(heading)]:
        if each not in kept:
            each.drop_tree()


def _below(heading: HtmlElement) -> Iterator[HtmlElement]:
    """What follows a heading up to the next of its level or above."""
    levels = HEADINGS[: HEADINGS.index(heading.tag) + 1]
    for sibling in heading.itersiblings():
        if sibling.tag in levels:
            return
        yield sibling
