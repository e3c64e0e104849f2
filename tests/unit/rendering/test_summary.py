"""Summaries and Markdown: other people's words, shortened and made harmless."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering import encoding
from digest.rendering.fragments import DEEPEST, fragment
from digest.rendering.markdown import Lost, lost_links, markdown_html, markdown_text
from digest.rendering.summary import Summary, summarise


def words(count: int) -> str:
    return " ".join(f"w{n}" for n in range(count))


def test_a_short_piece_is_its_own_summary():
    """And says that it is whole."""
    summary = summarise("<p>One <b>two</b>.</p><ul><li>three</li><li>four</li></ul>")

    assert summary == Summary(
        html="<p>One <b>two</b>.</p><ul><li>three</li><li>four</li></ul>",
        text="One two.\n\n• three\n• four",
        whole=True,
    )


def test_paragraphs_are_taken_whole_while_they_fit():
    """The second would make it 80 words."""
    summary = summarise(f"<p>{words(40)}</p><p>{words(40)}</p>")

    assert summary == Summary(html=f"<p>{words(40)}</p>", text=words(40), whole=False)


def test_a_first_paragraph_a_little_too_long_stays_whole():
    """Ninety words are no reason to cut."""
    assert summarise(f"<p>{words(90)}</p>").whole


def test_a_long_first_paragraph_ends_with_a_sentence():
    """Near the length that was asked for."""
    summary = summarise("<p>" + "One two three four five six seven eight nine ten. " * 20 + "</p>")

    assert summary.text.endswith("ten.")
    assert len(summary.text.split()) == 80


def test_a_long_sentence_ends_with_dots_and_closed_tags():
    """Emphasis and links around the cut are closed."""
    summary = summarise(f"<p>{words(60)} <em>a <a href='https://x.example/'>{words(300)}</a> b</em> c</p>")

    assert summary.html.endswith("w7 …</a></em></p>") or summary.html.endswith("w8</a></em> …</p>")
    assert summary.text.endswith(" …")


def test_an_initial_does_not_end_a_sentence():
    """ "Dr. Hale" and "J. Hale" are names."""
    summary = summarise(f"<p>{words(40)} Dr. Hale and J. Hale {words(100)}</p>", words=42)

    assert summary.text.endswith(" …")


def test_bullets_come_as_far_as_they_fit():
    """After the paragraph that announces them."""
    summary = summarise(f"<p>We found:</p><ul><li>{words(30)}</li><li>{words(30)}</li><li>{words(30)}</li></ul>")

    assert summary.html == f"<p>We found:</p><ul><li>{words(30)}</li><li>{words(30)}</li></ul>"
    assert not summary.whole


def test_a_colon_with_nothing_after_it_becomes_dots():
    """What was announced does not come."""
    assert summarise(f"<p>We found:</p><ul><li>{words(100)}</li></ul>").text == "We found …"


def test_headings_are_left_out():
    """A heading over one paragraph says nothing."""
    assert summarise("<h2>Background</h2><p>Text.</p>") == Summary(html="<p>Text.</p>", text="Text.", whole=True)


def test_one_endless_word_is_cut_too():
    """Chinese has no spaces between words."""
    summary = summarise("<p>" + "漢" * 5000 + "</p>")

    assert len(summary.text) < 1000
    assert summary.text.endswith("…")


def test_nothing_gives_nothing():
    """An item without a text."""
    assert summarise("") == Summary(html="", text="", whole=True)


def test_a_piece_cut_short_ends_with_dots_also_where_a_colon_was_last():
    """There is more of it than is looked at."""
    summary = summarise("<p>We found:</p>" + "<p> </p>" * 30_000)

    assert summary == Summary(html="<p>We found …</p>", text="We found …", whole=False)


def test_what_shows_nothing_takes_no_room():
    """A source would crowd the others out of a letter, and nobody would see by what."""
    empty = "<b></b>" * 900 + "<a href='https://x.example/'><i></i></a>" * 99

    assert summarise(f"<p>Carers {empty}at <b>work</b>.</p>").html == "<p>Carers at <b>work</b>.</p>"


def test_of_very_many_links_the_first_stay():
    """Their words stay all."""
    summary = summarise("<p>" + "".join(f"<a href='https://x.example/{n}'>w{n}</a> " for n in range(30)) + "</p>")

    assert summary.html.count("<a ") == summary.html.count("</a>") == 12
    assert summary.text == words(30)


@pytest.mark.parametrize(
    "around", ["<a href='https://x.example/?{}'>w{}</a>", "<a href='https://x.example/{}'>é{}</a>"]
)
def test_very_long_links_go_and_their_words_stay(around: str):
    """A letter has room for some hundred thousand bytes in all."""
    summary = summarise("<p><em>" + "".join(around.format("x" * 1900, n) for n in range(150)) + "</em></p>")

    assert summary.html.startswith("<p><em>")
    assert "<a" not in summary.html
    assert len(encoding.literal(summary.html)) < 8_000


def test_tags_upon_tags_go_and_their_words_stay():
    """A word in many tags is a word."""
    summary = summarise("<p>" + "".join(f"{'<sub>' * 11}w{n}{'</sub>' * 11} " for n in range(70)) + "</p>")

    assert summary.html == f"<p>{words(70)}</p>"


@pytest.mark.parametrize(
    "hostile",
    [
        "<b><i><em>" * 4 + "<p>x</p>" * 30_000,
        "<b><i><em>" * 4 + "<p></p>" * 40_000,
        "<b>" * 100_000,
        "<p>x " * 60_000,
        "&amp;" * 60_000,
        "<ul><li>" * 30_000,
        "<a href='x'>" * 20_000,
        "x" * 300_000,
    ],
    ids=lambda hostile: hostile[:20],
)
def test_a_summary_costs_little_whatever_the_piece_is_made_of(hostile: str):
    """It is made anew for every preview, of every item."""
    began = time.process_time()

    summarise(hostile)

    assert time.process_time() - began < 0.5


@given(st.text(alphabet="abc .<>/&;pulie\"'=", max_size=300), st.integers(1, 20))
def test_any_tag_soup_gives_clean_html(soup: str, count: int):
    """The summary's HTML passes the sanitizer unchanged, so it is well-formed and harmless."""
    html = summarise(f"<p>{soup}</p>{soup}", words=count).html

    assert fragment(html) == html


