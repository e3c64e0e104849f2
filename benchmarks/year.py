"""A year to publish into: very many readers, each with what came to them in the issues before.

A reader for each set of topics gets every earlier issue by the real way; all other readers are then made like one of
these, with the same deliveries, by statements that know nothing of the program.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import publication
from sqlalchemy import Connection, text

from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.publish import publish
from digest.settings import Settings
from digest.storage.tables import delivery

#: The month that is to be published.
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass(slots=True)
class StandingClock:
    """Stands where it is put."""

    at: datetime

    def now(self) -> datetime:
        """Where it stands."""
        return self.at


def opened(settings: Settings, at: datetime = NOW) -> House:
    """The house at a moment."""
    return replace(publication.opened(settings), clock=StandingClock(at))


def months(count: int) -> list[datetime]:
    """As many months before the one to be published, the earliest first; a day near the end of each."""
    found = [NOW]
    for _ in range(count):
        found.append(found[-1].replace(day=1, hour=12) - timedelta(days=3))
    return found[:0:-1]


def lay_down(settings: Settings, where: Path, *, readers: int, items: int, issues: int) -> str:
    """Readers, a year of what they got, and an issue of so many items that is approved. Returns the issue's name."""
    house = opened(settings)
    sets = subsets(publication.topics(house), at_most=readers)
    publication.fill_readers(house, len(sets), sets)
    earlier = months(issues)
    for number, at in enumerate(earlier):
        _issue(replace(house, clock=StandingClock(at)), where, items, first=number * items)
    name = _issue(house, where, items, first=len(earlier) * items, out=False)
    with house.store.write() as connection:
        _multiply(connection, like=len(sets), to=readers)
    _tidy(house)
    return name


def subsets(topics: tuple[str, ...], *, at_most: int) -> list[str]:
    """All sets of topics, as readers write them: the large and the small ones in turn."""
    by_size = [combinations(topics, size) for size in range(1, len(topics) + 1)]
    found = [",".join(each) for sets in by_size for each in sets]
    found = [each for pair in zip(found, reversed(found), strict=True) for each in pair]
    return list(dict.fromkeys(found))[:at_most]


def _issue(house: House, where: Path, items: int, *, first: int, out: bool = True) -> str:
    now = house.clock.now()
    publication.fill_items(house, where, items, until=now - timedelta(days=3), first=first)
    name = compose(house, publication.NEWSLETTER, period_key=f"{now:%Y-%m}")[0].name
    approve(house, name, by="benchmark")
    if out:
        publish(house, name)
        with house.store.write() as connection:
            connection.execute(text("UPDATE delivery SET state = 'accepted', settled_at = queued_at, tries = 1"))
    return name


def _multiply(connection: Connection, *, like: int, to: int) -> None:
    """Make readers up to number `to`, each with all that reader `number modulo like` has."""
    last = connection.execute(text("SELECT max(id) FROM subscriber")).scalar_one()
    assert last == like, "the readers there are must be numbered without a gap"
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA cache_size = -1000000"))  # kilobytes; of this connection, which is let go of
    for index in delivery.indexes:
        index.drop(connection)
    values = {"like": like, "to": to}
    connection.execute(text(_SERIES + _SUBSCRIBERS), values)
    connection.execute(text(_SERIES + _SUBSCRIPTIONS), values)
    for issue_id in connection.scalars(text("SELECT DISTINCT issue_id FROM delivery ORDER BY 1")).all():
        connection.execute(text(_SERIES + _DELIVERIES), {**values, "issue": issue_id})
    for index in delivery.indexes:
        index.create(connection)
    if connection.dialect.name == "postgresql":
        for table in ("subscriber", "subscription"):
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), :to)"), {"to": to})


def _tidy(house: House) -> None:
    if house.store.embedded:
        house.store.settle()
    else:
        with house.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    house.store.close()


#: How often the first readers are repeated.
_SERIES = """WITH RECURSIVE series(k) AS (
    SELECT 1 UNION ALL SELECT k + 1 FROM series WHERE k < :to / :like
)
"""
_SUBSCRIBERS = """, made AS (SELECT s.*, s.id + k * :like AS number FROM series, subscriber s WHERE s.id <= :like)
INSERT INTO subscriber (id, email, address_hash, name, language, created_at)
SELECT number, 'r' || number || '@example.org', 'made' || number, name, language, created_at
FROM made WHERE number <= :to ORDER BY number
"""
_SUBSCRIPTIONS = """, made AS (SELECT s.*, s.id + k * :like AS number FROM series, subscription s WHERE s.id <= :like)
INSERT INTO subscription (id, subscriber_id, newsletter_id, preference_id, cadence, state, created_at, confirmed_at,
    considered_at)
SELECT number, number, newsletter_id, preference_id, cadence, state, created_at, confirmed_at, considered_at
FROM made WHERE number <= :to ORDER BY number
"""
_DELIVERIES = """, made AS (
    SELECT d.*, d.subscriber_id + k * :like AS number FROM series, delivery d
    WHERE d.issue_id = :issue AND d.subscriber_id <= :like
)
INSERT INTO delivery (issue_id, subscriber_id, subscription_id, variant_id, state, tries, not_before, queued_at,
    settled_at)
SELECT issue_id, number, number, variant_id, state, tries, not_before, queued_at, settled_at
FROM made WHERE number <= :to ORDER BY variant_id, number
"""
