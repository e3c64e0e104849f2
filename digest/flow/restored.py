"""Restored: a database that was brought back from a backup sends nothing until a person says what becomes of the queue.

What was sent after the backup was made is queued in it once more. The ledger cannot know what that is; the log of the
mail server can.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.errors import DatabaseRestored, UnknownName
from digest.flow.house import House
from digest.model.delivery import Attempt
from digest.storage import epoch, schema

REMEDY = "Nothing is sent until you say what becomes of what waits: digest restored."
_BEHIND = "The database is behind what was sent from here: it was brought back from a backup."
_ELSEWHERE = "The database lives elsewhere than before: it was brought back, moved, or another server took over."


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a person's word came to."""

    #: How it was seen.
    words: str
    #: How many deliveries wait; they are sent, or in doubt now.
    waiting: int


def must_be_the_same(house: House) -> None:
    """Go on with the database that was last delivered from, and of the version that is known here.

    Raises DatabaseRestored where it is another or an older one; from then on it is held, whoever asks, until `confirm`.
    Raises SettingsRefused where it was migrated since it was opened.
    """
    folder = house.settings.data_folder
    with house.store.write() as connection:
        schema.must_be_known(connection)
        reached, home = epoch.reached(connection), epoch.home(connection)
        words = epoch.restored(connection) or _seen(connection, reached, epoch.noted(folder), home)
        if words:
            epoch.hold(connection, words)
        elif home != epoch.known_home(connection):
            epoch.keep_home(connection, home)
    if words:
        raise DatabaseRestored(words, remedy=REMEDY)
    epoch.note(folder, reached)


def words(connection: Connection) -> str:
    """Why all is held, in a sentence; empty where it is not."""
    held = epoch.restored(connection)
    return f"{held} {REMEDY}" if held else ""


def noting(house: House) -> Callable[[Connection, Sequence[Attempt]], None] | None:
    """What the journal calls with all that it writes: notes how far the ledger had come before it.

    Before, as this is not committed yet. On PostgreSQL others write too, and where it lives tells enough.
    """
    if not house.store.embedded:
        return None

    def note(connection: Connection, attempts: Sequence[Attempt]) -> None:
        epoch.note(house.settings.data_folder, epoch.reached(connection) - len(attempts))

    return note


def confirm(house: House, *, send: bool, by: str, dry_run: bool = False) -> Confirmed:
    """Let a restored database go on: what waits is sent, or in doubt. Raises UnknownName where none is held."""
    with house.store.write() as connection:
        held = epoch.restored(connection)
        if not held:
            raise UnknownName("The database was not brought back from a backup.", remedy="There is nothing to do.")
        count = epoch.waiting(connection)
        if not dry_run:
            if not send:
                epoch.doubt(connection, reason=f"queued in a backup, and may have been sent since; by the word of {by}")
            epoch.confirm(connection, ahead_of=epoch.noted(house.settings.data_folder))
        return Confirmed(words=held, waiting=count)


def declare(house: House, *, by: str) -> None:
    """Hold all at the word of somebody who has brought the database back in a way that nobody can see."""
    with house.store.write() as connection:
        epoch.hold(connection, f"The database was brought back from a backup, by the word of {by}.")


def _seen(connection: Connection, reached: int, noted: int, home: str) -> str:
    known = epoch.known_home(connection)
    if noted > reached:
        return _BEHIND
    return _ELSEWHERE if known and home and known != home else ""
