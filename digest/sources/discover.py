"""Discovery: the feeds that a page names, and the places where feeds usually are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from digest.model.source import SourceKind
from digest.sources.dom import base_of, line_of, parse
from digest.sources.sanitize import clean_link, plain_line

_TYPES = {
    "application/rss+xml": SourceKind.FEED,
    "application/atom+xml": SourceKind.FEED,
    "application/rdf+xml": SourceKind.FEED,
    "application/xml": SourceKind.FEED,
    "text/xml": SourceKind.FEED,
    "application/feed+json": SourceKind.JSON,
    "application/json": SourceKind.JSON,
}
#: Whole words in an address that say that a feed is there.
_IN_ADDRESS = re.compile(
    r"^feed:|/(?:feed|feeds|rss|atom|rdf)(?:\d(?:\.0)?)?(?:[/.?]|$)|\.(?:rss|atom|rdf)(?:\?|$)|[?&](?:feed|format)=(?:rss|atom|feed)"
    r"|/(?:feed|rss|atom|index)\.(?:xml|json)(?:\?|$)|//feeds?\.",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(r"\b(?:rss|atom)\b|\b(?:news|web|json|xml)\s+feed\b|^feed$", re.IGNORECASE)
#: Readers' services, and what content management systems keep for machines: no feeds, whatever their addresses say.
_ELSEWHERE = re.compile(
    r"//(?:[\w-]+\.)*(?:feedly|inoreader|netvibes|theoldreader)\.com/|/wp-json/|/oembed\b", re.IGNORECASE
)
_COMMENTS = re.compile(r"\bcomments?\b|\bkommentare?\b|\bcommentaires\b|\bcomentarios\b|\bsylwadau\b", re.IGNORECASE)
_JSON = re.compile(r"\.json(?:\?|$)|/json(?:/|\?|$)", re.IGNORECASE)
#: Only links are looked at, so the page may be larger than one whose news is read.
_MOST_PARTS = 100_000
_LONGEST_TEXT = 40
_MOST = 50
#: Where feeds usually are: below the page's own folder, then on the whole site.
_BELOW = ("feed/", "index.xml")
_AT_ROOT = ("/feed/", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/feed.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed that a page names."""

    #: http or https, absolute.
    address: str
    #: What the page calls it; empty when it does not say.
    title: str
    kind: SourceKind


def feeds_of(data: bytes, *, base: str, charset: str = "") -> list[FeedLink]:
    """The feeds that a page names, each once: those in its head before those it links to, those of comments last."""
    tree = parse(data, charset=charset, most=_MOST_PARTS)
    relative_to = base_of(tree, base)
    found: dict[str, FeedLink] = {}
    for link in (*_declared(tree, relative_to), *_linked(tree, relative_to)):
        if link.address != base:
            found.setdefault(link.address, link)
    return sorted(found.values(), key=_is_of_comments)[:_MOST]


def guesses(base: str) -> list[str]:
    """The addresses, at most eight, at which the feed of a page usually is."""
    folder = re.sub(r"[^/]*\.[^/]*$", "", urlsplit(base).path) or "/"
    below = [urljoin(base, folder.rstrip("/") + "/" + name) for name in _BELOW]
    found = dict.fromkeys([*below, *(urljoin(base, path) for path in _AT_ROOT)])
    return [address for address in found if clean_link(address)]


def _declared(tree: HtmlElement, base: str | None) -> Iterator[FeedLink]:
    for each in tree.iter("link"):
        relation = each.get("rel", "").lower().split()
        kind = _TYPES.get(each.get("type", "").split(";")[0].strip().lower())
        if kind and ("alternate" in relation or "feed" in relation):
            yield from _link(each.get("href", ""), base, each.get("title", ""), kind)


def _linked(tree: HtmlElement, base: str | None) -> Iterator[FeedLink]:
    for each in tree.iter("a"):
        href, said = each.get("href", ""), line_of(each, _LONGEST_TEXT + 1)
        says_so = len(said) <= _LONGEST_TEXT and _IN_TEXT.search(said)
        if href and (says_so or _IN_ADDRESS.search(href[:500])):
            kind = SourceKind.JSON if _JSON.search(href[:500]) else SourceKind.FEED
            yield from _link(href, base, said if said else each.get("title", ""), kind)


def _link(href: str, base: str | None, title: str, kind: SourceKind) -> Iterator[FeedLink]:
    # “feed:” is an old way to ask for a reader: “feed://example.org/rss”, “feed:https://example.org/rss”.
    plain = re.sub(r"^feed:(?://)?(?=https?:)|^feed:(?=//)", "", href.strip(), flags=re.IGNORECASE)
    address = clean_link(plain, base)
    if address and not _ELSEWHERE.search(address):
        yield FeedLink(address=address, title=plain_line(title), kind=kind)


def _is_of_comments(link: FeedLink) -> bool:
    return _COMMENTS.search(f"{link.title} {urlsplit(link.address).path.replace('-', ' ')}") is not None
