"""CSV: what an import takes, what it refuses with the line, and what an export writes."""

import csv
import io
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.preferences import parse
from subscribers.transfer import COLUMNS, Line, Report, Rules, UnreadableTable, batches, read, write

RULES = Rules(topics=frozenset({"carers", "law"}), cadences=frozenset({"monthly", "weekly"}))


def lines_of(text: str, mapping: Mapping[str, str] = {}) -> tuple[list[Line], Report]:
    """The lines of a file's text, and the report."""
    report = Report()
    return list(read(io.StringIO(text, newline=""), mapping=mapping, rules=RULES, report=report)), report


def only(text: str, mapping: Mapping[str, str] = {}) -> Line:
    """The one line of a file in which nothing is refused."""
    lines, report = lines_of(text, mapping)
    assert report.refused == []
    (line,) = lines
    return line


def reason(text: str) -> str:
    """Why the one line of a file is refused."""
    lines, report = lines_of(text)
    assert lines == []
    (refusal,) = report.refused
    return f"{refusal.line}: {refusal.reason}"


def test_a_line_says_who_and_what_they_chose() -> None:
    """Topics by semicolons; names in one line."""
    line = only('email,name,topics,cadence,language\r\np@example.org,"Priya\n Rao",law;carers,WEEKLY,en-GB\r\n')

    assert line == Line(
        number=3,  # where it ends
        email="p@example.org",
        name="Priya Rao",
        chosen=parse("carers,law"),
        cadence="weekly",
        language="en-GB",
    )


def test_what_a_line_leaves_open_stays_open() -> None:
    """Empty is not “all”: a known reader keeps what they have."""
    line = only("email,topics,cadence\np@example.org,,\n")

    assert (line.chosen, line.cadence, line.name, line.language) == (None, None, "", "")


@pytest.mark.parametrize("header", ["Email", " E-Mail ", "EMAIL ADDRESS", "e-mail  address", "mail", "\ufeffemail"])
def test_a_column_of_addresses_is_known_by_its_usual_names(header: str) -> None:
    """In any case, with a byte order mark or without."""
    assert only(f"{header}\np@example.org\n").email == "p@example.org"


@pytest.mark.parametrize(("ours", "theirs"), [(ours, alias) for ours, aliases in COLUMNS.items() for alias in aliases])
def test_no_two_columns_share_a_name(ours: str, theirs: str) -> None:
    """Otherwise the order of a table in our code would decide."""
    assert [name for name, aliases in COLUMNS.items() if theirs in (name, *aliases)] == [ours]


def test_columns_of_other_names_are_mapped() -> None:
    """By whoever knows the file."""
    line = only(
        "Contact;Person\n".replace(";", ",") + "p@example.org,Priya\n", {"contact": "email", " PERSON ": "name"}
    )

    assert (line.email, line.name) == ("p@example.org", "Priya")


def test_a_mapped_column_goes_before_one_that_only_bears_the_name() -> None:
    """Who maps has seen both."""
    assert only("email,work mail\nold@example.org,new@example.org\n", {"Work mail": "email"}).email == "new@example.org"


def test_a_columns_own_name_goes_before_its_other_names() -> None:
    """A postal address that stands first is not taken for the e-mail address."""
    assert only("address,email\n12 Quay Street,p@example.org\n").email == "p@example.org"


