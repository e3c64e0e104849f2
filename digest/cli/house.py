"""The house of this working folder, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported when a command needs them: help and completion are to be quick
    from digest.flow.house import House
    from digest.settings import Settings


def settings() -> "Settings":
    """The settings of the working folder."""
    from digest.settings import load

    return load(Path.cwd())


@contextmanager
def opened() -> "Iterator[House]":
    """Everything joined, and let go of at the end."""
    from digest.bootstrap import open_house

    house = open_house(settings())
    try:
        yield house
    finally:
        house.store.close()


def who() -> str:
    """Who gives the command, for the record."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
