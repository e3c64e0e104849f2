"""Folders that we write whole: marked, so that nothing of somebody else's is ever written over."""

from pathlib import Path

from digest.errors import SettingsRefused

#: The name of an empty file.
MARK = ".built-by-digest"


def must_be_ours(folder: Path) -> None:
    """Raises SettingsRefused for a folder that holds something else."""
    if folder.is_dir() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise SettingsRefused(f"{folder} holds other files.", remedy="Name an empty folder, or one built before.")
    if folder.exists() and not folder.is_dir():
        raise SettingsRefused(f"{folder} is a file.", remedy="Name a folder.")


def mark(folder: Path) -> None:
    """Say that it is ours."""
    (folder / MARK).touch()
