"""JSON Feed, versions 1.0 and 1.1; keys that neither knows are passed over, as both ask."""

from collections.abc import Iterator, Mapping
from typing import Any

from digest.errors import UnreadableSource
from digest.model.item import FoundItem, Image
from digest.sources import jsonvalues
from digest.sources.jsonvalues import Entry, EntryError, all_of_list, listed, web_link
from digest.sources.pictures import picture
from digest.sources.sanitize import bare_text, clean_line, fold, plain_to_html
from digest.sources.whole import clean_lines, whole_item


def is_feed(document: Any) -> bool:
    """Whether a JSON document says that it is one."""
    version = document.get("version") if isinstance(document, dict) else None
    return isinstance(version, str) and "jsonfeed.org/version/1" in version


def read(document: Mapping[str, Any], *, base: str | None = None) -> list[FoundItem]:
    """All items of the feed. UnreadableSource names every wrong entry where there is no other; else they are passed
    over, as one would hold up all news to come."""
    entries = document.get("items")
    if not isinstance(entries, list):
        raise UnreadableSource("the JSON Feed has no list of items.", remedy="Give it “items”: a list.")
    return all_of_list(entries, lambda entry: _item(entry, base, document), some_will_do=True)


def feed_name(document: Mapping[str, Any]) -> str:
    """What the feed calls itself, in one line; empty when it does not."""
    return clean_line(str(document.get("title") or ""))


def _item(entry: Entry, base: str | None, feed: Mapping[str, Any]) -> FoundItem:
    html, text, summary = (jsonvalues.text(key, entry.get(key)) for key in ("content_html", "content_text", "summary"))
    link = jsonvalues.text("url", entry.get("url") or entry.get("external_url"))
    if not entry.get("id"):
        raise EntryError("it has no “id”")
    excerpt = bool(summary and not html and not text)
    return whole_item(
        title=clean_line(jsonvalues.text("title", entry.get("title")) or ""),
        html=html or plain_to_html(text or summary or ""),
        where="it",
        base=base,
        guid=fold(str(entry["id"])),
        link=web_link(link, base),
        published=jsonvalues.moment("date_published", entry.get("date_published")),
        people=clean_lines(_people(entry) or _people(feed)),
        excerpt=excerpt,
        categories=clean_lines(listed(jsonvalues.texts("tags", entry.get("tags")))),
        language=str(entry.get("language") or feed.get("language") or ""),
        lead="" if excerpt else bare_text(summary or ""),
        images=tuple(_images(entry, base)),
    )


def _people(described: Entry) -> tuple[str, ...]:
    """The authors of an entry or of a whole feed; in version 1.0 there is one."""
    authors = described.get("authors") or [described.get("author") or {}]
    return tuple(name for name in jsonvalues.names("authors", authors) if name)


def _images(entry: Entry, base: str | None) -> Iterator[Image]:
    """The pictures beside the text; one that lies nowhere is left out, as it is not what the entry is about."""
    attachments = entry.get("attachments")
    attached = [each for each in attachments if isinstance(each, dict)] if isinstance(attachments, list) else []
    shown = [(each.get("url"), each.get("title")) for each in attached if _is_picture(each.get("mime_type"))]
    for url, words in ((entry.get("image"), ""), (entry.get("banner_image"), ""), *shown):
        image = (
            picture(url, clean_line(words if isinstance(words, str) else ""), base) if isinstance(url, str) else None
        )
        if image:
            yield image


def _is_picture(kind: object) -> bool:
    return isinstance(kind, str) and kind.startswith("image/")
