"""The schema: which version a database has, and how it comes to the one this program needs."""

from pathlib import Path

from sqlalchemy import Connection, inspect, select, table, text
from sqlalchemy import column as sql_column

from digest.errors import SettingsRefused
from digest.storage.engine import Store

#: The newest migration; a test holds it to the folder.
HEAD = "0018"

_VERSION = table("alembic_version", sql_column("version_num"))


def version(connection: Connection) -> str | None:
    """The migration a database is at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def prepare(store: Store) -> None:
    """Bring an empty or embedded database to the newest version. Raises SettingsRefused for one that is shared and
    behind, as other machines may still run the old program on it, or one that is ahead of this program."""
    with store.read() as connection:
        now_at = version(connection)
    if now_at == HEAD:
        return
    if now_at is not None and now_at > HEAD:
        raise SettingsRefused(
            f"The database is at version {now_at}, this program knows {HEAD}.", remedy="Install the newer program."
        )
    if now_at is not None and not store.embedded:
        raise SettingsRefused(
            f"The database is at version {now_at} and has to come to {HEAD}.",
            remedy="Stop all workers, then run: digest migrate.",
        )
    upgrade(store)


def must_be_known(connection: Connection) -> None:
    """Refuse to go on with a database that somebody has migrated since it was opened. Raises SettingsRefused."""
    now_at = connection.scalar(select(_VERSION.c.version_num))
    if now_at != HEAD:
        raise SettingsRefused(
            f"The database is at version {now_at} by now, this program knows {HEAD}.",
            remedy="Install the newer program, and start it.",
        )


def upgrade(store: Store, to: str = "head") -> None:
    """Run the migrations up to `to`, in one transaction."""
    from alembic import command

    with store.write() as connection:
        _alone(store, connection)
        command.upgrade(_config(connection), to)


def downgrade(store: Store, to: str = "base") -> None:
    """Run the migrations down to `to`, in one transaction."""
    from alembic import command

    with store.write() as connection:
        _alone(store, connection)
        command.downgrade(_config(connection), to)


def _alone(store: Store, connection: Connection) -> None:
    # Several processes may start at once on a fresh database. SQLite's BEGIN IMMEDIATE lets in one by itself.
    if not store.embedded:
        connection.execute(text("SELECT pg_advisory_xact_lock(7143402)"))


def _config(connection: Connection):  # type: ignore[no-untyped-def]  # Alembic is imported only when it is needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
