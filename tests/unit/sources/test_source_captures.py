"""A page saved as text is read whole, by its structure, or refused by its line."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.sources import captures

LONG = "The council asked two hundred people what help they had been given, and by whom, in the course of a whole year."

NEWS = f"""House of Studies

News


Archive

A first title: what people say –

3 March 2025

{LONG}

They ask for:

  • more time
  • a name to turn to
Read the full findings summary.

View the other reports.


Two meetings, and a “third”

Friday 28 February 2025

Meeting in Hill, 1-3 September 2025

{LONG}

Papers:

Ask the office.


For older news items, please see the archive.

University of Hill University of Dale University of Moor

The House of Studies is run by three universities.
© 2025 House of Studies. All rights reserved."""

POSTS = f"""A day at the fair

Dr Ann LeeAnn Lee is Senior Lecturer at Hill College. (1,276 words)

{LONG}

Hill's Hall, Hill

Hill’s Hall, Hill

Continue reading

What next for Dale?

Bo Rae

Bo Rae

Ann Lee

Ann Lee

Ann Lee of Hill and Bo Rae of Dale report on a talk in June. (300 words)

{LONG} Now, Continue reading

A whole post

Ann Lee

by Ann Lee

{LONG}

Dr Ann Lee is Senior Lecturer at Hill College. She has worked there for years.

Follow @AnnLee | Follow @Hill

References:

