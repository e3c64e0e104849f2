"""Recover: sweep the ledger for whatever stopped on its way."""

from datetime import timedelta

from digest.flow.house import House
from digest.storage import workers
from digest.storage.workers import Recovery


def recover(house: House, *, alone: bool) -> Recovery:
    """Give back the leases of dead workers, and call unknown what they had in flight.

    `alone` says that the caller holds the outbox's lock, so that whoever else was at work is dead.
    """
    dead_after = None if alone else timedelta(seconds=house.settings.delivery.dead_after_seconds)
    with house.store.write() as connection:
        return workers.recover(connection, dead_after=dead_after)
