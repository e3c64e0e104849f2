"""What commands print: tables for people, JSON for programs, progress bars on a terminal and plain lines elsewhere."""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

_PLAIN: dict[str, Any] = {"highlight": False, "emoji": False}
console = Console(**_PLAIN)
errors = Console(stderr=True, **_PLAIN)
#: What moves a terminal's cursor, colours it, or turns the direction of what follows; lines may break.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Step(Protocol):
    """Moves a progress bar."""

    def __call__(self, by: int = 1) -> None:
        """So much further."""


def say(line: str) -> None:
    """One line for a person, never wrapped and never taken for markup."""
    console.print(escape(_harmless(line)), soft_wrap=True)


def warn(line: str) -> None:
    """One line for a person, beside the result."""
    errors.print(escape(_harmless(line)), soft_wrap=True)


def _harmless(text: str) -> str:
    """What others wrote stands in what we print, and a terminal obeys some signs."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def clock(at: datetime) -> str:
    """By this machine's clock; with the day where it is not today."""
    local = at.astimezone()
    day = "" if local.date() == datetime.now(UTC).astimezone().date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M:%S}"


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 reader", "2,000 readers"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def as_json(value: object) -> None:
    """A value for a program."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, drawn: bool = False) -> None:
    """A table for a person, tab-separated lines where a program may read them; a sentence where it would be empty."""
    listed = [[_cell(value) for value in row] for row in rows]
    if not listed:
        say(empty)
        return
    if not console.is_terminal and not drawn:
        for row in [list(columns), *listed]:
            sys.stdout.write("\t".join(row) + "\n")
        return
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for name in columns:
        grid.add_column(name, overflow="fold")
    for row in listed:
        grid.add_row(*(escape(cell) for cell in row))
    # Elsewhere rich would take 80 columns for granted and break words.
    (console if console.is_terminal else Console(width=120, **_PLAIN)).print(grid)


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Step]:
    """A bar on a terminal, with the rate and the time left; elsewhere a line at every tenth of the way.

    A step only counts, so that there may be thousands a second; the bar looks at the count a few times a second.
    """
    if errors.is_terminal:
        with _Bar(label, total) as bar:
            yield bar.step
    else:
        yield _Lines(label, total)


class _Rate(ProgressColumn):
    """Steps a second, of late."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class _Bar(Progress):
    def __init__(self, label: str, total: int | None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self._done = 0
        super().__init__(*columns, console=errors, transient=True, refresh_per_second=4)
        self._task = self.add_task(label, total=total)

    def step(self, by: int = 1) -> None:
        """So much further."""
        self._done += by

    def get_renderables(self) -> Iterator[RenderableType]:
        """What is drawn, a few times a second."""
        for task in self.tasks:
            self.update(task.id, completed=self._done)
        yield from super().get_renderables()


class _Lines:
    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total, self._done = label, total, 0
        self._every = self._next = max(1000, total // 10) if total else 10_000
        self._began = time.monotonic()

    def __call__(self, by: int = 1) -> None:
        self._done += by
        if self._done >= self._next:
            self._next = self._done // self._every * self._every + self._every
            of = f" of {self._total:,}" if self._total else ""
            rate = self._done / max(time.monotonic() - self._began, 0.001)
            sys.stderr.write(f"{self._label}: {self._done:,}{of}, {rate:,.0f}/s\n")


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case tuple() | list():
            return _harmless(", ".join(map(str, value)))
        case _:
            return _harmless(" ".join(str(value).split()))


def _plain(value: Any) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    return str(value)
