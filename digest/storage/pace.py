"""The pace: how many messages may leave just now, over all workers together.

A bucket in the database fills at the rate that is allowed, by the database's clock, and whoever leases draws from it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from digest.storage.clock import database_now
from digest.storage.tables import pace
from subscribers.upsert import insert_new

_NAME = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many messages a second; what was not used is kept for one second, no longer."""

    per_second: float

    @property
    def most(self) -> float:
        """What the bucket holds: a second's worth, and always room for one."""
        return max(1.0, self.per_second)


def allowed(connection: Connection, rate: Rate, *, first: bool = False) -> tuple[int, float]:
    """How many may be leased now, and in how many seconds one more may. Others wait until the transaction ends.

    Who goes `first` may borrow a second's worth, for which all others then wait.
    """
    level = _level(connection, rate)
    connection.execute(update(pace).where(pace.c.name == _NAME).values(level=level, filled_at=database_now()))
    level += rate.most if first else 0.0
    return max(0, int(level)), max(0.0, (1.0 - level) / rate.per_second)


def spend(connection: Connection, count: int) -> None:
    """So many were leased."""
    connection.execute(update(pace).where(pace.c.name == _NAME).values(level=pace.c.level - count))


def _level(connection: Connection, rate: Rate) -> float:
    insert_new(connection, pace, {"name": _NAME, "level": rate.most, "filled_at": database_now()})
    row = connection.execute(
        select(pace.c.level, pace.c.filled_at, database_now().label("now"))
        .where(pace.c.name == _NAME)
        .with_for_update()
    ).one()
    since = max(0.0, (row.now - row.filled_at).total_seconds())
    level: float = min(rate.most, row.level + since * rate.per_second)
    return level
