"""Summaries and Markdown: other people's words, shortened and made harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.fragments import fragment
from digest.rendering.markdown import markdown_html, markdown_text
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


def test_markdown_headings_become_paragraphs():
    """A letter has its own headings; one more would break their order."""
    assert markdown_html("# Big\n\nText") == "<p>Big</p>\n<p>Text</p>"


def test_markdown_as_text():
    """Links keep their address, lists their marks."""
    text = markdown_text("Hello *you*,\nsee [this](https://x.example/?a=1&b=2).\n\n1. one\n2. two\n\n* three")

    assert text == "Hello you, see this (https://x.example/?a=1&b=2).\n\n1. one\n2. two\n\n• three"