def test_strange_columns_and_empty_lines_are_left_out() -> None:
    """Other programs write more than we need."""
    lines, report = lines_of("id,email,shoe size\n1,p@example.org,38\n\n , ,\n2,q@example.org,39\n")

    assert [line.email for line in lines] == ["p@example.org", "q@example.org"]
    assert report.refused == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("email,topics\np@example.org,zoo;law\n", "2: unknown topic “zoo”"),
        ("email,cadence\n\np@example.org,hourly\n", "3: unknown cadence “hourly”; there is monthly, weekly"),
        ("name,email\nPriya\n", "2: has 1 cells where the header has 2"),
        ("email,name\np@example.org,Rao, Priya\n", "2: has 3 cells where the header has 2"),
        ("email,language\np@example.org,British English\n", "2: unknown language “British English”"),
        (f"email,language\np@example.org,en-{'a' * 60}\n", "2: unknown language"),
        ("email,state\np@example.org,ended\n", "2: has left"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_its_number(text: str, why: str) -> None:
    """And with the reason, so that somebody can mend it."""
    assert reason(text).startswith(why)


def test_trailing_empty_cells_do_no_harm() -> None:
    """Spreadsheets leave them behind."""
    assert only("email,name\np@example.org,Priya,,\n").name == "Priya"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name,topics\nPriya,law\n",
        "p@example.org\n",
        'email,name\np@example.org,"Priya\n',
        'email,name\np@example.org,"Pri"ya\n',
    ],
    ids=["empty", "no addresses", "no header", "open quote", "stray quote"],
)
def test_a_file_that_is_no_table_of_readers_is_refused_whole(text: str) -> None:
    """In one line, with the place and what to do."""
    with pytest.raises(UnreadableTable, match=r"^line") as refused:
        lines_of(f"{text}")

    assert "\n" not in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_spreadsheets_of_other_countries_write_is_read(separator: str) -> None:
    """Semicolons or tabs between the columns; topics stand in quotes there."""
    line = only(f'email{separator}topics\np@example.org{separator}"law;carers"\n')

    assert (line.email, str(line.chosen)) == ("p@example.org", "carers,law")


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_may_be_parted_as_spreadsheets_of_other_countries_do(sign: str) -> None:
    """By whichever sign the header uses; topics within a cell are then parted by commas or spaces."""
    line = only(f'email{sign}name{sign}topics\np@example.org{sign}"Rao, Priya"{sign}"law carers"\n')

    assert (line.email, line.name, line.chosen) == ("p@example.org", "Rao, Priya", parse("carers,law"))


def test_a_file_in_another_encoding_is_refused_whole() -> None:
    """Guessing would write people's names wrongly."""
    file = io.TextIOWrapper(io.BytesIO("email,name\np@example.org,Siân\n".encode("latin-1")), encoding="utf-8")

    with pytest.raises(UnreadableTable, match="UTF-8"):
        list(read(file, mapping={}, rules=RULES, report=Report()))


def test_controls_in_a_name_are_left_out() -> None:
    """They could draw on a terminal, and no database of ours takes all of them."""
    assert only("email,name\np@example.org,Pri\x1b[31mya\x00 \x07Rao\n").name == "Pri[31mya Rao"


def test_a_name_is_cut_at_what_a_row_holds() -> None:
    """A novel in a cell is no reason to lose the reader."""
    assert len(only(f"email,name\np@example.org,{'é' * 900}\n").name) == 200


def test_lines_are_taken_by_the_hundred() -> None:
    """In batches, none lost."""
    lines, _ = lines_of("email\n" + "".join(f"r{n}@example.org\n" for n in range(1201)))

    assert [len(batch) for batch in batches(lines)] == [500, 500, 201]


@pytest.mark.parametrize("value", ["=1+1", "+44 20", "-2", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_no_cell_of_an_export_is_a_formula(value: str) -> None:
    """Whoever opens the list must not run what a reader typed."""
    file = io.StringIO(newline="")
    write(file, [{"name": value}], ["name"], lambda: None)

    (cell,) = next(iter(csv.DictReader(io.StringIO(file.getvalue(), newline="")))).values()
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.endswith(value)


@given(
    email=st.from_regex(r"[-+='a-z]{1,9}@example\.org", fullmatch=True),
    name=st.text("=+-@'\"; ,aé", max_size=12).map(lambda text: " ".join(text.split())),
)
def test_what_was_exported_is_imported_as_it_was(email: str, name: str) -> None:
    """Also what looks like a formula, and what looks like a formula made harmless."""
    file = io.StringIO(newline="")
    count = write(file, [{"email": email, "name": name}], ["email", "name"], lambda: None)

    line = only(file.getvalue())

    assert (count, line.email, line.name) == (1, email, name)


@given(st.text(max_size=200))
def test_any_file_is_a_table_or_is_refused(text: str) -> None:
    """Nothing else comes of it."""
    try:
        lines, report = lines_of(f"email,name,topics\n{text}")
    except UnreadableTable:
        return

    assert all(number >= 2 for number in [*(line.number for line in lines), *(r.line for r in report.refused)])