def test_markdown_of_editors():
    """Paragraphs, emphasis, lists and links; raw HTML is shown as it is written."""
    html = markdown_html("Hello *you* and <b>you</b>.\n\n1. [one](https://x.example/?a=1&b=2)\n2. two")

    assert html.replace("\n", "") == (
        "<p>Hello <em>you</em> and &lt;b&gt;you&lt;/b&gt;.</p>"
        '<ol><li><a href="https://x.example/?a=1&amp;b=2">one</a></li><li>two</li></ol>'
    )


@pytest.mark.parametrize(
    "evil", ["[x](javascript:alert(1))", "<script>x</script>", "![x](https://x.example/p.png)", "<img src=x>"]
)
def test_markdown_makes_neither_scripts_nor_pictures(evil: str):
    """Pictures from elsewhere tell their server who reads."""
    html = markdown_html(evil)

    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_emphasis_upon_emphasis_is_flattened_and_its_words_stay():
    """Twelve levels are more than anybody sees; thousands would be too much for the compilers of letters."""
    html = markdown_html("*a " * 3000 + "b" + " c*" * 3000)

    assert html.count("<em>") == html.count("</em>") == DEEPEST - 1
    assert (html.count("a "), html.count(" c")) == (3000, 3000)


@pytest.mark.parametrize(
    ("written", "html", "text"),
    [
        ("[call](tel:+441234)", '<p><a href="tel:+441234">call</a></p>', "call (+441234)"),
        ("[*x*](ftp://a.example/)", "<p><em>x</em> (ftp://a.example/)</p>", "x (ftp://a.example/)"),
        (
            "![pic](https://a.example/p)",
            '<p><a href="https://a.example/p">pic</a></p>',
            "pic (https://a.example/p)",
        ),
        (
            "[![pic](https://a.example/p)](https://b.example/)",
            '<p><a href="https://b.example/">pic</a></p>',
            "pic (https://b.example/)",
        ),
        ("![pic](ftp://a.example/p)", "<p>pic (ftp://a.example/p)</p>", "pic (ftp://a.example/p)"),
    ],
)
def test_no_link_of_an_editor_vanishes(written: str, html: str, text: str):
    """What mail programs open stays a link; of the rest the address is written out."""
    assert markdown_html(written) == html
    assert markdown_text(written) == text


def test_the_links_that_are_not_shown_as_they_were_meant_are_told():
    """So that the editor hears of it."""
    written = "[a](ftp://a.example/) ![b](https://b.example/p) [c](https://c.example) [d](tel:1) [e](/e)"

    assert list(lost_links(written)) == [Lost("ftp://a.example/"), Lost("https://b.example/p", is_picture=True)]


def test_markdown_headings_become_paragraphs():
    """A letter has its own headings; one more would break their order."""
    assert markdown_html("# Big\n\nText") == "<p>Big</p>\n<p>Text</p>"


def test_markdown_as_text():
    """Links keep their address, lists their marks."""
    text = markdown_text("Hello *you*,\nsee [this](https://x.example/?a=1&b=2).\n\n1. one\n2. two\n\n* three")

    assert text == "Hello you, see this (https://x.example/?a=1&b=2).\n\n1. one\n2. two\n\n• three"
