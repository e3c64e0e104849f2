"""Keep: what was found becomes items, each once, filed under topics. Kept twice is kept once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from digest.errors import UnreadableSource
from digest.flow.house import House
from digest.model.item import FoundItem, Item, ItemId
from digest.model.rules import Reasons, Rules
from digest.sources import detect
from digest.storage import filings, items, keeping, sources
from digest.storage.keeping import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What reading one source came to."""

    source: str
    new: int = 0
    changed: int = 0
    #: Changed after an issue with them was frozen; they stay as they are there.
    noted: int = 0
    same: int = 0
    #: Whether its server said that there is nothing new, so that nothing was read.
    unchanged: bool = False
    #: Why nothing came; empty when all went well.
    error: str = ""


class _OnlyLooking(Exception):  # noqa: N818  it is no error, it ends a transaction
    """Nothing is to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Where the items of a reading are to be filed, for each in turn, and by which rules."""

    rules: Rules
    reasons: Sequence[Reasons]


def import_file(house: House, path: Path, source_slug: str, *, dry_run: bool = False) -> tuple[Gathered, list[Item]]:
    """Keep the items of one file, whatever its format, as found in a source. All of them or none."""
    return keep_all(house, source_slug, read_file(path), dry_run=dry_run)


def keep_all(
    house: House, source_slug: str, found: Sequence[FoundItem], *, dry_run: bool = False
) -> tuple[Gathered, list[Item]]:
    """Keep what was found in a source, and give each item once as it is kept; on a dry run, as it would be."""
    kept: list[tuple[Gathered, list[Item]]] = []
    with suppress(_OnlyLooking), house.store.write() as connection:
        source_id = sources.find(connection, source_slug).id
        gathered, ids = keep_found(house, connection, source_slug, source_id, found)
        by_id = {item.id: item for item in items.these(connection, ids)}
        kept.append((gathered, [by_id[item_id] for item_id in dict.fromkeys(ids)]))
        if dry_run:
            raise _OnlyLooking
    return kept[0]


def read_file(path: Path) -> list[FoundItem]:
    """The items of a file of any kind. Raises UnreadableSource, naming the file."""
    try:
        return detect.read(path.read_bytes())
    except OSError as error:
        raise UnreadableSource(f"{path} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    except UnreadableSource as error:
        raise UnreadableSource(f"{path.name}: {error.what}", remedy=error.remedy) from error
    except Exception as error:
        what = f"{path.name}: it makes the program stumble ({type(error).__name__})."
        raise UnreadableSource(what, remedy="Please report it, with the file.") from error


def keep_found(
    house: House,
    connection: Connection,
    slug: str,
    source_id: int,
    found: Sequence[FoundItem],
    *,
    judged: Judged | None = None,
) -> tuple[Gathered, list[ItemId]]:
    """Keep and file what one reading of a source found; by what was judged before, where the rules are still those."""
    now = house.clock.now()
    kept = keeping.keep(connection, source_id, found, now=now)
    touched = {item_id: n for n, (item_id, how) in enumerate(kept) if how in (Kept.NEW, Kept.CHANGED)}
    if judged and filings.are_current(connection, judged.rules, source_id):
        reasons = {int(item_id): judged.reasons[n] for item_id, n in touched.items()}
        filings.file(connection, judged.rules, reasons, now=now)
    else:
        filings.file_anew(connection, list(touched), now=now)
    count = {how: sum(each is how for _, each in kept) for how in Kept}
    gathered = Gathered(
        source=slug,
        new=count[Kept.NEW],
        changed=count[Kept.CHANGED],
        noted=count[Kept.NOTED],
        same=count[Kept.SAME],
    )
    return gathered, [item_id for item_id, _ in kept]
