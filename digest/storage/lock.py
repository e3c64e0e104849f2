"""Locks: who alone holds the outbox, and who alone publishes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from digest.errors import OutboxBusy
from digest.storage.engine import Store


@contextmanager
def hold(store: Store, data_folder: Path) -> Iterator[None]:
    """Hold the outbox while the block runs; the system lets go of it however the process ends. Raises OutboxBusy.

    On SQLite one process delivers, and whoever holds the lock knows that all others are dead. On PostgreSQL workers
    share the outbox by leases, and nothing is locked.
    """
    if not store.embedded:
        yield
        return
    with (data_folder / "outbox.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise OutboxBusy(
                f"Another process (number {file.read().strip() or 'unknown'}) delivers from this outbox.",
                remedy="Let it work, or stop it and run this again.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def publishing(store: Store) -> Iterator[None]:
    """Publish alone while the block runs; whoever comes meanwhile waits, and then sees what was done.

    On a connection of its own: a steady transaction would still see the database as it was before the wait. SQLite
    lets in one writer at a time by itself.
    """
    if store.embedded:
        yield
        return
    with store.write() as connection:
        # It waits for as long as another publishes, and then idles while this one does.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(7143403)"))
        yield
