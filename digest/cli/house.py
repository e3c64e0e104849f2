"""The house of this working folder, opened for one command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import SettingsRefused

if TYPE_CHECKING:  # imported when a command needs them: help and completion are to be quick
    from digest.flow.house import House
    from digest.settings import Settings

#: Names the database where a site has no file of settings.
_DATABASE = "DIGEST_DATABASE__URL"


def settings() -> "Settings":
    """The settings of the working folder. Raises SettingsRefused for a folder that is no site's."""
    from digest.settings import FILE, load

    if not Path(FILE).is_file() and not os.environ.get(_DATABASE):
        raise SettingsRefused(
            f"There is no {FILE} in {Path.cwd()}.",
            remedy="Go to your site's folder, or name it: digest -C FOLDER …; for a new site: digest init FOLDER.",
        )
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
