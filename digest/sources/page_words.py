"""Words of pages: what links, and the classes of elements, say about what they are."""

import re

from lxml.html import HtmlElement

from digest.sources.dom import classes_of

_MORE = re.compile(
    r"""
    (?:»|→|›|…|>|\s)+ | here | click\s+here.* | continue(?:\s+reading)?\b.* | (?:full\s+)?details
    | read\s+(?:more|on|the|full|our|about|article|post)\b.* | full\s+(?:story|article|text|report)\b.*
    | (?:see|view|find\s+out|learn|discover|get)\s+(?:the\s+)?(?:more|full|all|details|whole)\b.*
    | more(?:\s+(?:information|details|info|about|on|from)\b.*)?(?:\s*[»→›…>.]+)?
    | download(?:\s+(?:the|pdf|report)\b.*)? | (?:leer|ver|saber)\s+más.* | continuar(?:\s+le\w+.*)?
    | darllen(?:wch)?\s+(?:mwy|rhagor|y)\b.* | (?:mwy|rhagor)(?:\s+o\s+wybodaeth.*)?
    | lire\s+(?:la\s+suite|plus)\b.* | en\s+savoir\s+plus.* | (?:la\s+)?suite
    | weiterlesen.* | mehr(?:\s+(?:lesen|erfahren|dazu|infos?)\b.*)? | lees\s+(?:meer|verder).*
    | leggi\s+(?:tutto|di\s+più|ancora).* | continua(?:\s+a\s+leggere.*)? | ler\s+mais.*
    | подробнее.* | читать\s.* | اقرأ.* | المزيد.* | קרא.* | להמשך.*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SMALL_PRINT = re.compile(
    r"(?:entry|post|article|card|item|node|news|blog)[\w-]*[-_](?:footer|tags?|categor(?:y|ies)|info|terms|submitted)"
    r"|(?:[\w-]*[-_])?meta(?:[-_]?data)?(?:[-_]\w+)*|tags|(?:tag|cat)-links|categories|byline|wp-caption-text|read-?more"
    r"|more-link|sr-only|visually-hidden|screen-reader-text"
)
#: Labels above a title, or below a text, that say what it is filed under.
_CATEGORY = re.compile(
    r"p-category|(?:[\w-]+(?:__|[-_]))?(?:badge|kicker|eyebrow|category|tag|topic|section-name|article-type|content-type)"
)
_TITLE = re.compile(r"(?:[\w-]*(?:__|[-_]))?(?:title|headline|heading)")


def is_more(line: str) -> bool:
    """Whether a link says that it leads on to the whole, and not what that is about."""
    return _MORE.fullmatch(line) is not None


def is_small_print(element: HtmlElement) -> bool:
    """Whether it is called what stands beside a text and is none of it: its date, its author, its tags."""
    return any(map(_SMALL_PRINT.fullmatch, classes_of(element)))


def is_category(element: HtmlElement) -> bool:
    """Whether it names what an item is filed under."""
    named = "tag" in element.get("rel", "").split() or element.get("itemprop") == "articleSection"
    return named or any(map(_CATEGORY.fullmatch, classes_of(element)))


def is_called_title(element: HtmlElement) -> bool:
    """Whether its class says that it is a title."""
    return any(map(_TITLE.fullmatch, classes_of(element)))
