"""The text of a feed: told from other things, and made fit for a parser that trusts what it is given."""

import re
from html import escape
from html.entities import html5
from itertools import islice
from typing import NamedTuple

from digest.errors import UnreadableSource
from digest.sources.decoding import line_at

FIND_FEED = "Give the address of an RSS or Atom feed."
#: The first element of RSS 2.0, Atom and RSS 1.0.
ROOTS = frozenset({"rss", "feed", "rdf"})
#: Every tag costs the parser time and every level memory; ten thousand entries have fewer.
MOST_TAGS = 300_000
#: The parser compares each label of an entry with all others.
MOST_LABELS = 50

_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?P<subset>\[.*?\]\s*)?>\s*)*", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
# Where a feed may begin below what a server wrote above it, such as a warning of PHP.
_BEGINNING = re.compile(r"<\?xml\s|<(?:[\w.-]+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_ABOVE = 2048
# feedparser takes a mail address for shorter than it is when its domain ends in more than four letters, and the rest
# of it for a name; as addresses are not kept anyway, they are taken out before.
_AUTHOR = re.compile(r"(<(?:author|dc:creator)>)([^<]{0,300})(?=</)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]+")
# It also takes the words of a picture, or the plain twin of a text, for the text itself …
_WORDS = re.compile(r"<(/?)(media:description|itunes:summary)\b[^<>]*?(/?)>")
_WORDS_NAMES = {"media:description": "shown", "itunes:summary": "told"}
# … lets a bare "&" or an entity of HTML spoil a whole document, as XML asks …
_SLIP = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_REFERENCE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|$)|&(?:#?[a-zA-Z0-9]{1,31};)?", re.DOTALL)
# … stumbles over places, and takes a time for labels that grows with their square.
_LABELS = re.compile(
    r"<(/?)((?:[\w.-]+:)?(?:category|subject|keywords|item|entry)|[\w.-]+:pos(?:list)?|tags)(?=[\s/>])", re.IGNORECASE
)


class FeedText(NamedTuple):
    """A whole feed, from its first element to that one's end."""

    text: str
    #: How many lines stand above it.
    above: int


def feed_in(text: str) -> FeedText:
    """The feed in a text; UnreadableSource, naming the line, when there is no whole one.

    What stands above and below it is left out: a prolog tells nothing once the text is decoded, and servers write
    warnings and counters there.
    """
    text, above = _below_junk(_without_controls(text))
    prolog = _PROLOG.match(text)
    begins = prolog.end() if prolog else 0
    _refuse_entities(text, above)
    root = root_of(text)
    if root not in ROOTS:
        raise UnreadableSource("it is not an RSS or Atom feed.", line=1, remedy=FIND_FEED)
    if text.count("<") > MOST_TAGS:
        raise UnreadableSource(f"the feed has more than {MOST_TAGS:,} tags.", remedy="Publish fewer entries at once.")
    ends = max((end.end() for end in re.finditer(rf"</(?:[\w.-]+:)?{root}\s*>", text, re.IGNORECASE)), default=0)
    if not ends:
        last = line_at(text, len(text.rstrip())) + above
        remedy = "Gather it again later; if it stays so, tell whoever publishes it."
        raise UnreadableSource("the feed is cut off before its end.", line=last, remedy=remedy)
    return FeedText(text[begins:ends], above + line_at(text, begins) - 1)


def is_feed(text: str) -> bool:
    """Whether it begins as a feed does, if need be below a server's warnings."""
    return root_of(_below_junk(text).text) in ROOTS


def root_of(text: str) -> str:
    """The name of the first element, without its prefix, in lower case; empty when there is none."""
    prolog = _PROLOG.match(text)
    root = _ROOT.match(text, prolog.end() if prolog else 0)
    return root[1].lower() if root else ""


def document_of(text: str) -> bytes:
    """The text of a feed as XML in UTF-8, without what its parser mistakes; its lines stay where they are."""
    if "@" in text:
        text = _AUTHOR.sub(lambda author: author[1] + _ADDRESS.sub("", author[2]), text)
    if "media:description" in text or "itunes:summary" in text:
        text = _WORDS.sub(lambda tag: f"<{tag[1]}{_WORDS_NAMES[tag[2]]}{tag[3]}>", text)
    if _SLIP.search(text):
        text = _REFERENCE.sub(_mended, text)
    text = _LABELS.sub(_Labels(), text)
    return f"<?xml version='1.0'?>{text}".encode("utf-8", "replace")


def _mended(reference: re.Match[str]) -> str:
    """A reference that XML knows; a CDATA section as it is."""
    whole = reference[0]
    if whole.startswith("<") or _SLIP.match(whole) is None:
        return whole
    sign = html5.get(whole[1:], "") if len(whole) > 1 else ""
    return escape(sign) if sign else f"&amp;{whole[1:]}"


class _Labels:
    """Renames one label after another, once an entry has enough of them, so that no one reads them."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, tag: re.Match[str]) -> str:
        name = tag[2].lower().rpartition(":")[2]
        if name in ("item", "entry"):
            self._count = 0
            return tag[0]
        if name in ("category", "subject"):
            self._count += not tag[1]
            return tag[0] if self._count <= MOST_LABELS else f"<{tag[1]}unread"
        return f"<{tag[1]}unread"


def _without_controls(text: str) -> str:
    data = text.encode("utf-8", "replace")
    kept = data.translate(None, _CONTROLS)
    return text if len(kept) == len(data) else kept.decode()


def _below_junk(text: str) -> FeedText:
    if root_of(text) in ROOTS:
        return FeedText(text, 0)
    for beginning in islice(_BEGINNING.finditer(text, 0, _ABOVE), 3):
        feed = text[beginning.start() :]
        if root_of(feed) in ROOTS:
            return FeedText(feed, line_at(text, beginning.start()) - 1)
    return FeedText(text, 0)


def _refuse_entities(text: str, above: int) -> None:
    """Raise for a document that defines entities of its own: no feed needs them, and they can grow without bound."""
    prolog = _PROLOG.match(text)
    if prolog and prolog["subset"]:
        line = line_at(text, prolog.start("subset")) + above
        raise UnreadableSource("the feed defines entities of its own.", line=line, remedy="Publish it without them.")
