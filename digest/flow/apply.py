"""Apply a newsletter's file: its rows become what the file says, and what changes is told."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from digest.errors import SettingsRefused, UnknownName
from digest.flow.checks import check
from digest.flow.house import House
from digest.flow.phrase_lists import with_lists
from digest.model.cadence import Schedule
from digest.model.newsletter import Brand, Newsletter, SelectionPolicy, Sender
from digest.model.source import Selectors, Source
from digest.model.topic import Topic
from digest.storage import filings, items, newsletters, sources
from digest.storage.newsletters import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterFile:
    """What a file says: a newsletter, its topics in order, its sources."""

    newsletter: Newsletter
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]


_FILE = TypeAdapter(NewsletterFile)
_PARTS = ("newsletter", "sender", "cadences", "selection", "brand", "topics", "sources")
_TABLES: Mapping[str, type] = {"sender": Sender, "selection": SelectionPolicy, "brand": Brand}
_LISTS: Mapping[str, type] = {"topics": Topic, "sources": Source}


def read_file(path: Path) -> NewsletterFile:
    """The newsletter that a TOML file describes. Raises SettingsRefused, naming the key and what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsRefused(f"{path} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path.name} is not TOML: {error}.", remedy="Mend that line.") from error
    try:
        raw = {**raw, "topics": with_lists(raw.get("topics", []), path.parent)}
        for key in _strange_keys(raw):
            raise SettingsRefused(f"“{key}” is not a key of a newsletter.", remedy="Compare with the sample.")
        wanted = _FILE.validate_python(_arranged(raw))
        check(wanted.newsletter, wanted.topics, wanted.sources)
        return wanted
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "newsletter")
        raise SettingsRefused(f"{path.name}: “{where}” is wrong: {first['msg']}.", remedy="Mend that key.") from error
    except SettingsRefused as error:
        raise SettingsRefused(f"{path.name}: {error.what}", remedy=error.remedy) from error


def apply(house: House, path: Path, *, dry_run: bool = False) -> list[str]:
    """Make the rows say what the file says. Returns what changes, a line each; applied twice, the second is empty."""
    wanted = read_file(path)
    with house.store.write() as connection:
        present = _present(connection, wanted.newsletter.slug)
        changes = list(_changes(present, wanted))
        if changes and not dry_run:
            now = house.clock.now()
            newsletters.save(connection, wanted.newsletter, wanted.topics, wanted.sources, now=now)
            if present is None or _files_otherwise(present, wanted):
                source_ids = [sources.find(connection, s.slug).id for s in wanted.sources]
                filings.file_anew(connection, items.ids_of_sources(connection, source_ids), now=now)
    return changes


def export(house: House, slug: str) -> str:
    """A newsletter with its topics and sources as the text of a file that `apply` takes. Raises UnknownName."""
    with house.store.read() as connection:
        present = newsletters.load(connection, slug)
    whole = _FILE.dump_python(
        NewsletterFile(newsletter=present.newsletter, topics=present.topics, sources=present.sources), mode="json"
    )
    newsletter = whole["newsletter"]
    tables = {name: newsletter.pop(name) for name in ("sender", "cadences", "selection", "brand")}
    lists = {name: [_told(each) for each in whole[name]] for name in ("topics", "sources")}
    return tomlkit.dumps({"newsletter": newsletter, **tables, **lists})


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not there: TOML has no word for nothing."""
    return {
        key: _told(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None and (value != "" or key in ("slug", "name", "location", "link_label"))
    }


def _files_otherwise(present: Publication, wanted: NewsletterFile) -> bool:
    """Whether items may now stand under other topics; filing all of them anew takes its time."""
    return _rules(present.topics, present.sources) != _rules(wanted.topics, wanted.sources)


def _rules(topics: Iterable[Topic], sources: Iterable[Source]) -> tuple[frozenset[object], frozenset[object]]:
    """What decides where an item is filed."""
    by_topic = frozenset((t.slug, t.name, t.phrases, t.categories) for t in topics)
    return by_topic, frozenset((s.slug, s.topics) for s in sources)


def _arranged(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The flat tables of the file as the nested values they describe."""
    tables = {name: raw[name] for name in ("sender", "cadences", "selection", "brand") if name in raw}
    return {
        "newsletter": {**raw.get("newsletter", {}), **tables},
        "topics": raw.get("topics", ()),
        "sources": raw.get("sources", ()),
    }


def _strange_keys(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in raw if key not in _PARTS)
    own = _fields(Newsletter) - {"sender", "cadences", "selection", "brand"}
    yield from _strange("newsletter", raw.get("newsletter"), own)
    for name, kind in _TABLES.items():
        yield from _strange(name, raw.get(name), _fields(kind))
    cadences = raw.get("cadences")
    for name, table in cadences.items() if isinstance(cadences, dict) else ():
        yield from _strange(f"cadences.{name}", table, _fields(Schedule))
    for name, kind in _LISTS.items():
        for table in raw[name] if isinstance(raw.get(name), list) else ():
            yield from _strange(name, table, _fields(kind))
            if name == "sources" and isinstance(table, dict):
                yield from _strange("sources.selectors", table.get("selectors"), _fields(Selectors))


def _strange(name: str, table: object, known: set[str]) -> Iterator[str]:
    """Keys of a table that are none of the known; what is no table is told where its shape is looked at."""
    yield from (f"{name}.{key}" for key in table if key not in known) if isinstance(table, dict) else ()


def _fields(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def _present(connection: Connection, slug: str) -> Publication | None:
    try:
        return newsletters.load(connection, slug)
    except UnknownName:
        return None


def _changes(present: Publication | None, wanted: NewsletterFile) -> Iterator[str]:
    slug = wanted.newsletter.slug
    if present is None:
        yield f"newsletter {slug}: new, with {len(wanted.topics)} topics and {len(wanted.sources)} sources"
        return
    for field in fields(Newsletter):
        old, new = getattr(present.newsletter, field.name), getattr(wanted.newsletter, field.name)
        if old != new:
            yield f"newsletter {slug}: {field.name} changes"
    yield from _changed("topic", {t.slug: t for t in present.topics}, {t.slug: t for t in wanted.topics})
    yield from _changed("source", {s.slug: s for s in present.sources}, {s.slug: s for s in wanted.sources})
    if [t.slug for t in present.topics] != [t.slug for t in wanted.topics]:
        yield "topics: their order changes"


def _changed(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{kind} {slug}: new" for slug in new if slug not in old)
    yield from (f"{kind} {slug}: goes" for slug in old if slug not in new)
    yield from (f"{kind} {slug}: changes" for slug in new if slug in old and old[slug] != new[slug])
