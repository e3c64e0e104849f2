"""The epoch: how far a database has come, kept in it and in a file beside it.

Where the file is ahead, the database was brought back from a backup, and what was sent since is queued in it again.
"""

import os
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, delete, func, null, select, text, update
from sqlalchemy.exc import DBAPIError

from digest.errors import StorageUnavailable
from digest.model.delivery import DeliveryState
from digest.model.issue import IssueState
from digest.storage import notices
from digest.storage.engine import make_private
from digest.storage.notice_tables import notice
from digest.storage.tables import attempt, delivery, fact, issue
from subscribers.prepared import Prepared
from subscribers.tables import subscriber, subscription
from subscribers.upsert import insert_new

FILE = "epoch"
#: Added with each confirmation, so that files of other machines that are ahead are behind again.
LEAP = 1_000_000_000_000

_BASE, _HOME, _RESTORED = "epoch", "home", "restored"
_S = DeliveryState

#: Asked with each group of outcomes.
_REACHED = Prepared(select(func.max(attempt.c.id), select(fact.c.value).where(fact.c.name == _BASE).scalar_subquery()))


def reached(connection: Connection) -> int:
    """How far the database has come: each attempt is a step, and no step is ever taken back."""
    ((steps, base),) = _REACHED.run(connection)
    return int(base or 0) + int(steps or 0)


def noted(folder: Path) -> int:
    """How far it was when it was last noted; 0 where nothing was."""
    try:
        return int((folder / FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def note(folder: Path, epoch: int) -> None:
    """Keep how far the database has come. Only ever what is committed, or a crash would look like a backup.

    Raises StorageUnavailable: then nothing may be sent, as nobody could tell a backup afterwards.
    """
    try:
        make_private(folder)  # with PostgreSQL and a secret elsewhere, nothing else may lie in it
        handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, f"{epoch:020d}\n".encode(), 0)
        finally:
            os.close(handle)
    except OSError as error:
        what = f"{folder / FILE} cannot be written: {error.strerror}."
        raise StorageUnavailable(what, remedy="Make room, and let the program write to data_folder.") from error


def home(connection: Connection) -> str:
    """Where a PostgreSQL database lives: cluster, timeline, database, table. Empty on SQLite, and where it is not told.

    A dump that was loaded, a point in time that was recovered and a replica that took over each live elsewhere.
    """
    if connection.dialect.name == "sqlite":
        return ""
    try:
        with connection.begin_nested():
            return str(connection.scalar(text(_WHERE)))
    except DBAPIError:
        return ""


_WHERE = """
SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                      left(pg_walfile_name(pg_current_wal_lsn()), 8),
                      (SELECT oid FROM pg_database WHERE datname = current_database()),
                      'delivery'::regclass::oid)
"""


def known_home(connection: Connection) -> str:
    """Where it lived when that was last kept; empty before the first time."""
    return _fact(connection, _HOME) or ""


def keep_home(connection: Connection, where: str) -> None:
    """Keep where it lives now."""
    _keep(connection, _HOME, where)


def restored(connection: Connection) -> str:
    """How it was seen that the database was brought back; empty where it was not, or somebody has confirmed it."""
    return _fact(connection, _RESTORED) or ""


def hold(connection: Connection, words: str) -> None:
    """Keep all from leaving until somebody confirms."""
    if not restored(connection):
        _leap(connection)
    _keep(connection, _RESTORED, words)


def confirm(connection: Connection, *, ahead_of: int) -> None:
    """Let it go on, further than any file can be."""
    base = int(_fact(connection, _BASE) or 0)
    _keep(connection, _BASE, str(max(base, ahead_of) + LEAP))
    _keep(connection, _HOME, home(connection))
    connection.execute(delete(fact).where(fact.c.name == _RESTORED))


def _leap(connection: Connection) -> None:
    """Give none of the numbers that were given since the backup: they stand in letters that were sent meanwhile, whose
    links would open another's page, and whose bounces would be another's."""
    for table in (subscriber, subscription, delivery, notice):
        if connection.dialect.name == "sqlite":
            connection.execute(_LEAP_SQLITE, {"table": table.name, "by": NUMBERS})
        else:
            connection.execute(_LEAP_POSTGRESQL, {"table": table.name, "by": NUMBERS})


#: More than anybody sends between a backup and the day it is needed.
NUMBERS = 1_000_000_000
_LEAP_SQLITE = text("UPDATE sqlite_sequence SET seq = seq + :by WHERE name = :table")
_LEAP_POSTGRESQL = text(
    "SELECT setval(pg_get_serial_sequence(:table, 'id'), nextval(pg_get_serial_sequence(:table, 'id')) + :by)"
)


def waiting(connection: Connection) -> int:
    """How many deliveries of published issues wait, and single letters."""
    query = select(func.count()).select_from(delivery).join(issue, issue.c.id == delivery.c.issue_id)
    waits = issue.c.state == IssueState.PUBLISHED, delivery.c.state.in_(_OPEN)
    return connection.execute(query.where(*waits)).scalar_one() + notices.count_waiting(connection)


def doubt(connection: Connection, *, reason: str) -> None:
    """Call unknown all that waits of what is out, and of single letters: it may have gone out since the backup."""
    published = select(issue.c.id).where(issue.c.state == IssueState.PUBLISHED)
    theirs = delivery.c.issue_id.in_(published), delivery.c.state.in_(_OPEN)
    values = {"state": _S.UNKNOWN, "lease_token": null(), "reason": reason}
    connection.execute(update(delivery).where(*theirs).values(values))
    notices.doubt_waiting(connection, reason=reason)


_OPEN: Collection[DeliveryState] = (_S.QUEUED, _S.LEASED, _S.IN_FLIGHT)


def _fact(connection: Connection, name: str) -> str | None:
    value: str | None = connection.scalar(select(fact.c.value).where(fact.c.name == name))
    return value


def _keep(connection: Connection, name: str, value: str) -> None:
    insert_new(connection, fact, {"name": name, "value": value})
    connection.execute(update(fact).where(fact.c.name == name).values(value=value))
