"""Backup: the database as it is at one moment, as a file of its own."""

import os
from pathlib import Path

from digest.errors import Never
from digest.flow.house import House


def backup(house: House, file: Path) -> int:
    """Write the database (SQLite) into a new file for its owner alone, while all goes on. Returns its bytes.

    Copying `digest.db` itself would leave out what still stands in the log beside it. Raises Never for a file that is
    there already, or a database that is PostgreSQL's.
    """
    if not house.store.embedded:
        raise Never("The database is PostgreSQL.", remedy="Use pg_dump; docs/running.md says what else to keep.")
    if file.exists():
        raise Never(f"{file} is there already.", remedy="Name another file; a backup is never written over.")
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        house.store.copy_to(part)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Never(f"{file} cannot be written: {error.strerror}.") from error
    return file.stat().st_size
