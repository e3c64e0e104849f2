"""Gather: read sources, keep what is new, file it under topics. Gathered twice is gathered once."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from digest.errors import Problem, SettingsRefused, UnreadableSource
from digest.flow.house import House
from digest.model.item import FoundItem, Item, ItemId
from digest.model.source import SourceKind
from digest.sources import detect
from digest.sources.fetch import fetch
from digest.storage import filings, items, sources
from digest.storage.items import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What reading one source came to."""

    source: str
    new: int = 0
    changed: int = 0
    same: int = 0
    #: Why nothing came; empty when all went well.
    error: str = ""


def gather(
    house: House, slugs: Sequence[str] = (), *, progress: Callable[[Gathered], None] = lambda _: None
) -> list[Gathered]:
    """Read these sources, or all that lie somewhere. One that fails is noted and does not stop the others."""
    with house.store.read() as connection:
        wanted = [sources.find(connection, s).slug for s in slugs] or [
            row.slug for row in sources.listed(connection) if row.location
        ]
    results = []
    for slug in wanted:
        results.append(_gather_one(house, slug))
        progress(results[-1])
    return results


def gather_due(house: House) -> list[Gathered]:
    """Read the sources whose time has come."""
    ago = house.clock.now() - timedelta(minutes=house.settings.scheduler.gather_minutes)
    with house.store.read() as connection:
        slugs = sources.due(connection, not_since=ago)
    return gather(house, slugs) if slugs else []


def import_file(house: House, path: Path, source_slug: str) -> tuple[Gathered, list[Item]]:
    """Keep the items of one file, whatever its format, as found in a source. All of them or none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(f"{path} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    try:
        found = detect.read(data)
    except UnreadableSource as error:
        raise UnreadableSource(f"{path.name}: {error.what}", remedy=error.remedy) from error
    except Exception as error:
        what = f"{path.name}: it makes the program stumble ({type(error).__name__})."
        raise UnreadableSource(what, remedy="Please report it, with the file.") from error
    with house.store.write() as connection:
        return _keep_all(house, connection, source_slug, found)


def _gather_one(house: House, slug: str) -> Gathered:
    try:
        with house.store.read() as connection:
            row = sources.find(connection, slug)
        if not row.location:
            raise SettingsRefused(f"{slug} lies nowhere.", remedy="Use: digest items import FILE --source.")
        found = _read(SourceKind(row.kind), fetch(row.location), row.location)
        with house.store.write() as connection:
            gathered, _ = _keep_all(house, connection, slug, found)
            sources.fared(connection, slug, now=house.clock.now())
            return gathered
    except Problem as problem:
        return _noted(house, slug, str(problem))
    except Exception as error:  # a page that makes a reader stumble must not stop the other sources
        logging.getLogger(__name__).exception("%s cannot be read", slug)
        return _noted(house, slug, f"It makes the program stumble ({type(error).__name__}); please report it.")


def _noted(house: House, slug: str, error: str) -> Gathered:
    with house.store.write() as connection:
        sources.fared(connection, slug, now=house.clock.now(), error=error)
    return Gathered(source=slug, error=error)


def _read(kind: SourceKind, data: bytes, location: str) -> list[FoundItem]:
    base = location if location.startswith(("http://", "https://")) else None
    reader = detect.kinds().get(kind)
    return reader(data, base=base) if reader else detect.read(data, base=base)


def _keep_all(
    house: House, connection: Connection, slug: str, found: Sequence[FoundItem]
) -> tuple[Gathered, list[Item]]:
    now = house.clock.now()
    source_id = sources.find(connection, slug).id
    kept: list[tuple[ItemId, Kept]] = []
    met: set[ItemId] = set()
    for each in found:
        kept.append(items.keep(connection, source_id, each, now=now, met=met))
        met.add(kept[-1][0])
    filings.file_by_rules(connection, [i for i, how in kept if how is not Kept.SAME], now=now)
    count = {how: sum(k is how for _, k in kept) for how in Kept}
    gathered = Gathered(source=slug, new=count[Kept.NEW], changed=count[Kept.CHANGED], same=count[Kept.SAME])
    return gathered, [items.load(connection, i) for i, _ in kept]
