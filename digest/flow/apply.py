"""Apply a newsletter's file: its rows become what the file says, and what changes is told."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from digest.errors import SettingsRefused, UnknownName, did_you_mean
from digest.flow.checks import check
from digest.flow.house import House
from digest.flow.phrase_lists import with_lists
from digest.model.cadence import Schedule
from digest.model.newsletter import Brand, Newsletter, SelectionPolicy, Sender
from digest.model.sending import Sending
from digest.model.source import Selectors, Source
from digest.model.topic import Topic
from digest.storage import filings, items, newsletters, sources
from digest.storage.newsletters import Publication
from subscribers import audience


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterFile:
    """What a file says: a newsletter, its topics in order, its sources."""

    newsletter: Newsletter
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]


_FILE = TypeAdapter(NewsletterFile)
#: Tables of the file that are parts of the newsletter.
_INNER = ("sender", "cadences", "selection", "sending", "brand")
_PARTS = ("newsletter", *_INNER, "topics", "sources")
_TABLES: Mapping[str, type] = {"sender": Sender, "selection": SelectionPolicy, "sending": Sending, "brand": Brand}
_LISTS: Mapping[str, type] = {"topics": Topic, "sources": Source}


def read_file(path: Path) -> NewsletterFile:
    """The newsletter that a TOML file describes. Raises SettingsRefused, naming the key and what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsRefused(f"{path} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path} is not TOML: {error}.", remedy="Mend that line.") from error
    except RecursionError as error:
        raise SettingsRefused(f"{path} has brackets within brackets without end.", remedy="Mend it.") from error
    if not isinstance(raw.get("newsletter", {}), dict):
        raise SettingsRefused(f"“newsletter” in {path} is a single value.", remedy="Write a table: [newsletter].")
    try:
        raw = {**raw, "topics": with_lists(raw.get("topics", []), path.parent)}
        for key, known in _strange_keys(raw):
            meant = did_you_mean(key.rpartition(".")[2], known)
            raise SettingsRefused(
                f"“{key}” is not a key of a newsletter.", remedy=meant or "See docs/newsletters.md for those there are."
            )
        wanted = _FILE.validate_python(_arranged(raw))
        check(wanted.newsletter, wanted.topics, wanted.sources)
        return wanted
    except ValidationError as error:
        first = error.errors()[0]
        where, key = _place(raw, first["loc"])
        raise SettingsRefused(f"{path}: {where}“{key}” is wrong: {first['msg']}.", remedy="Mend that key.") from error
    except SettingsRefused as error:
        raise SettingsRefused(f"{path}: {error.what}", remedy=error.remedy) from error


def _place(raw: Mapping[str, Any], loc: Sequence[int | str]) -> tuple[str, str]:
    """Where in the file a key stands, as whoever wrote it would look for it: “the source desk: ”, and its name."""
    inside, key = "", [str(part) for part in loc if part != "newsletter"]
    if len(loc) > 1 and loc[0] in _LISTS and isinstance(loc[1], int):
        table = raw[str(loc[0])][loc[1]]
        slug = table.get("slug") if isinstance(table, dict) else None
        inside = f"the {str(loc[0]).removesuffix('s')} {slug or f'number {loc[1] + 1}'}: "
        key = key[2:] or [str(loc[0])]
    return inside, ".".join(part for part in key if part != "[key]")


def apply(house: House, path: Path, *, dry_run: bool = False) -> list[str]:
    """Make the rows say what the file says. Returns what changes, a line each; applied twice, the second is empty."""
    wanted = read_file(path)
    with house.store.write() as connection:
        present = _present(connection, wanted.newsletter.slug)
        changes = [
            *_changes(present, wanted),
            *_missed(connection, present, wanted),
            *_left_behind(connection, present, wanted),
        ]
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
    tables = {name: table for name in _INNER if (table := newsletter.pop(name)) is not None}
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
    tables = {name: raw[name] for name in _INNER if name in raw}
    return {
        "newsletter": {**raw.get("newsletter", {}), **tables},
        "topics": raw.get("topics", ()),
        "sources": raw.get("sources", ()),
    }


def _strange_keys(raw: Mapping[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
    """Keys that are none, each with those that there are."""
    yield from ((key, _PARTS) for key in raw if key not in _PARTS)
    own = _fields(Newsletter) - set(_INNER)
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


def _strange(name: str, table: object, known: set[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Keys of a table that are none of the known; what is no table is told where its shape is looked at."""
    yield from ((f"{name}.{key}", known) for key in table if key not in known) if isinstance(table, dict) else ()


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


def _missed(connection: Connection, present: Publication | None, wanted: NewsletterFile) -> Iterator[str]:
    """How many readers have chosen a topic that goes, and how many of them will be left with nothing."""
    stay = {topic.slug for topic in wanted.topics}
    going = [topic.slug for topic in present.topics if topic.slug not in stay] if present else []
    if present is None or not going:
        return
    chosen = [(p.topics, count) for p, count in audience.choices(connection, present.id) if p.topics is not None]
    for slug in going:
        theirs = [(topics, count) for topics, count in chosen if slug in topics]
        if total := sum(count for _, count in theirs):
            alone = sum(count for topics, count in theirs if not topics & stay)
            yield f"topic {slug}: chosen by {_people(total)}, {alone:,} of them left without any topic"


def _left_behind(connection: Connection, present: Publication | None, wanted: NewsletterFile) -> Iterator[str]:
    """How many readers have chosen a cadence that goes: for them no issue is made."""
    if present is None:
        return
    for cadence, count in audience.left_behind(connection, present.id, wanted.newsletter.cadences).items():
        if cadence in present.newsletter.cadences:
            yield f"cadence {cadence}: chosen by {_people(count)}, who get nothing until they choose another"


def _people(count: int) -> str:
    return "1 reader" if count == 1 else f"{count:,} readers"


def _changed(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{kind} {slug}: new" for slug in new if slug not in old)
    yield from (f"{kind} {slug}: goes" for slug in old if slug not in new)
    yield from (f"{kind} {slug}: changes" for slug in new if slug in old and old[slug] != new[slug])
