"""Items as JSON: a list of our own making; a JSON Feed is known here and read beside."""

from collections.abc import Mapping
from datetime import date, datetime

from markdown_it import MarkdownIt

from digest.errors import UnreadableSource
from digest.model.item import FoundItem, Image
from digest.sources import jsonfeed, jsonvalues
from digest.sources.jsonvalues import Entry, EntryError, Rule, all_of_list, listed, web_link
from digest.sources.sanitize import bare_text, clean_line, fold, plain_to_html
from digest.sources.whole import clean_lines, whole_item

#: The keys of an entry of ours, and what each may hold; the text comes in one of the three last.
KEYS: Mapping[str, Rule] = {
    "title": jsonvalues.text,
    "link": jsonvalues.text,
    "guid": jsonvalues.text,
    "published_at": jsonvalues.moment,
    "people": jsonvalues.texts,
    "topics": jsonvalues.texts,
    "categories": jsonvalues.texts,
    "word_count": jsonvalues.number,
    "excerpt": jsonvalues.truth,
    "language": jsonvalues.text,
    "lead": jsonvalues.text,
    "image": jsonvalues.text,
    "image_alt": jsonvalues.text,
    "body": jsonvalues.text,
    "body_html": jsonvalues.text,
    "text": jsonvalues.text,
}
_BODIES = ("body", "body_html", "text")


def read(text: str, *, base: str | None = None) -> list[FoundItem]:
    """All items of the document; UnreadableSource names the line of a slip in the JSON, and every wrong entry."""
    document = jsonvalues.loaded(text)
    if isinstance(document, list):
        return all_of_list(document, lambda entry: item_of(entry, base), KEYS)
    if jsonfeed.is_feed(document):
        return jsonfeed.read(document, base=base)
    remedy = "Write a list of items, [{…}, {…}], or a JSON Feed."
    raise UnreadableSource("the JSON is neither a list of items nor a JSON Feed.", line=1, remedy=remedy)


def item_of(entry: Entry, base: str | None) -> FoundItem:
    """The item of an entry with our keys. Raises EntryError or UnreadableSource."""
    values = {key: jsonvalues.known(KEYS, key)(key, value) for key, value in entry.items()}
    title = clean_line(str(values.get("title") or ""))
    if not title:
        raise EntryError("it has no title")
    published, count = values.get("published_at"), values.get("word_count")
    return whole_item(
        title=title,
        html=_html(values),
        where="it",
        base=base,
        guid=fold(str(values.get("guid") or "")),
        link=web_link(values.get("link"), base),
        published=published if isinstance(published, date | datetime) else None,
        people=clean_lines(listed(values.get("people"))),
        word_count=count if isinstance(count, int) else None,
        excerpt=bool(values.get("excerpt")),
        categories=clean_lines(listed(values.get("topics")) + listed(values.get("categories"))),
        language=str(values.get("language") or ""),
        lead=bare_text(str(values.get("lead") or "")),
        images=_images(values, base),
    )


def _images(values: Entry, base: str | None) -> tuple[Image, ...]:
    alt = clean_line(str(values.get("image_alt") or ""))
    address = web_link(values.get("image"), base)
    if alt and not address:
        raise EntryError("“image_alt” describes no “image”")
    return (Image(url=address, alt=alt),) if address else ()


def _html(values: Entry) -> str:
    given = [name for name in _BODIES if values.get(name)]
    if len(given) > 1:
        raise EntryError(f"its text is given twice, as “{given[0]}” and as “{given[1]}”")
    value = str(values[given[0]]) if given else ""
    if given == ["body"]:
        return from_markdown(value)
    return value if given == ["body_html"] else plain_to_html(value)


def from_markdown(text: str) -> str:
    """Markdown (CommonMark) as HTML; HTML within it is shown as it was typed."""
    return str(MarkdownIt("commonmark", {"html": False}).render(text))
