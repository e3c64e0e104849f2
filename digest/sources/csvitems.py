"""Items as a table (CSV): a heading, then a line for each item; made for spreadsheets of every country."""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import jsonvalues
from digest.sources.jsonitems import KEYS, item_of
from digest.sources.jsonvalues import Entry, EntryError, Place, all_or_none
from digest.sources.sanitize import fold

_DELIMITERS = (",", ";", "\t")
# A spreadsheet's own note on its first line of how the cells are parted.
_NOTE = re.compile(r'"?sep=(.)"?[ \t]*(\r\n|\r|\n)', re.IGNORECASE)
_HEADING = 4096
_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

_Row = tuple[int, list[str]]


def read(text: str, *, base: str | None = None) -> list[FoundItem]:
    """All items of the table; UnreadableSource names every wrong line and every unknown column."""
    rows = _rows(text.removeprefix("\ufeff"))
    line, heading = next(rows, (1, []))
    columns = [_key(cell) for cell in heading]
    _refuse_columns(columns, heading, line)
    entries = ((Place(f"line {at}", at), cells) for at, cells in rows)
    return all_or_none(entries, lambda cells: item_of(_entry(columns, cells), base))


def is_table(text: str) -> bool:
    """Whether the text begins with a heading of which one column is the title."""
    try:
        _, heading = next(_rows(text[:_HEADING].removeprefix("\ufeff")), (0, []))
    except UnreadableSource:
        return False
    return len(heading) > 1 and "title" in map(_key, heading)


def _key(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", fold(cell).lower())


def _rows(text: str) -> Iterator[_Row]:
    """Every line of cells that is not empty, with the number of its first line."""
    note = _NOTE.match(text)
    skipped = 1 if note else 0
    reader = csv.reader(
        StringIO(text[note.end() :] if note else text, newline=""),
        delimiter=note[1] if note else _delimiter(text),
        strict=True,
    )
    ended = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as exc:
            what = f"the table is broken: {exc}."
            raise UnreadableSource(what, line=skipped + ended + 1, remedy="Correct its quotation marks.") from exc
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield skipped + ended + 1, cells
        ended = reader.line_num


def _delimiter(text: str) -> str:
    """The sign that parts the heading into the most columns we know."""
    heading = text.lstrip()[:_HEADING].splitlines()[0] if text.strip() else ""
    return max(_DELIMITERS, key=lambda sign: sum(_key(cell.strip('"')) in KEYS for cell in heading.split(sign)))


def _refuse_columns(columns: Sequence[str], heading: Sequence[str], line: int) -> None:
    shown = dict(zip(columns, map(fold, heading), strict=True))
    problems = [
        f"unknown column “{shown[key][:40]}”{jsonvalues.perhaps(KEYS, key)}" for key in shown if key not in KEYS
    ]
    problems += [f"the column “{key}” stands twice" for key in shown if key in KEYS and columns.count(key) > 1]
    if "title" not in shown:
        problems.insert(0, "no column is called “title”")
    if problems:
        remedy = f"The columns may be: {', '.join(KEYS)}."
        raise UnreadableSource(f"{'; '.join(problems[:5])}.", line=line, remedy=remedy)


def _entry(columns: Sequence[str], cells: Sequence[str]) -> Entry:
    """What a line says, by column; cells at the end may be missing."""
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise EntryError("it has more cells than there are columns")
    given = zip(columns, cells, strict=False)
    return {key: _value(key, cell.strip()) for key, cell in given if cell.strip()}


def _value(key: str, cell: str) -> object:
    """A cell as the value that its column holds; what does not look like one is refused where it is looked at."""
    rule = KEYS[key]
    if rule is jsonvalues.texts:
        return [part.strip() for part in cell.split(";") if part.strip()]
    if rule is jsonvalues.number:
        return int(cell) if re.fullmatch(r"[0-9]{1,9}", cell) else cell
    if rule is jsonvalues.truth:
        return _TRUTH.get(cell.lower(), cell)
    return cell