Rae, B. (2012) A book. Dale: Dale Press.
"""


def test_dated_news_is_read_whole():
    """Title, day, paragraphs and bullets; menu, footer and links that were lost are left out."""
    first, second = captures.read(NEWS)

    assert (first.title, first.published) == ("A first title: what people say –", date(2025, 3, 3))
    assert first.body_text == f"{LONG}\n\nThey ask for:\n\n• more time\n• a name to turn to"
    assert "<ul><li>more time</li><li>a name to turn to</li></ul>" in first.body_html
    assert second.published == date(2025, 2, 28)
    assert second.body_text == f"Meeting in Hill, 1-3 September 2025\n\n{LONG}\n\nPapers:\n\nAsk the office."


def test_posts_are_read_without_dates():
    """Names are clean, lengths as stated or counted, excerpts marked, captions gone, and no date is made up."""
    fair, dale, whole = captures.read(POSTS)

    assert (fair.people, fair.word_count, fair.excerpt, fair.body_text) == (("Ann Lee",), 1276, True, LONG)
    assert (dale.people, dale.word_count, dale.excerpt) == (("Ann Lee", "Bo Rae"), 300, True)
    assert dale.body_text == f"Ann Lee of Hill and Bo Rae of Dale report on a talk in June.\n\n{LONG} Now, …"
    assert (whole.people, whole.excerpt) == (("Ann Lee",), False)
    assert whole.word_count == len(whole.body_text.split())
    assert "Follow" not in whole.body_text
    assert whole.body_text.endswith("References:\n\nRae, B. (2012) A book. Dale: Dale Press.")
    assert {item.published for item in (fair, dale, whole)} == {None}


@pytest.mark.parametrize("page", [NEWS, POSTS], ids=["news", "posts"])
@pytest.mark.parametrize(
    "manner",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", " \t\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("3 March", "3\u00a0March").replace(" words", "\u00a0words"),
        lambda text: text.replace("•", "-"),
        lambda text: text.replace("  • ", "* "),
        lambda text: text.replace("3 March 2025", "March 3rd, 2025"),
        lambda text: text.replace("3 March 2025", "2025-03-03"),
        lambda text: text.replace("\n\n\n", "\n\n"),
        lambda text: text.replace("\n\n\n", "\n\n\n\n\n"),
        lambda text: text.replace("3 March 2025\n\n", "3 March 2025\n").replace("–\n\n", "–\n"),
        lambda text: text.replace("Continue reading", "Continue reading →"),
        lambda text: text.replace("e", "e\u200b").replace("Re\u200bad", "Read"),
    ],
)
def test_the_manner_of_saving_makes_no_difference(page, manner):
    """Line ends, blanks, marks and spaces vary; what is read stays the same."""
    assert captures.read(manner(page)) == captures.read(page)


def test_a_by_line_in_dated_news_names_the_people():
    """Above the date or below it."""
    above, below = captures.read(
        "One\n\nby Ann Lee\n\n3 March 2025\n\nText.\n\nTwo\n\n2 March 2025\n\nby Bo Rae\n\nText.\n"
    )

    assert (above.title, above.people, above.body_text) == ("One", ("Ann Lee",), "Text.")
    assert (below.title, below.people, below.body_text) == ("Two", ("Bo Rae",), "Text.")


def test_a_title_that_stands_twice_is_a_title():
    """Pages that show a title as a heading and in the path above it."""
    page = f"A day out\n\nA day out\n\nby Ann Lee\n\n{LONG}\n\nA day in\n\nA day in\n\nby Ann Lee\n\n{LONG}\n"

    assert [(item.title, item.body_text) for item in captures.read(page)] == [("A day out", LONG), ("A day in", LONG)]


def test_what_introduces_a_page_is_no_item():
    """Text above the first title belongs to the page."""
    page = f"The Hill blog\n\n{LONG}\n\nAbout us\n\nA day out\n\nby Ann Lee\n\n{LONG}\n"

    assert [item.title for item in captures.read(page)] == ["A day out"]


def test_a_note_on_the_author_begins_no_item():
    """Whatever its heading."""
    page = f"A day out\n\nby Ann Lee\n\n{LONG}\n\nThe writer\n\nAnn Lee is Reader at Hill College.\n"

    (item,) = captures.read(page)
    assert item.body_text.endswith("Ann Lee is Reader at Hill College.")


def test_the_last_item_is_not_cut_at_words_of_its_own():
    """A part headed like a menu, or a sentence on copyright, is text."""
    body = "Publications\n\nText of a kind.\n\nCopyright is a matter for lawyers."

    (item,) = captures.read(f"One\n\n3 March 2025\n\nText.\n\n{body}\n\nPrivacy policy\n\nText.")
    assert item.body_text == f"Text.\n\n{body}"


def test_a_stub_that_is_all_there_is_stays():
    """An item of one short line is still an item."""
    (item,) = captures.read("One\n\n3 March 2025\n\nRead the full report.\n")

    assert item.body_text == "Read the full report."


def test_a_line_with_an_address_is_no_stub():
    """A link that was not lost is of use."""
    (item,) = captures.read("One\n\n3 March 2025\n\nText.\n\nRead the full report at www.example.org/r\n")

    assert item.body_text.endswith("www.example.org/r")


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("", 1),
        (" \n\u200b\n", 1),
        ("Just a line", 1),
        (f"{LONG}\n\n{LONG}", 1),
        ("3 March 2025\n\nText.", 1),
        ("News\n\n3 March 2025\n\nText.", 3),
        ("One\n\n31 February 2025\n\nText.", 3),
        ("One\n\n3 March 2025\n", 1),
        ("One\n\n3 March 2025\n\nText.\n\n\n2 March 2025\n\nText.", 8),
        ("One\n\n3 March 2025\n\nText.\n\n\nTwo\n\n2 March 2025\n", 8),
        ("One\n\n3 March 2025\n\nText.\n\n\nTwo\n\n2 March 2025\n\nText.\n\n\nThree\n", 15),
        ("One\n\n3 March 2025\n\n2 March 2025\n\nText.", 5),
        (f"by Ann Lee\n\n{LONG}", 1),
        (f"One\n\nby Ann Lee\n\n{LONG} Continue reading\n\nby Ann Lee\n\n{LONG}", 7),
        ("One\n\nby Ann Lee\n", 1),
        (f"One\n\n{LONG} Continue reading\n\nTwo\n\nby Ann Lee\n\n{LONG}", 3),
        (f"One\n\nby Ann Lee\n\nText. Continue reading\n\nBo Rae is Reader at Hill.\n\n{LONG}", 7),
        (f"One\n\nby Ann Lee\n\nText. Continue reading\n\nTwo\n\n{LONG}\n", 7),
        ("One\n\n3 March 2025\n\nTe\x00xt.", 5),
    ],
)
def test_a_page_that_is_not_whole_is_refused_by_its_line(page, line):
    """All or nothing: a slip is named where it stands and says what to do."""
    with pytest.raises(UnreadableSource) as refusal:
        captures.read(page)

    assert refusal.value.line == line
    assert refusal.value.remedy


def test_markup_in_a_capture_is_text():
    """Nothing in a page saved as text is a tag."""
    (item,) = captures.read("A <b>title\n\n3 March 2025\n\n<script>x</script> <a href='javascript:y'>z</a>\n")

    assert item.title == "A <b>title"
    assert item.body_html == "<p>&lt;script&gt;x&lt;/script&gt; &lt;a href='javascript:y'&gt;z&lt;/a&gt;</p>"


@pytest.mark.parametrize("bomb", ["x" * 500_000, "ab\n" * 50_000, "3 March 2025\n\n" * 5_000, "by Ann Lee\n\n" * 5_000])
def test_a_hostile_page_is_refused_soon(bomb):
    """A line of any length, and any number of lines, are read in time that grows with them alone."""
    with pytest.raises(UnreadableSource):
        captures.read(f"One\n\n3 March 2025\n\nText.\n\n{bomb}" if bomb[0] == "x" else bomb)


CHROME = ["Continue reading", "© 2025", "Ann Lee", "Follow @x", "News", "References"]
GAPS = ["\n", "\r\n", "\n\n\n", "\u00a0", ""]
PIECES = st.sampled_from(
    [
        *CHROME,
        *GAPS,
        "A title",
        "3 March 2025",
        "31 June 2025",
        "by Ann Lee",
        "Ann Lee is Reader at X. (5 words)",
        LONG,
        "• one",
        "  - two",
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("\n".join)))
def test_any_text_is_read_or_refused(text):
    """Whatever the text, there are items with a title and a text, or a refusal, never another error."""
    try:
        items = captures.read(text)
    except UnreadableSource:
        return

    assert items
    assert all(item.title and item.body_text and item.identity and item.fingerprint for item in items)
