"""Alike: all readers of one letter, by a name that an address can hold, and a reader who stands for them."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from digest.flow.preview import Preview, Reader, reader_of_topics
from digest.storage import audiences
from digest.storage.audiences import Cohort
from digest.storage.tables import cohort
from subscribers.errors import UnknownReader
from subscribers.preferences import from_text
from subscribers.tables import preference


def reader_alike(connection: Connection, preview: Preview, key: str) -> Reader:
    """A reader who stands for all of a cohort. Raises UnknownReader."""
    found, variant_id = _kept_cohort(connection, preview, key) if key.isdecimal() else (_named(connection, key), None)
    return standing_for(preview, found, variant_id)


def standing_for(preview: Preview, found: Cohort, variant_id: int | None) -> Reader:
    """A reader with all that is the same for a cohort; `variant_id` is what those got, of an issue that is out."""
    thought = reader_of_topics(preview.issue, found.chosen)
    return Reader(
        label=str(found.chosen),
        email=thought.email,
        name="",
        chosen=found.chosen,
        cadence=thought.cadence,
        since=thought.since,
        language=found.language,
        alike=found,
        variant_id=variant_id,
    )


def key_of(each: Cohort) -> str:
    """Names a cohort of a draft: all that choosing knows of it."""
    received = "-".join(map(str, each.received))
    return f"{each.preference_id}.{int(each.first)}.{each.language}.{received}.{each.away}"


def _named(connection: Connection, key: str) -> Cohort:
    """The cohort that `_key` named."""
    try:
        preference_id, first, language, received, away = key.split(".")
        variant_ids = tuple(int(part) for part in received.split("-") if part)
        number = int(preference_id)
        if away:
            date.fromisoformat(away)
    except ValueError as error:
        raise _no_such() from error
    topics = connection.scalar(select(preference.c.topics).where(preference.c.id == _small(number)))
    if topics is None:
        raise _no_such()
    return Cohort(
        preference_id=number,
        chosen=from_text(topics),
        language=language,
        first=first == "1",
        received=tuple(map(_small, variant_ids)),
        readers=0,
        away=away,
    )


def kept_cohorts(connection: Connection, issue_id: int) -> list[tuple[int, Cohort, int | None]]:
    """The cohorts of an issue that is out, each with its number and its variant; None for nothing."""
    mine = cohort.c.issue_id == issue_id
    rows = connection.execute(_cohorts().where(mine).order_by(cohort.c.id))
    return [(row.id, _cohort(row), row.variant_id) for row in rows]


def _kept_cohort(connection: Connection, preview: Preview, key: str) -> tuple[Cohort, int | None]:
    this = (cohort.c.id == _small(int(key))) & (cohort.c.issue_id == preview.issue.id)
    row = connection.execute(_cohorts().where(this)).first()
    if row is None:
        raise _no_such()
    return _cohort(row), row.variant_id


def _cohorts() -> Any:
    return select(cohort, preference.c.topics).join(preference, preference.c.id == cohort.c.preference_id)


def _cohort(row: Row[Any]) -> Cohort:
    return Cohort(
        preference_id=row.preference_id,
        chosen=from_text(row.topics),
        language=row.language,
        first=row.first,
        received=audiences.parse_received(row.received),
        readers=row.readers,
        away=row.away,
    )


def _small(number: int) -> int:
    """The number, if a column can hold it."""
    if not 0 <= number < 2**31:
        raise _no_such()
    return number


def _no_such() -> UnknownReader:
    return UnknownReader("There are no such readers of this issue.", remedy="Choose from the list of all letters.")
