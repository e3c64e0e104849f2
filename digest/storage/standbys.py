"""Standbys: servers that follow a PostgreSQL server, and may take over from it."""

from sqlalchemy import Connection, text


def not_waited_for(connection: Connection) -> int:
    """How many follow while no commit waits for any. A backup that is being taken follows nobody."""
    if connection.scalar(text("SELECT current_setting('synchronous_standby_names')")):
        return 0
    return int(connection.scalar(text(_FOLLOWING)) or 0)


_FOLLOWING = "SELECT count(*) FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'"
