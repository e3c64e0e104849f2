"""Import and export of readers as CSV (RFC 4180).

An import takes every line it can and reports every line it refuses, with the reason; a file that is no CSV, or has no
column of addresses, is refused whole.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TextIO

from subscribers.errors import Never
from subscribers.preferences import Preference, parse, unknown

#: The columns an import knows, and what else they are called in the wild.
COLUMNS = {
    "email": ("e-mail", "email address", "e-mail address", "mail", "address"),
    "name": ("full name", "first name"),
    "topics": ("topic", "interests"),
    "cadence": ("frequency",),
    "language": ("lang", "locale"),
}

#: So many lines are looked up and written together.
BATCH = 500


class UnreadableTable(Never):
    """The file is no CSV that readers can be imported from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One reader as a line of the file gives them."""

    number: int
    email: str
    name: str
    #: None when the line leaves it open.
    chosen: Preference | None
    cadence: str | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line that was not taken, and why."""

    line: int
    email: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import did, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, line: Line, reason: str) -> None:
        """Note a line that was not taken."""
        self.refused.append(Refusal(line=line.number, email=line.email, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the lines are held against."""

    topics: frozenset[str]
    cadences: frozenset[str]


def read(file: TextIO, *, mapping: Mapping[str, str], rules: Rules, report: Report) -> Iterator[Line]:
    """The lines of a CSV file that make sense by themselves; the others go into the report.

    `mapping` names columns of the file for columns we know: {"Contact": "email"}. Raises UnreadableTable.
    """
    reader = csv.reader(file, strict=True)
    try:
        columns = _columns(next(reader, []), mapping)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield from _checked(_line(cells, columns, reader.line_num), cells, columns, rules, report)
    except (csv.Error, UnicodeDecodeError) as error:
        where = f"line {reader.line_num}: " if reader.line_num else ""
        raise UnreadableTable(
            f"{where}this is not CSV in UTF-8 ({error}).", remedy="Mend the line; nothing was imported."
        ) from error


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines in the numbers in which they are written."""
    lines = iter(lines)
    while batch := list(islice(lines, BATCH)):
        yield batch


def write(file: TextIO, rows: Iterable[Mapping[str, str]], columns: Iterable[str], progress: Callable[[], None]) -> int:
    """Write rows as CSV that a spreadsheet opens as text. Returns how many."""
    writer = csv.DictWriter(file, fieldnames=list(columns), lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007  the count is what is returned
        writer.writerow({name: _inert(value) for name, value in row.items()})
        progress()
    return count


def _columns(header: list[str], mapping: Mapping[str, str]) -> dict[str, int]:
    named = {_folded(theirs): ours for theirs, ours in mapping.items()}
    also = {other: ours for ours, others in COLUMNS.items() for other in (ours, *others)}
    found: dict[str, int] = {}
    for place, theirs in enumerate(header):
        ours = named.get(_folded(theirs)) or also.get(_folded(theirs))
        if ours:
            found.setdefault(ours, place)
    if "email" not in found:
        known = ", ".join(header) or "nothing"
        raise UnreadableTable(
            f"line 1: there is no column “email”, only {known[:200]}.", remedy="Name it: --map 'Your column=email'."
        )
    return found


def _line(cells: list[str], columns: dict[str, int], number: int) -> Line:
    def cell(name: str) -> str:
        place = columns.get(name)
        # A leading apostrophe is how an export keeps a spreadsheet from reckoning with a cell.
        text = cells[place].strip() if place is not None and place < len(cells) else ""
        return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text

    return Line(
        number=number,
        email=cell("email"),
        name=" ".join(cell("name").split())[:200],
        chosen=parse(cell("topics")) if cell("topics") else None,
        cadence=cell("cadence").casefold() or None,
        language=cell("language"),
    )


def _checked(line: Line, cells: list[str], columns: dict[str, int], rules: Rules, report: Report) -> Iterator[Line]:
    strange = unknown(line.chosen, rules.topics) if line.chosen else []
    if len(cells) <= max(columns.values()):
        report.refuse(line, f"has {len(cells)} cells where the header has more.")
    elif strange:
        report.refuse(line, f"unknown topic “{strange[0]}”.")
    elif line.cadence and line.cadence not in rules.cadences:
        report.refuse(line, f"unknown cadence “{line.cadence}”; there is {', '.join(sorted(rules.cadences))}.")
    else:
        yield line


_FORMULA = tuple("=+-@\t\r")


def _inert(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _folded(name: str) -> str:
    return " ".join(name.strip().lstrip("\ufeff").casefold().split())
