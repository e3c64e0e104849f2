"""Tables of items, as spreadsheets of every country write them, are read with every slip named by its line."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.model.item import Image
from digest.sources import csvitems, jsonitems

HEADING = "title,link,published_at,people,topics,categories,body,lead,image,image_alt,language,guid,word_count,excerpt"


def test_a_table_is_read():
    """Every column goes where it belongs; people and topics are parted by semicolons."""
    (item,) = csvitems.read(
        f"{HEADING}\n"
        '"Bread, butter",/1,2014-12-16,Ann Lee; Bo Rae ;,carers;law,law,"# Head\n\nSome *text*.",'
        "In short.,/1.jpg,A loaf,en_gb,g1,440,yes\n",
        base="https://hill.example/table",
    )

    assert (item.title, item.link, item.guid) == ("Bread, butter", "https://hill.example/1", "g1")
    assert (item.published, item.people, item.categories) == (
        date(2014, 12, 16),
        ("Ann Lee", "Bo Rae"),
        ("carers", "law"),
    )
    assert (item.body_text, item.lead, item.language) == ("Head\n\nSome text.", "In short.", "en-GB")
    assert (item.word_count, item.excerpt) == (440, True)
    assert item.images == (Image(url="https://hill.example/1.jpg", alt="A loaf"),)


@pytest.mark.parametrize(
    "table",
    [
        "title,text\nOne,Two\n",
        "title;text\r\nOne;Two\r\n",
        "title\ttext\rOne\tTwo",
        "\ufeffTITLE,Text\nOne,Two",
        'sep=;\r\n"Title";"Text"\r\n"One";"Two"\r\n',
        "\n\n Title , TEXT \nOne,Two\n\n,\n",
        "sep=|\ntitle|text\nOne|Two",
        "title,text,link\nOne,Two\n",
        "title,text\nOne,Two,,\n",
    ],
)
def test_every_make_of_table_is_read(table):
    """Whatever parts its cells and ends its lines, however its heading is spelt, with empty lines and cells."""
    (item,) = csvitems.read(table)

    assert (item.title, item.body_text) == ("One", "Two")


def test_a_heading_may_have_spaces_and_hyphens():
    """Published at, Published-At, published_at."""
    for heading in ("Published at", "published-AT", "published_at"):
        (item,) = csvitems.read(f"title,{heading},text\nOne,2014-12-16T10:00:00Z,Two\n")

        assert item.published == datetime(2014, 12, 16, 10, tzinfo=UTC)


def test_a_text_may_be_markdown_html_or_plain():
    """As in a list of items."""
    markdown, html, plain = csvitems.read("title,body,body_html,text\na,*x*,,\nb,,<h1>x</h1>,\nc,,,a < b\n")

    assert (markdown.body_html, html.body_html, plain.body_html) == (
        "<p><em>x</em></p>",
        "<h3>x</h3>",
        "<p>a &lt; b</p>",
    )


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (["One,x", ",x"], 3, "it has no title"),
        (["One,x", "Two,x,2014-02-31"], 3, "“2014-02-31” in “published_at” is no date"),
        (["One,x", "Two,x,16/12/2014"], 3, "is no date like 2014-12-16"),
        (['"One\nand","x\n\ny"', "Two,x,,many"], 6, "“word_count” must be a whole number"),
        (["One,x", "Two,x,,-1"], 3, "“word_count” must be a whole number"),
        (["One,x", "Two,x,,1,maybe"], 3, "“excerpt” must be true or false"),
        (["One,x", "Two,x,,1,yes,javascript:x"], 3, "no web address"),
        (["One,x", "Two,x,,1,yes,,more"], 3, "more cells than there are columns"),
        (["One,x", "Two"], 3, "neither a text nor a link"),
        (["One,x", 'Two,"x'], 3, "the table is broken"),
        (["One,x", '"Two"y,x'], 3, "the table is broken"),
    ],
)
def test_a_wrong_line_is_named(lines, line, what):
    """By the line where it begins, and nothing is read."""
    with pytest.raises(UnreadableSource) as refusal:
        csvitems.read("\n".join(["title,text,published_at,word_count,excerpt,link", *lines]))

    assert refusal.value.line == line
    assert what in str(refusal.value)
    assert str(refusal.value).count(f"line {line}") == 1
    assert refusal.value.remedy


def test_all_wrong_lines_are_named_at_once():
    """Five by name, the rest by number."""
    with pytest.raises(UnreadableSource) as refusal:
        csvitems.read("title,text\n" + ",x\n" * 8)

    assert str(refusal.value).startswith("line 2: it has no title; line 3: it has no title; line 4")
    assert "and 3 more" in str(refusal.value)


@pytest.mark.parametrize(
    ("heading", "what"),
    [
        ("title,boddy", "unknown column “boddy”, perhaps “body”"),
        ("titel,text", "no column is called “title”; unknown column “titel”, perhaps “title”"),
        ("title,text,Text", "the column “text” stands twice"),
        ("title,,text", "unknown column “”"),
        ("One,Two", "no column is called “title”"),
        ("", "no column is called “title”"),
    ],
)
def test_a_wrong_heading_is_refused(heading, what):
    """With what may have been meant, and all that may stand there."""
    with pytest.raises(UnreadableSource) as refusal:
        csvitems.read(f"{heading}\nOne,Two,Three\n")

    assert what in str(refusal.value)
    assert refusal.value.line
    assert all(key in refusal.value.remedy for key in jsonitems.KEYS)


def test_a_heading_alone_is_an_empty_table():
    """That is no error."""
    assert csvitems.read("title,link\n") == []


def test_a_cell_beyond_all_reason_is_refused():
    """As its line is none that a spreadsheet has written."""
    with pytest.raises(UnreadableSource, match="the table is broken") as refusal:
        csvitems.read("title,text\nOne,Two\nThree," + "x" * 200_000)

    assert refusal.value.line == 3


@given(
    st.lists(st.tuples(*[st.text(alphabet="ab,;\t\"'\n\r=é", min_size=1, max_size=8)] * 2), min_size=1, max_size=4),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_a_spreadsheet_writes_is_read_back(rows, delimiter, ending):
    """Quotation marks, delimiters and line ends in cells included."""
    written = io.StringIO(newline="")
    table = csv.writer(written, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    table.writerows([("title", "text"), *((f"T{one}", f"x{two}") for one, two in rows)])

    items = csvitems.read(written.getvalue())

    assert [item.title for item in items] == [" ".join(f"T{one}".split()) for one, _ in rows]


@given(st.text(alphabet='title,;\t"\n\r link=x', max_size=60))
def test_any_table_is_read_or_refused(text):
    """Never another error."""
    try:
        items = csvitems.read("title,text\n" + text)
    except UnreadableSource:
        return

    assert all(item.title for item in items)


@pytest.mark.parametrize("bomb", ['"', '",', "\n", ",", "x\n", '"\n', "sep=;\n"])
def test_no_table_takes_long(bomb):
    """Whatever it is made of."""
    assert csvitems.is_table("title,text\n" + bomb * 20_000) in (True, False)
    with pytest.raises(UnreadableSource):
        csvitems.read("title,text\n" + bomb * 20_000 + "\n,x")
