"""Keeping: what was found becomes items, once each, by what they are known by within their source."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from digest.model.item import FoundItem, ItemId
from digest.storage import changes, recognition, twins
from digest.storage.chunks import chunks
from digest.storage.items import stands_at
from digest.storage.recognition import Found, Known
from digest.storage.source_tables import item
from digest.storage.tables import article


class Kept(StrEnum):
    """What keeping a found item came to."""

    NEW = "new"
    CHANGED = "changed"
    #: Changed by its source after an issue with it was frozen: it stays as it is there, and the change is noted.
    NOTED = "noted"
    SAME = "same"


def keep(
    connection: Connection, source_id: int, found: Sequence[FoundItem], *, now: datetime
) -> list[tuple[ItemId, Kept]]:
    """Keep what one reading of a source found; an item that is known is changed where the source has changed it.

    Gives for each in turn its number and what became of it; of two with one identity the first counts.
    """
    _alone(connection)
    identities = [each.identity for each in found]
    wanted: dict[str, FoundItem] = {}
    for identity, each in zip(identities, found, strict=True):
        wanted.setdefault(identity, each)
    known = recognition.known(connection, source_id, wanted)
    fates = _update(connection, known, wanted, now) | _insert(connection, source_id, known, wanted, now)
    numbers = {identity: ItemId(row.id) for identity, row in known.items()}
    met: set[str] = set()
    results = []
    for identity in identities:
        results.append((numbers[identity], Kept.SAME if identity in met else fates[identity]))
        met.add(identity)
    return results


def _alone(connection: Connection) -> None:
    # Two who keep at once would not see each other's items, and a piece that both found would come twice. SQLite has
    # one writer anyway.
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(7143403)"))


def _whole(connection: Connection, item_ids: Iterable[int]) -> dict[int, Row[Any]]:
    query = select(item)
    return {row.id: row for some in chunks(item_ids) for row in connection.execute(query.where(item.c.id.in_(some)))}


def _update(connection: Connection, known: Known, wanted: Found, now: datetime) -> dict[str, Kept]:
    _rename(connection, known, wanted)
    changed = {row.id: id_ for id_, row in known.items() if row.fingerprint != wanted[id_].fingerprint}
    out = _come_out(connection, changed)
    fates = dict.fromkeys(known, Kept.SAME)
    for row in _whole(connection, changed).values():
        identity = changed[row.id]
        found = wanted[identity]
        parts = changes.parts(row, found)
        if row.id in out and parts:
            noted = changes.note(connection, row.id, found, parts, now=now)
            fates[identity] = Kept.NOTED if noted else Kept.SAME
            continue
        values = {**_values(found, now), "stands_at": stands_at(found.published, row.first_seen_at)}
        connection.execute(update(item).where(item.c.id == row.id).values(values))
        fates[identity] = Kept.CHANGED if parts else Kept.SAME
    return fates


def _rename(connection: Connection, known: Known, wanted: Found) -> None:
    """Know items from now on by what they are found with now."""
    for identity, row in known.items():
        if row.identity != identity:
            values = {"identity": identity, "guid": wanted[identity].guid}
            connection.execute(update(item).where(item.c.id == row.id).values(values))


def _come_out(connection: Connection, item_ids: Iterable[int]) -> set[int]:
    """Those of these items that a frozen issue holds."""
    query = select(article.c.item_id).distinct()
    return {i for some in chunks(item_ids) for i in connection.scalars(query.where(article.c.item_id.in_(some)))}


def _insert(connection: Connection, source_id: int, known: Known, wanted: Found, now: datetime) -> dict[str, Kept]:
    """Keep what is new; the rows made are added to those known."""
    new = {identity: each for identity, each in wanted.items() if identity not in known}
    rows = [
        {
            "source_id": source_id,
            "identity": identity,
            "first_seen_at": now,
            "stands_at": stands_at(each.published, now),
            **_values(each, now),
        }
        for identity, each in new.items()
    ]
    if rows:
        connection.execute(insert(item), rows)
    known |= recognition.with_identities(connection, source_id, new)
    twins.remember(connection, [ItemId(known[identity].id) for identity in new], list(new.values()))
    return dict.fromkeys(new, Kept.NEW)


def _values(found: FoundItem, now: datetime) -> dict[str, Any]:
    bare, exact = changes.dates(found)
    return {
        "published_on": bare,
        "published_at": exact,
        "fingerprint": found.fingerprint,
        "title": found.title,
        "guid": found.guid,
        "link": found.link,
        "changed_at": now,
        "people": list(found.people),
        "categories": list(found.categories),
        "body_html": found.body_html,
        "body_text": found.body_text,
        "word_count": found.word_count,
        "excerpt": found.excerpt,
        "language": found.language,
        "lead": found.lead,
        "images": [asdict(image) for image in found.images],
    }
