"""Where `templates/` and `config/` lie: beside the code in a checkout, inside the package once installed."""

from pathlib import Path

from digest.errors import SettingsRefused

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder of data files of that name ("templates", "config")."""
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise SettingsRefused(f"The folder {name} that comes with the program is missing.", remedy="Install it again.")


def folders(name: str, own: Path | None) -> list[Path]:
    """The deployer's own folder first, where there is one, then the one that comes with the program."""
    if own is not None and not own.is_dir():
        raise SettingsRefused(f"There is no folder {own}.", remedy="Check template_folder.")
    return [*([own] if own else []), folder(name)]
