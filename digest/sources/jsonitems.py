"""Items as JSON: a list of our own making, or a JSON Feed (version 1.1)."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NoReturn

from markdown_it import MarkdownIt

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import jsonvalues
from digest.sources.jsonvalues import EntryError
from digest.sources.sanitize import clean_line, clean_link, fold, text_to_html
from digest.sources.whole import clean_lines, whole_item

_Entry = Mapping[str, object]

#: The keys of an entry of ours, and what each may hold; the text comes in one of the three last.
KEYS: Mapping[str, Callable[[str, object], object]] = {
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
    "body": jsonvalues.text,
    "body_html": jsonvalues.text,
    "text": jsonvalues.text,
}
_BODIES = ("body", "body_html", "text")
#: Problems named at once; the rest is counted.
_MOST_NAMED = 5


def read(text: str, *, base: str | None = None) -> list[FoundItem]:
    """All items of the document; UnreadableSource names the line of a slip in the JSON, and every wrong entry."""
    document = _loaded(text)
    if isinstance(document, list):
        return _items(document, lambda entry, where: _own(entry, where, base))
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(document, dict) and isinstance(version, str) and "jsonfeed.org/version/1" in version:
        language = document.get("language")
        return _items(document.get("items"), lambda entry, where: _of_feed(entry, where, base, language))
    remedy = "Write a list of items, [{…}, {…}], or a JSON Feed."
    raise UnreadableSource("the JSON is neither a list of items nor a JSON Feed.", line=1, remedy=remedy)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except json.JSONDecodeError as exc:
        what = f"the JSON is broken at column {exc.colno}: {exc.msg}."
        raise UnreadableSource(what, line=exc.lineno, remedy="Correct it.") from exc
    except (ValueError, RecursionError) as exc:
        remedy = "Check how the file was made."
        raise UnreadableSource("the JSON holds a number or a nesting beyond all reason.", remedy=remedy) from exc


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _items(entries: object, item: Callable[[_Entry, str], FoundItem]) -> list[FoundItem]:
    """All or nothing: every entry as an item, or every problem named by the entry's number."""
    if not isinstance(entries, list):
        raise UnreadableSource("the JSON Feed has no list of items.", remedy="Give it “items”: a list.")
    items: list[FoundItem] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            items.append(item(jsonvalues.entry(entry), f"entry {number}"))
        except EntryError as exc:
            problems.append(f"entry {number}: {exc}")
        except UnreadableSource as exc:
            problems.append(exc.what.rstrip("."))
    _refuse(problems)
    return items


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        more = len(problems) - _MOST_NAMED
        named = "; ".join(problems[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        keys = f"The keys of an entry are: {', '.join(KEYS)}." if jsonvalues.UNKNOWN in named else ""
        raise UnreadableSource(f"{named}.", remedy=keys or "Correct this; nothing was read.")


def _own(entry: _Entry, where: str, base: str | None) -> FoundItem:
    values = {key: jsonvalues.known(KEYS, key)(key, value) for key, value in entry.items()}
    title = clean_line(str(values.get("title") or ""))
    if not title:
        raise EntryError("it has no title")
    published, count = values.get("published_at"), values.get("word_count")
    return whole_item(
        title=title,
        html=_own_html(values),
        where=where,
        base=base,
        guid=fold(str(values.get("guid") or "")),
        link=_link(values.get("link"), base),
        published=published if isinstance(published, date | datetime) else None,
        people=clean_lines(jsonvalues.listed(values.get("people"))),
        word_count=count if isinstance(count, int) else None,
        excerpt=bool(values.get("excerpt")),
        categories=clean_lines(jsonvalues.listed(values.get("topics")) + jsonvalues.listed(values.get("categories"))),
        language=jsonvalues.language(values.get("language")),
    )


def _own_html(values: _Entry) -> str:
    given = [name for name in _BODIES if values.get(name)]
    if len(given) > 1:
        raise EntryError(f"its text is given twice, as “{given[0]}” and as “{given[1]}”")
    value = str(values[given[0]]) if given else ""
    if given == ["body"]:
        return from_markdown(value)
    return value if given == ["body_html"] else from_plain(value)


def _of_feed(entry: _Entry, where: str, base: str | None, language: object) -> FoundItem:
    link = entry.get("url") or entry.get("external_url")
    html, text = (jsonvalues.text(key, entry.get(key)) for key in ("content_html", "content_text"))
    summary = jsonvalues.text("summary", entry.get("summary"))
    authors = entry.get("authors") or [entry.get("author") or {}]
    if not entry.get("id"):
        raise EntryError("it has no “id”")
    return whole_item(
        title=clean_line(jsonvalues.text("title", entry.get("title")) or ""),
        html=html or from_plain(text or summary or ""),
        where=where,
        base=base,
        guid=fold(str(entry["id"])),
        link=_link(jsonvalues.text("url", link), base),
        published=jsonvalues.moment("date_published", entry.get("date_published")),
        people=clean_lines(jsonvalues.names("authors", authors)),
        excerpt=bool(summary and not html and not text),
        categories=clean_lines(jsonvalues.listed(jsonvalues.texts("tags", entry.get("tags")))),
        language=jsonvalues.language(entry.get("language") or language),
    )


def _link(value: object, base: str | None) -> str | None:
    if not value:
        return None
    link = clean_link(str(value), base)
    if link is None:
        raise EntryError(f"“{fold(str(value))[:80]}” is no web address")
    return link


def from_markdown(text: str) -> str:
    """Markdown (CommonMark) as HTML; HTML within it is shown as it was typed."""
    return str(MarkdownIt("commonmark", {"html": False}).render(text))


def from_plain(text: str) -> str:
    """Plain text as HTML: a blank line parts paragraphs, a line that begins with a bullet is one."""
    parts = text.replace("\n• ", "\n\n• ").split("\n\n")
    return text_to_html(part.strip() for part in parts if part.strip())
