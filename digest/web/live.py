"""Live: the house behind a preview, made anew whenever a template or a setting is saved, and who is told of it."""

import asyncio
import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection
from watchfiles import Change, watch

from digest.errors import Problem
from digest.flow.house import House
from digest.flow.unapplied import as_saved, is_about
from digest.settings import FILE
from digest.storage.newsletters import Publication
from digest.web.kit import Kit, open_kit

#: Milliseconds: a change is told when nothing more has changed for a step, at the latest after the longer time.
_STEP, _LATEST = 50, 200
#: Seconds between two looks for something to tell, and between two signs of life.
_LOOK, _ALIVE = 0.05, 15.0

_log = logging.getLogger(__name__)


class Live:
    """What a preview works with at the moment."""

    def __init__(
        self, house: House, newsletter: str, *, folder: Path | None = None, reopen: Callable[[], House] | None = None
    ) -> None:
        """`folder` is where `digest.toml` lies and `newsletters/`; `reopen` makes the house after it was saved."""
        #: As it was when all was well last.
        self.kit: Kit = open_kit(house, at_root=True)
        self._newsletter, self._folder, self._reopen = newsletter, folder, reopen
        self._trouble: Problem | None = None
        self._file: Path | None = None
        self._begun = secrets.token_hex(4)
        self._count = 0
        #: Another one after each change of what the pages show.
        self.edition = 0
        self._ended, self._look_elsewhere = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._opened: list[House] = []

    @property
    def version(self) -> str:
        """Another one after each change, and in each run."""
        return f"{self._begun}.{self._count}"

    @property
    def file(self) -> Path | None:
        """The newsletter's file, once it was saved while we looked."""
        return self._file

    def house(self) -> House:
        """The house as it is now. Raises SettingsRefused while its settings are wrong."""
        if self._trouble:
            raise self._trouble
        return self.kit.house

    def publication(self, connection: Connection) -> Publication | None:
        """The newsletter as its file was saved, where that is not what is kept. Raises SettingsRefused."""
        return as_saved(connection, self._newsletter, self._file) if self._file else None

    def saved(self, *files: Path) -> None:
        """Some files are not what they were."""
        with self._lock:
            for file in files:
                if self._folder and file.suffix == ".toml" and file.parent == self._folder / "newsletters":
                    self._file = file if is_about(file, self._newsletter) else self._file
            if self._folder and self._folder / FILE in files and self._reopen:
                self._open_anew(self._reopen)
            else:
                with suppress(OSError):  # a file that is just being replaced; its other half is told next
                    self.kit = open_kit(replace(self.kit.house), at_root=True)
        self.moved()

    def moved(self) -> None:
        """What the pages show may have changed."""
        self.edition += 1
        self.tell()

    def tell(self) -> None:
        """There is something new to be seen."""
        self._count += 1

    def end(self) -> None:
        """Tell nobody any more."""
        self._ended.set()

    async def changes(self) -> AsyncIterator[str]:
        """The versions as they come, the present one first, as server-sent events; until the end."""
        told, silent = "", 0.0
        while not self._ended.is_set():
            if told != self.version:
                told, silent = self.version, 0.0
                yield f"retry: 500\ndata: {told}\n\n"
            elif silent >= _ALIVE:
                silent = 0.0
                yield ":\n\n"
            await asyncio.sleep(_LOOK)
            silent += _LOOK

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notice what is saved while the block runs."""
        threads = [
            threading.Thread(target=self._watch, args=(paths, deep), daemon=True)
            for paths, deep in ((self._deep, True), (self._flat, False))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.end()
            for thread in threads:
                thread.join()
            for house in self._opened:
                house.store.close()

    def _open_anew(self, reopen: Callable[[], House]) -> None:
        try:
            house = reopen()
        except Problem as problem:
            self._trouble = problem
            return
        # The one before may still be read from; all are closed at the end.
        self._opened.append(house)
        self._trouble, self.kit = None, open_kit(house, at_root=True)
        self._look_elsewhere.set()

    def _deep(self) -> list[Path]:
        own = [self._folder / "newsletters"] if self._folder else []
        return [each for each in (*self.kit.house.template_folders, *own) if each.is_dir()]

    def _flat(self) -> list[Path]:
        beside = {self._folder, self._database and self._database.parent}
        return sorted(each for each in beside if each and each.is_dir())

    @property
    def _database(self) -> Path | None:
        store = self.kit.house.store
        return Path(store.engine.url.database or "").absolute() if store.embedded else None

    def _matters(self, deep: bool, name: str) -> bool:
        path = Path(name)
        if deep:
            return not path.name.startswith(".") and not path.name.endswith(("~", ".swp", ".swx", ".tmp"))
        database = self._database
        kept = database is not None and path.parent == database.parent and path.name in _names(database)
        return kept or (self._folder is not None and path == self._folder / FILE)

    def _watch(self, paths: Callable[[], list[Path]], deep: bool) -> None:
        """Until the end; by looking again and again where the system tells nothing."""
        stop, polls = _Any(self._ended, self._look_elsewhere), None
        while not self._ended.is_set():
            try:
                self._watch_these(paths(), deep, stop, polls)
            except (OSError, RuntimeError) as error:
                if polls:
                    _log.warning("Files cannot be watched (%s); load the page again after saving.", error)
                    return
                polls = True
            if deep:
                self._look_elsewhere.clear()

    def _watch_these(self, paths: list[Path], deep: bool, stop: "_Any", polls: bool | None) -> None:
        if not paths:
            stop.wait()
            return
        wanted: Callable[[Change, str], bool] = lambda _, name: self._matters(deep, name)  # noqa: E731
        for found in watch(
            *paths,
            watch_filter=wanted,
            debounce=_LATEST,
            step=_STEP,
            stop_event=stop,
            recursive=deep,
            raise_interrupt=False,
            force_polling=polls,
        ):
            files = {Path(name) for _, name in found}
            database = self._database
            if database and files <= {database.with_name(name) for name in _names(database)}:
                self.moved()
            else:
                self.saved(*files)


class _Any:
    """Set when one of several events is."""

    def __init__(self, *events: threading.Event) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def wait(self) -> None:
        while not self.is_set():
            self._events[0].wait(_LOOK)


def _names(database: Path) -> tuple[str, str]:
    return database.name, f"{database.name}-wal"
