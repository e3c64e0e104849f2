"""The archive as a folder of files, for any web server or none: the same pages, joined by relative links."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.storage import newsletters
from digest.web import assets, folders, front, sitemap
from digest.web.hrefs import file_of, in_folder
from digest.web.kit import pages_of
from digest.web.page import XML, Page
from digest.web.shelf import load

#: Tells a folder that was built here, which may be replaced, from one that holds somebody's work.
#: What only the preview's pages use begins so.
_FOR_EDITORS = "preview."


def build(house: House, folder: Path, *, progress: Callable[[str], None] = lambda _: None) -> int:
    """Write all archives into a folder, in place of what an earlier build left there; returns how many files.

    The new one is complete before the old one goes. `progress` is told each file. Raises SettingsRefused for a folder
    that holds something else.
    """
    folder = folder.absolute()
    folders.must_be_ours(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        made.chmod(0o755)  # a web server reads it as somebody else
        count = 0
        for page in _pages(house):
            _write(made, page)
            progress(page.path)
            count += 1
        folders.mark(made)
        _replace(folder, made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return count


def _pages(house: House) -> Iterator[Page]:
    for path, asset in assets.load(house.template_folders).items():
        if path.rpartition("/")[2].startswith(_FOR_EDITORS):
            continue
        yield Page(path=path, media_type=asset.media_type, body=asset.body)
    with house.store.read() as connection:
        archives = [load(connection, slug) for slug in newsletters.open_slugs(connection)]
    base = house.links.base
    yield front.page(house, archives, in_folder)
    yield Page(path=sitemap.PATH, media_type=XML, body=sitemap.index(archives, base))
    yield Page(path=sitemap.ROBOTS, media_type=sitemap.PLAIN, body=sitemap.robots(base))
    for archive in archives:
        yield from pages_of(house, archive, in_folder, in_folder=True).every()


def _write(root: Path, page: Page) -> None:
    file = (root / file_of(page.path).lstrip("/")).resolve()
    if not file.is_relative_to(root.resolve()):
        raise SettingsRefused(f"“{page.path}” cannot be a file's name.", remedy="Mend the slug in it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(page.body)


def _replace(folder: Path, made: Path) -> None:
    old = made.with_name(f"{made.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
