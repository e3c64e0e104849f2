"""The epoch's file: where it lies, and what is told when it cannot be written."""

from pathlib import Path

import pytest

from digest.errors import StorageUnavailable
from digest.storage import epoch


def test_what_was_noted_last_is_read_back_also_in_a_folder_that_was_not_there(tmp_path: Path) -> None:
    """A machine with PostgreSQL and its secret elsewhere keeps nothing else in the folder."""
    epoch.note(tmp_path / "data", 12)
    epoch.note(tmp_path / "data", 7)

    assert epoch.noted(tmp_path / "data") == 7
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_is_told_by_name(tmp_path: Path) -> None:
    """Nothing may be sent then, as nobody could tell a backup afterwards."""
    (tmp_path / epoch.FILE).mkdir()

    with pytest.raises(StorageUnavailable, match=f"{epoch.FILE} cannot be written: Is a directory"):
        epoch.note(tmp_path, 12)
