"""Workers: who delivers, who still lives, and what the dead have left behind."""

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from digest.model.delivery import DeliveryState
from digest.storage import notices, stopping
from digest.storage.clock import database_now
from digest.storage.tables import delivery, worker

#: How long it is known who delivered.
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What the dead had left behind."""

    workers: int
    #: Leases given back: nothing of these had been handed over.
    returned: int
    #: Deliveries and notices whose final dot may have gone out.
    unknown: int
    #: The deliveries among them.
    deliveries: int = field(default=0, compare=False)


def register(connection: Connection) -> str:
    """A new worker. Returns its token, which it signs its leases with. Who ended long ago is forgotten on the way:
    a token that nobody has is as good as that of a dead one."""
    connection.execute(delete(worker).where(worker.c.ended_at < database_now(-KEPT)))
    token = secrets.token_hex(16)
    values = {"token": token, "name": f"{socket.gethostname()}:{os.getpid()}"}
    connection.execute(insert(worker).values(started_at=database_now(), beat_at=database_now(), **values))
    return token


def beat(connection: Connection, token: str) -> bool:
    """Show that a worker lives. False when it has been declared dead meanwhile and must not go on as it is."""
    alive = (worker.c.token == token) & worker.c.ended_at.is_(None)
    return connection.execute(update(worker).where(alive).values(beat_at=database_now())).rowcount == 1


def retire(connection: Connection, token: str) -> None:
    """End a worker that has given back its leases."""
    connection.execute(update(worker).where(worker.c.token == token).values(ended_at=database_now()))


def living(connection: Connection, *, dead_after: timedelta) -> int:
    """How many deliver, as far as anybody knows."""
    alive = worker.c.ended_at.is_(None) & (worker.c.beat_at >= database_now(-dead_after))
    return connection.execute(select(func.count()).select_from(worker).where(alive)).scalar_one()


def recover(connection: Connection, *, dead_after: timedelta | None) -> Recovery:
    """Sweep up after the dead: leases go back to the queue, what was in flight becomes unknown, never queued.

    Dead is who has been silent for `dead_after` by the database's clock; with None, who ever was (the caller holds
    the outbox's lock and knows that nobody else lives).
    """
    silent: ColumnElement[bool] = worker.c.ended_at.is_(None)
    if dead_after is not None:
        silent = silent & (worker.c.beat_at < database_now(-dead_after))
    ended = connection.execute(update(worker).where(silent).values(ended_at=database_now())).rowcount
    return sweep(connection, ended)


def sweep(connection: Connection, ended: int = 0) -> Recovery:
    """What those have left behind who have ended, `ended` of them just now; nobody is called dead."""
    stopping.cancel_stragglers(connection)
    returned, doubtful = notices.recover(connection)
    returned += _sweep(connection, DeliveryState.LEASED, DeliveryState.QUEUED, lease_token=None)
    # The token stays: a late 250 may still close the doubt.
    silent = {"reason": "the worker stopped before the reply"}
    deliveries = _sweep(connection, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN, **silent)
    return Recovery(workers=ended, returned=returned, unknown=doubtful + deliveries, deliveries=deliveries)


def _sweep(connection: Connection, of: DeliveryState, to: DeliveryState, **values: str | None) -> int:
    alive = select(worker.c.token).where(worker.c.ended_at.is_(None))
    held = delivery.c.lease_token.is_not(None)
    return connection.execute(
        update(delivery)
        .where(held, delivery.c.state == of, delivery.c.lease_token.not_in(alive))
        .values(state=to, **values)
    ).rowcount
