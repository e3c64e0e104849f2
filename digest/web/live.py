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
from digest.flow import unapplied
from digest.flow.house import House
from digest.flow.unapplied import Unapplied
from digest.settings import FILE
from digest.storage.newsletters import Publication
from digest.web.kit import Kit, open_kit

#: Milliseconds: a change is told when nothing more has changed for a step, at the latest after the longer time.
_STEP, _LATEST = 50, 200
#: Seconds between two looks for something to tell, between two signs of life, and between two looks at the database.
_LOOK, _ALIVE, _ASK = 0.05, 15.0, 0.5

#: Another one after each change of what the pages show of a house's database.
Stamp = Callable[[House], object]

_log = logging.getLogger(__name__)


class Live:
    """What a preview works with at the moment."""

    def __init__(
        self,
        house: House,
        newsletter: str,
        *,
        folder: Path | None = None,
        reopen: Callable[[], House] | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        """`folder` is where `digest.toml` lies and `newsletters/`; `reopen` makes the house after it was saved; `stamp`
        is asked for twice a second."""
        #: As it was when all was well last.
        self.kit: Kit = open_kit(house, at_root=True)
        self._newsletter, self._folder, self._reopen, self._stamp = newsletter, folder, reopen, stamp
        self._trouble: Problem | None = None
        self._file: Path | None = None
        self._beside = unapplied.file_of(folder, newsletter) if folder else None
        self._said: tuple[int, Unapplied | None] = (-1, None)
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

    def house(self) -> House:
        """The house as it is now. Raises SettingsRefused while its settings are wrong."""
        if self._trouble:
            raise self._trouble
        return self.kit.house

    def publication(self, connection: Connection) -> Publication | None:
        """The newsletter as its file was saved, where that is not what is kept. Raises SettingsRefused."""
        return unapplied.as_saved(connection, self._newsletter, self._file) if self._file else None

    @property
    def shows_file(self) -> bool:
        """Whether the pages show the newsletter as its file has it: once it was saved while we looked."""
        return self._file is not None

    def unapplied(self, connection: Connection) -> Unapplied | None:
        """In what the newsletter's file differs from what is kept; None for nothing, or no file."""
        edition, file = self.edition, self._file or self._beside
        if self._said[0] != edition:
            self._said = edition, unapplied.unapplied(connection, self._newsletter, file) if file else None
        return self._said[1]

    def saved(self, *files: Path) -> None:
        """Some files are not what they were."""
        with self._lock:
            for file in files:
                self._note(file)
            if self._folder and self._folder / FILE in files and self._reopen:
                self._open_anew(self._reopen)
            else:
                with suppress(OSError):  # a file that is just being replaced; its other half is told next
                    self.kit = open_kit(replace(self.kit.house), at_root=True)
        self.moved()

    def _note(self, file: Path) -> None:
        """Show the newsletter's file from now on, if it is that."""
        lies_there = self._folder and file.suffix == ".toml" and file.parent == self._folder / unapplied.FOLDER
        if lies_there and unapplied.is_about(file, self._newsletter):
            self._file = file

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
            threading.Thread(target=self._watch, args=(self._deep, True), daemon=True),
            threading.Thread(target=self._watch, args=(self._flat, False), daemon=True),
            threading.Thread(target=self._ask, daemon=True),
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
        own = [self._folder / unapplied.FOLDER] if self._folder else []
        return [each for each in (*self.kit.house.template_folders, *own) if each.is_dir()]

    def _flat(self) -> list[Path]:
        return [self._folder] if self._folder and self._folder.is_dir() else []

    def _matters(self, deep: bool, name: str) -> bool:
        path = Path(name)
        if deep:
            return not path.name.startswith(".") and not path.name.endswith(("~", ".swp", ".swx", ".tmp"))
        return self._folder is not None and path == self._folder / FILE

    def _ask(self) -> None:
        """Until the end, ask the database whether anything has changed."""
        stamp, before = self._stamp, None
        while stamp:
            with suppress(Problem):  # who looks at a page then is told what is wrong
                now = stamp(self.kit.house)
                if before is not None and now != before:
                    self.moved()
                before = now
            if self._ended.wait(_ASK):
                return

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
            self.saved(*{Path(name) for _, name in found})


class _Any:
    """Set when one of several events is."""

    def __init__(self, *events: threading.Event) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def wait(self) -> None:
        while not self.is_set():
            self._events[0].wait(_LOOK)
