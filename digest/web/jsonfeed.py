"""JSON feeds of an archive (jsonfeed.org, version 1.1): the same entries, in the same order, as the Atom feeds."""

import json
from datetime import UTC, datetime, time

from digest.model.issue import Article
from digest.model.links import Links
from digest.rendering.fragments import one_line
from digest.web.atom import newest
from digest.web.pieces import body, original
from digest.web.shelf import Archive, Number

TYPE = "application/feed+json"
MEDIA_TYPE = f"{TYPE}; charset=utf-8"


def feed(archive: Archive, *, path: str, base: str, topic: str | None = None, topic_name: str | None = None) -> bytes:
    """The feed that lies at `path` under `base`, of everything or of one topic."""
    newsletter, links = archive.publication.newsletter, Links(base)
    home = links.archive(newsletter.slug) if topic is None else links.topic(newsletter.slug, topic)
    values: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": one_line(": ".join(part for part in (newsletter.name, topic_name) if part)),
        "home_page_url": home,
        "feed_url": f"{base}{path}",
        "description": one_line(newsletter.description),
        "language": one_line(newsletter.language),
        "authors": [{"name": one_line(newsletter.brand.publisher or newsletter.name)}],
        "items": [_item(archive, number, article, links) for number, article in newest(archive, topic)],
    }
    return (json.dumps(_said(values), ensure_ascii=False, indent=1) + "\n").encode()


def _item(archive: Archive, number: Number, article: Article, links: Links) -> dict[str, object]:
    newsletter = archive.publication.newsletter
    day = article.published_on
    published = None if day is None else datetime.combine(day, time.min, newsletter.zone)
    return _said(
        {
            "id": article.archive_url,
            "url": links.article(newsletter.slug, number.issue.key, article.slug),
            "external_url": original(article),
            "title": one_line(article.title),
            "content_html": str(body(article)),
            "summary": one_line(article.summary_text),
            "date_published": _instant(published) if published else "",
            "date_modified": _instant(number.issue.frozen_at),
            "authors": [{"name": one_line(name)} for name in article.people],
            "tags": [name for slug, name in archive.topics.items() if slug in article.topics],
            "language": one_line(article.language),
        }
    )


def _said(values: dict[str, object]) -> dict[str, object]:
    """Without what is not known: but the lists and texts that a feed must have stay."""
    return {key: value for key, value in values.items() if value or key in ("items", "content_html", "title")}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
