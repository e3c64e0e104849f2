"""Import and export of readers as CSV (RFC 4180).

An import takes every line it can and reports every line it refuses, with the reason; a file that is no CSV, or has no
column of addresses, is refused whole.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from subscribers.consent import SubscriptionState
from subscribers.errors import Never
from subscribers.names import is_language, one_line
from subscribers.preferences import Preference, parse, unknown, words

#: The columns an import knows, and what else they are called in the wild.
COLUMNS = {
    "email": ("e-mail", "email address", "e-mail address", "mail", "address"),
    "name": ("full name", "first name"),
    "topics": ("topic", "interests"),
    "cadence": ("frequency",),
    "language": ("lang", "locale"),
    # Only what our own export says there is heeded.
    "state": (),
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
    #: True where an export of ours says that the holder's yes was never taken.
    pending: bool = False
    #: Why nobody who is not subscribed yet may be by this line; empty where they may.
    no_beginning: str = ""
    #: As it stood in the file, by our names of its columns.
    cells: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line that was not taken, and why."""

    line: int
    email: str
    reason: str
    #: The line as it stood in the file, by our names of its columns.
    cells: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import did, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, line: Line, reason: str) -> None:
        """Note a line that was not taken."""
        self.refused.append(Refusal(line=line.number, email=line.email, reason=reason, cells=line.cells))


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
        first = next(iter(file), "")
        reader = csv.reader(chain([first], file), strict=True, delimiter=_delimiter(first))
        header = next(reader, [])
        columns = _columns(header, mapping)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                line = _line(cells, columns, reader.line_num)
                wrong = _wrong(line, cells, len(header), columns, rules)
                if wrong:
                    report.refuse(line, wrong)
                else:
                    yield line
    except UnicodeDecodeError as error:
        raise UnreadableTable(
            "The file is not in UTF-8.", remedy="Save it anew as “CSV UTF-8”; nothing was imported."
        ) from error
    except csv.Error as error:
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


def write_refused(path: Path, report: Report) -> None:
    """Write the lines that were not taken as a file that can be mended and imported, each with its reason beside it."""
    columns = [name for name in COLUMNS if any(name in refusal.cells for refusal in report.refused)]
    rows = ({"reason": r.reason, "line": str(r.line), "email": r.email, **r.cells} for r in report.refused)
    with path.open("w", encoding="utf-8", newline="") as file:
        write(file, rows, [*(columns or ["email"]), "reason", "line"], lambda: None)


def _delimiter(header: str) -> str:
    """What parts the columns: spreadsheets of many countries write semicolons, some write tabs."""
    return max((",", ";", "\t"), key=header.count)


def _columns(header: list[str], mapping: Mapping[str, str]) -> dict[str, int]:
    mapped = {_folded(theirs): ours for theirs, ours in mapping.items()}
    own = {ours: ours for ours in COLUMNS}
    also = {other: ours for ours, others in COLUMNS.items() for other in others}
    found: dict[str, int] = {}
    # Who maps has seen the file; and “address” is the e-mail address only where no column is called so.
    for names in (mapped, own, also):
        for place, theirs in enumerate(map(_folded, header)):
            if theirs in names and place not in found.values():
                found.setdefault(names[theirs], place)
    if "email" not in found:
        known = ", ".join(header) or "nothing"
        raise UnreadableTable(
            f"line 1: there is no column “email”, only {known[:200]}.", remedy="Name it: --map 'Your column=email'."
        )
    return found


def _line(cells: list[str], columns: dict[str, int], number: int) -> Line:
    def cell(name: str) -> str:
        place = columns.get(name)
        text = cells[place].strip() if place is not None and place < len(cells) else ""
        # A leading apostrophe is how an export keeps a spreadsheet from reckoning with a cell.
        return text[1:] if text[:1] == "'" and text[1:2] in _INERT_BEFORE else text

    return Line(
        number=number,
        email=cell("email"),
        name=one_line(cell("name")),
        chosen=parse(cell("topics")) if words(cell("topics")) else None,
        cadence=cell("cadence").casefold() or None,
        language=cell("language"),
        pending=cell("state") == SubscriptionState.PENDING,
        no_beginning=_NO_BEGINNING.get(cell("state"), ""),
        cells={name: cell(name) for name in columns},
    )


def _wrong(line: Line, cells: list[str], width: int, columns: dict[str, int], rules: Rules) -> str:
    """Why a line is refused; empty when it makes sense."""
    strange = unknown(line.chosen, rules.topics) if line.chosen else []
    if len(cells) <= max(columns.values()) or any(cell.strip() for cell in cells[width:]):
        return f"has {len(cells)} cells where the header has {width}."
    if line.cells.get("state") == SubscriptionState.ENDED:
        return "has left; only its holder can come back, by signing up and confirming."
    if line.cells.get("topics") and line.chosen is None:
        return f"“{line.cells['topics'][:20]}” names no topic; write {', '.join(sorted(rules.topics))}, or all."
    if strange:
        return f"unknown topic “{strange[0]}”; there is {', '.join(sorted(rules.topics))}."
    if line.cadence and line.cadence not in rules.cadences:
        return f"unknown cadence “{line.cadence}”; there is {', '.join(sorted(rules.cadences))}."
    if line.language and not is_language(line.language):
        return f"unknown language “{line.language[:35]}”; write it like en-GB."
    return ""


#: What our own export calls somebody to whom nothing may be sent.
SUPPRESSED = "suppressed"
#: By the state our own export gives, why nobody begins to get mail by such a line.
_NO_BEGINNING = {
    SUPPRESSED: "is suppressed where this list is from, so nothing may be sent there.",
    SubscriptionState.PAUSED: "has paused; add them when their pause is over, as this list says in paused_until.",
}

_FORMULA = tuple("=+-@\t\r")
# An apostrophe before one of these is ours, so one that was there before gets a second.
_INERT_BEFORE = ("'", *_FORMULA)


def _inert(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    marked = value.startswith(_FORMULA) or (value[:1] == "'" and value[1:2] in _INERT_BEFORE)
    return f"'{value}" if marked else value


def _folded(name: str) -> str:
    return " ".join(name.strip().lstrip("\ufeff").casefold().split())
