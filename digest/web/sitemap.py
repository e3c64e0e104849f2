"""Sitemaps (sitemaps.org) and robots.txt: which pages search engines should know, and which they need not ask for."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from digest.model.links import Links
from digest.web.pieces import original
from digest.web.shelf import Archive

NAME = "sitemap.xml"
PATH = f"/{NAME}"
ROBOTS = "/robots.txt"
PLAIN = "text/plain; charset=utf-8"
#: A file may list so many addresses; what is older is found from page to page.
MOST = 50_000
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def of(archive: Archive, base: str) -> bytes:
    """The pages of one archive, newest first, without items whose original is elsewhere: people are sent there."""
    root = ET.Element("urlset", {"xmlns": _NAMESPACE})
    for count, (address, at) in enumerate(_pages(archive, Links(base))):
        if count == MOST:
            break
        _entry(root, "url", address, at)
    return _written(root)


def index(archives: Iterable[Archive], base: str) -> bytes:
    """The sitemaps of all archives."""
    root = ET.Element("sitemapindex", {"xmlns": _NAMESPACE})
    for archive in archives:
        address = f"{Links(base).archive(archive.publication.newsletter.slug)}{NAME}"
        _entry(root, "sitemap", address, archive.changed_at)
    return _written(root)


def robots(base: str) -> bytes:
    """What robots are told: where the sitemap is, and that results of searches are no pages of their own."""
    prefix = urlsplit(base).path
    return f"User-agent: *\nDisallow: {prefix}/archive/*/search/\n\nSitemap: {base}{PATH}\n".encode()


def _pages(archive: Archive, links: Links) -> Iterator[tuple[str, datetime | None]]:
    slug = archive.publication.newsletter.slug
    yield links.archive(slug), archive.changed_at
    for topic in archive.topics:
        if found := archive.on_topic(topic):
            yield links.topic(slug, topic), found[0][0].issue.frozen_at
    for number in archive.numbers:
        yield links.issue(slug, number.issue.key), number.issue.frozen_at
        for article in number.in_order:
            if not original(article):
                yield links.article(slug, number.issue.key, article.slug), number.issue.frozen_at


def _entry(root: ET.Element, tag: str, address: str, at: datetime | None) -> None:
    entry = ET.SubElement(root, tag)
    ET.SubElement(entry, "loc").text = address
    if at is not None:
        ET.SubElement(entry, "lastmod").text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(root: ET.Element) -> bytes:
    ET.indent(root)
    written: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'.encode()
