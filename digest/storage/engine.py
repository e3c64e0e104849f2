"""The database: opened once, written in short transactions, on SQLite or PostgreSQL alike."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from digest.errors import Never, Overlapped, SettingsRefused, StorageUnavailable

#: Seconds a writer waits for another on SQLite.
BUSY_SECONDS = 30
#: What SQLite keeps of a database in memory: as it does by itself, and where very many rows are touched.
_NARROW_KILOBYTES, _WIDE_KILOBYTES = 2_000, 64_000


class Store:
    """An open database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Kept: an engine with options is made anew at each asking otherwise, thousands of times a minute.
        self._reading = engine.execution_options(read_only=True)
        #: How often connections were let go of.
        self.closings = 0
        wide, steady = {"wide": True}, {"isolation_level": "REPEATABLE READ"}
        self._steady = engine.execution_options(**(wide if self.embedded else steady))

    @property
    def embedded(self) -> bool:
        """Whether it is SQLite: one machine, one process that delivers."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A view of the database; what is written through it is thrown away."""
        with told(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, steady: bool = False) -> Iterator[Connection]:
        """One transaction: all of it or none. A steady one sees the database throughout as it was when it began, and
        may touch a million rows."""
        with told(), (self._steady if steady else self.engine).begin() as connection:
            yield connection

    def settle(self) -> None:
        """Bring what was written into the database's own file, and empty the log beside it (SQLite)."""
        if self.embedded:
            with closing(self.engine.raw_connection()) as connection:  # a checkpoint is no part of a transaction
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_to(self, file: Path) -> None:
        """Write all that is committed into a new file (SQLite), whoever writes meanwhile. Raises StorageUnavailable."""
        with told(), closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(file),))

    def close(self) -> None:
        """Let go of all connections; those of writers with their next transaction."""
        self.closings += 1
        self.engine.dispose()


def open_store(url: str, data_folder: Path) -> Store:
    """Open the database at `url`; a relative SQLite file lies in `data_folder`, which is made."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return Store(_sqlite(parsed, data_folder))
    if parsed.get_backend_name() == "postgresql":
        return Store(_postgresql(parsed))
    raise SettingsRefused(
        f"database.url names {parsed.get_backend_name()}, which is not supported.",
        remedy="Use sqlite:///file or postgresql://user@host/name.",
    )


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:  # such as a port that is no number
        raise SettingsRefused(
            "database.url is not an address of a database.", remedy="Write sqlite:///digest.db."
        ) from error


#: Errors end in logs; the values of a statement are people's addresses and what they chose.
_DISCREET = {"hide_parameters": True}


def _sqlite(url: URL, data_folder: Path) -> Engine:
    file = data_folder / (url.database or "digest.db")
    try:
        make_private(file.parent)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its log the rights of its file
    except OSError as error:
        raise StorageUnavailable(f"The database {file} cannot be made: {error.strerror}.") from error
    engine = create_engine(url.set(database=str(file)), connect_args={"timeout": BUSY_SECONDS}, **_DISCREET)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone can look into: it holds people's addresses. One that is there stays as it is.

    Raises OSError.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    _keep_a_log(connection)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _keep_a_log(connection: Any) -> None:
    """Write ahead in a log. SQLite does not wait for others while a new database is turned to it, so we do."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that began by reading cannot wait for a writer, it fails at once: so writers say so at the start.
    reads = connection.get_execution_options().get("read_only")
    _make_room(connection)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _make_room(connection: Connection) -> None:
    """A transaction over very many rows keeps what it sorts, and what it would need to undo, in files; pages that it
    comes back to in no order stay in memory till its end. What it refers to it has read itself, and nobody else writes
    meanwhile: so it is not looked up again for each row. SQLite takes these orders between transactions only."""
    wide = bool(connection.get_execution_options().get("wide"))
    if wide != connection.info.get("wide", False):
        connection.info["wide"] = wide
        connection.exec_driver_sql(f"PRAGMA temp_store = {'FILE' if wide else 'MEMORY'}")
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if wide else 'ON'}")
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_WIDE_KILOBYTES if wide else _NARROW_KILOBYTES}")


#: A process that was frozen in the middle of a transaction must not hold up all others for ever. And a commit is one
#: once it is on the disk, whatever the server is set to: a marker that is forgotten is a message that comes twice.
_SESSION = "-c idle_in_transaction_session_timeout=120000 -c lock_timeout=30000 -c synchronous_commit=on"

#: A network that swallows what it is given must not hold up a marker for the two hours that systems wait: after half a
#: minute (seconds; milliseconds) the server is away. What the address says of these counts.
_PRESENT = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            connect_args={
                "options": _SESSION,
                **{name: way for name, way in _PRESENT.items() if name not in url.query},
            },
            **_DISCREET,
        )
    except (ImportError, NoSuchModuleError) as error:
        raise SettingsRefused(
            "PostgreSQL needs the extra “postgres”.", remedy="pip install 'topic-digest[postgres]'."
        ) from error


#: SQL: a steady transaction met a change that was made after it began.
_OVERLAP = "40001"


@contextmanager
def told() -> Iterator[None]:
    """Failures of the database itself in plain words; mistakes in our statements stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        if getattr(error.orig, "sqlstate", None) == _OVERLAP:
            raise Overlapped("Somebody else changed the same just now.", remedy="Try again.") from error
        raise StorageUnavailable(
            f"The database does not answer: {line_of(error)}.", remedy="Try again later."
        ) from error
    except PoolTimeoutError as error:
        raise StorageUnavailable("All connections to the database are in use.", remedy="Try again later.") from error
    except DataError as error:
        raise Never(
            f"The database cannot hold a value: {line_of(error)}.", remedy="Shorten it or take it out."
        ) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        # SQLite says so of a file that is none of its own, or is damaged.
        raise StorageUnavailable(
            f"The database does not answer: {line_of(error)}.",
            remedy="Bring it back from a backup; digest.db-wal and digest.db-shm beside it go first.",
        ) from error


def line_of(error: Exception) -> str:
    """What it says, in a line; of a database's error only what the database said."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(said).split())[:200].rstrip(".")
