"""Atom feeds of an archive (RFC 4287). Ids are the addresses that were frozen with each issue, so they never change."""

from datetime import UTC, datetime, time
from itertools import islice
from xml.etree import ElementTree as ET

from digest.model.issue import Article
from digest.model.links import Links
from digest.rendering.fragments import fragment, one_line, web_address
from digest.web.pieces import body, original
from digest.web.shelf import Archive, Number

TYPE = "application/atom+xml"
MEDIA_TYPE = f"{TYPE}; charset=utf-8"
#: The newest entries; what is older is in the archive.
ENTRIES = 50
_NAMESPACE = "http://www.w3.org/2005/Atom"
#: A feed needs a date, also one that has nothing yet.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def feed(archive: Archive, *, path: str, base: str, topic: str | None = None, topic_name: str | None = None) -> bytes:
    """The feed that lies at `path` under `base`, of everything or of one topic."""
    newsletter = archive.publication.newsletter
    entries = newest(archive, topic)
    root = ET.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": one_line(newsletter.language)})
    _text(root, "id", f"{base}{path}")
    _text(root, "title", ": ".join(part for part in (newsletter.name, topic_name) if part))
    if newsletter.description:
        _text(root, "subtitle", newsletter.description)
    _text(root, "updated", _instant(max((n.issue.frozen_at for n, _ in entries), default=_NEVER)))
    _person(root, newsletter.brand.publisher or newsletter.name)
    _link(root, "self", f"{base}{path}", TYPE)
    links = Links(base)
    home = links.archive(newsletter.slug) if topic is None else links.topic(newsletter.slug, topic)
    _link(root, "alternate", home, "text/html")
    for number, article in entries:
        _entry(root, archive, number, article, links)
    ET.indent(root)
    # The declaration by hand, so that it is the same whatever the locale says.
    written: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'.encode()


def newest(archive: Archive, topic: str | None = None) -> list[tuple[Number, Article]]:
    """What a feed holds, of everything or of one topic, newest issue first."""
    everything = ((number, article) for number in archive.numbers for article in number.in_order)
    return list(islice(everything if topic is None else archive.on_topic(topic), ENTRIES))


def _entry(root: ET.Element, archive: Archive, number: Number, article: Article, links: Links) -> None:
    entry = ET.SubElement(root, "entry")
    _text(entry, "id", article.archive_url)
    _text(entry, "title", article.title)
    _text(entry, "updated", _instant(number.issue.frozen_at))
    if article.published_on is not None:
        midnight = datetime.combine(article.published_on, time.min, archive.publication.newsletter.zone)
        _text(entry, "published", _instant(midnight))
    for name in article.people:
        _person(entry, name)
    page = links.article(archive.publication.newsletter.slug, number.issue.key, article.slug)
    _link(entry, "alternate", page, "text/html")
    if original(article):
        _link(entry, "related", web_address(article.link))
    for slug, name in archive.topics.items():
        if slug in article.topics:
            ET.SubElement(entry, "category", {"term": slug, "label": name})
    _html(entry, "summary", fragment(article.summary_html))
    _html(entry, "content", body(article))


def _text(parent: ET.Element, tag: str, text: str) -> None:
    # Without controls: XML has no way to write them, and one would make the whole feed unreadable.
    ET.SubElement(parent, tag).text = one_line(text)


def _html(parent: ET.Element, tag: str, html: str) -> None:
    # A plain str: ElementTree escapes by `replace`, which Markup would answer by escaping once more.
    ET.SubElement(parent, tag, {"type": "html"}).text = str(html)


def _person(parent: ET.Element, name: str) -> None:
    _text(ET.SubElement(parent, "author"), "name", name)


def _link(parent: ET.Element, rel: str, href: str, media_type: str | None = None) -> None:
    ET.SubElement(parent, "link", {"rel": rel, **({"type": media_type} if media_type else {}), "href": href})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
