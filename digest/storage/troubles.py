"""Troubles: why a mail server is left in peace for now, kept where all workers and people can see it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from digest.storage.clock import database_now
from digest.storage.tables import trouble
from subscribers.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why nothing goes by a way out of the house."""

    #: What the ledger calls it: "smtp", or the name of a fallback.
    transport: str
    what: str
    remedy: str
    since: datetime
    #: How often it was tried in vain.
    failures: int
    #: When a worker knocks again.
    next_try_at: datetime
    #: The same in seconds from now, by the database's clock; nothing when it is past.
    rest_seconds: float


def listed(connection: Connection) -> list[Trouble]:
    """All there are, by name."""
    rows = connection.execute(select(trouble, database_now().label("now")).order_by(trouble.c.transport))
    return [
        Trouble(
            transport=row.transport,
            what=row.what,
            remedy=row.remedy,
            since=row.since,
            failures=row.failures,
            next_try_at=row.next_try_at,
            rest_seconds=max(0.0, (row.next_try_at - row.now).total_seconds()),
        )
        for row in rows
    ]


def note(connection: Connection, transport: str, *, what: str, remedy: str, rest: Callable[[int], timedelta]) -> None:
    """It cannot be used; the next try comes after the `rest` for so many failures. Noticed by several is once."""
    this = trouble.c.transport == transport
    now = connection.execute(select(database_now())).scalar_one()
    values = {"what": what, "remedy": remedy, "failures": 0, "since": now, "next_try_at": now}
    insert_new(connection, trouble, {"transport": transport, **values})
    row = connection.execute(select(trouble).where(this).with_for_update()).one()
    if row.failures and row.next_try_at > now:
        # Somebody tried all the same, as a person does who is mending it: the newest reason is the one to know.
        connection.execute(update(trouble).where(this).values(what=what, remedy=remedy))
        return
    failures = row.failures + 1
    told = {"what": what, "remedy": remedy, "failures": failures, "next_try_at": now + rest(failures)}
    connection.execute(update(trouble).where(this).values(told))


def over(connection: Connection, transports: Collection[str]) -> None:
    """Mail is accepted there again."""
    if transports:
        connection.execute(delete(trouble).where(trouble.c.transport.in_(transports)))
