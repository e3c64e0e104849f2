"""What comes from outside is clean before it is kept: lines, links, HTML and text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.sanitize import (
    HTML_CAP,
    clean_html,
    clean_line,
    clean_link,
    count_words,
    html_to_text,
    plain_line,
    plain_to_html,
    text_to_html,
)


@pytest.mark.parametrize(
    ("given_text", "line"),
    [
        ("  Respite \n care\t today ", "Respite care today"),
        ("Bread &amp; butter", "Bread & butter"),
        ("Bread &amp;amp; butter", "Bread & butter"),
        ("It&amp;#8217;s &amp;ldquo;so&amp;rdquo;", "It’s “so”"),
        ("&amp;lt;em&amp;gt;Rosa canina&amp;lt;/em&amp;gt;", "Rosa canina"),
        ("<b>Bold</b> and <a href='x'>linked</a>", "Bold and linked"),
        ("&lt;b&gt;Bold&lt;/b&gt;", "Bold"),
        ("A List<T> is no &lt;T&gt;, dear <name>", "A List<T> is no <T>, dear <name>"),
        ("<<b>script>x</<b>script>Quiet", "Quiet"),
        ("<<<<<<b>b>b>b>b>b>deep", "bbdeep"),
        ("<![CDATA[Plain]]>", "Plain"),
        ("<b\u200b>Hidden</b> <scr\u00adipt>x</script>&lt;b&amp;#8203;&gt;", "Hidden"),
        ("x<a b='>'>", "x'>"),
        ("<script>alert(1)</script>Quiet", "Quiet"),
        ("Quiet<script>alert(1)", "Quiet"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("one\r\nBcc: two\x00", "one Bcc: two"),
        ("left\u202eright\u200b!\ufeff", "leftright!"),
        ("one\u2028two\u2029three\x85four", "one two three four"),
        ("half \ud800 a pair", "half a pair"),
        ("", ""),
    ],
)
def test_a_line_is_one_line_of_plain_text(given_text, line):
    """Markup off, entities decoded, even where both were escaped twice; nothing unseen left, white space folded."""
    assert clean_line(given_text) == line


UNSEEN = "\x00\x07\r\n\x85\xad\u061c\u200b\u200d\u200e\u202a\u202e\u2028\u2066\u2069\ufeff\ufffe\ud800\U000e0041"
LETTERS = st.text(alphabet=f"ab<>/&;#xmpltg!-[]CDATA'\" =:🎉{UNSEEN}", max_size=60)


@given(LETTERS | st.lists(st.sampled_from(["<b>", "&lt;", "b&gt;", "<", "script", ">", "&amp;", "lt;"])).map("".join))
def test_no_line_keeps_markup_or_what_cannot_be_seen(text):
    """Whatever comes in, however it is escaped and nested; and cleaning it again changes nothing for the worse."""
    line = clean_line(text)

    assert not re.search(r"</?(?:b|script|p|a)[\s/>][^<>]*>|</?(?:b|script|p|a)>", line)
    assert not set(line) & set(UNSEEN.replace("\u200d", ""))
    assert line == " ".join(line.split())


def test_pictographs_stay_whole():
    """The joiner between them is part of what is seen; elsewhere it is not."""
    assert clean_line("👩\u200d⚕️ and\u200d 👨\u200d👧") == "👩\u200d⚕️ and 👨\u200d👧"


@given(st.text(alphabet="htps:/javcrip.example?#&=@\\ \r\n\t\x00\u202e\u200b%<>\"'0", max_size=60))
def test_no_link_leads_elsewhere(text):
    """Only http and https, with a host and without anything that cannot be seen."""
    link = clean_link(text, "https://example.org/a/")

    if link is not None:
        assert re.match(r"https?://[^/?#@\s]+", link, re.IGNORECASE)
        assert not re.search(r"[\s\x00-\x1f\u200b\u202e<>\"\\]", link)


def test_a_long_line_is_cut_with_an_ellipsis():
    """A title has at most 300 characters, the ellipsis among them."""
    line = clean_line("word " * 200)

    assert len(line) <= 300
    assert line.endswith("word…")


def test_plain_text_keeps_what_looks_like_markup():
    """In text that is no markup an angle bracket is an angle bracket."""
    assert plain_line("if a <b and &amp; c>") == "if a <b and &amp; c>"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a?b=1&c=2#d", "https://example.org/a?b=1&c=2#d"),
        (" HTTP://example.org ", "HTTP://example.org"),
        ("/news/1", "https://example.org/news/1"),
        ("2.html", "https://example.org/feed/2.html"),
        ("//other.example/x", "https://other.example/x"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ('https://example.org/"<x>', "https://example.org/%22%3Cx%3E"),
    ],
)
def test_a_link_is_made_absolute(url, link):
    """What is relative is read from where it stood; signs that could end an attribute are escaped."""
    assert clean_link(url, "https://example.org/feed/") == link


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVa\nScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "mailto:a@example.org",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://",
        "https://example.org:99999/",
        "https://[::1",
        "https://example.org\\@evil.example/",
        "https://example.org/\r\nX: y",
        "https://example.org/\u202egnp.exe",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_other_addresses_are_no_links(url):
    """Only http and https, without credentials, controls or tricks."""
    assert clean_link(url, "https://example.org/") is None


def test_a_relative_link_without_a_base_is_none():
    """A path alone leads nowhere."""
    assert clean_link("/news/1") is None


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("<p onclick='x()' style='color:red' class='y'>Hello</p>", "<p>Hello</p>"),
        ("<h1>Top</h1><h2>Next</h2><h5>Low</h5>", "<h3>Top</h3><h3>Next</h3><h4>Low</h4>"),
        ("<div>One</div><div>Two</div>", "<p>One</p><p>Two</p>"),
        ("<ul><li>One<li>Two</ul>", "<ul><li>One</li><li>Two</li></ul>"),
        ("<p>a</p><p> &nbsp;</p><p>b</p>", "<p>a</p><p>b</p>"),
        ("<img src='https://tracker.example/x.gif'>Seen", "Seen"),
        ("<a href='javascript:x()'>press</a>", "press"),
        ("<a href='/x' rel='nofollow' target='_blank'>here</a>", '<a href="https://example.org/x">here</a>'),
        ("<a href='mailto:ann@example.org'>Ann</a>", '<a href="mailto:ann@example.org">Ann</a>'),
        ("<a href='mailto:ann@example.org?bcc=all@example.org'>Ann</a>", "Ann"),
        ("<a name='x'>mark</a>", "mark"),
        ("5 < 6 & 7", "5 &lt; 6 &amp; 7"),
        ("<scr<script>ipt>alert(1)</script>", "&lt;scr"),
        ("<svg onload=x()><p>in</p></svg><p>out</p>", "<p>out</p>"),
        ("<!-- <p>no</p> --><p>yes</p>", "<p>yes</p>"),
        ("<p>a&#8238;b&#0;c\x00</p>", "<p>ab\ufffdc</p>"),
        ("<iframe src=x></iframe><form><input>text</form>", "<p>text</p>"),
        ("<my-tag>word</my-tag>", "word"),
    ],
)
def test_html_keeps_only_what_is_harmless(html, cleaned):
    """Paragraphs, lists, links and emphasis stay; scripts, styles, pictures and headings above h3 do not."""
    assert clean_html(html, "https://example.org/") == cleaned


def test_cleaning_twice_is_cleaning_once():
    """What is clean stays as it is."""
    once = clean_html("<h1>A</h1><div>b <i>c</i><ul><li>d</ul><a href='https://e.example/?f=1&g=2'>h</a>")

    assert clean_html(once) == once


@given(st.text(alphabet="<>/=\"' &;#!-abpilu[]\x00\ud800", max_size=80))
def test_no_text_whatever_makes_cleaned_html_unclean(html):
    """Whatever comes in, only the allowed tags come out, and cleaning never fails."""
    cleaned = clean_html(html)

    assert clean_html(cleaned) == cleaned
    assert "<script" not in cleaned
    assert "\x00" not in html_to_text(html)


@pytest.mark.parametrize(
    "tag", ["<blockquote>", "<ul><li>", "<div>", "<b>", "<b x=1><i>", "<a href='http://x'>", "<table>"]
)
def test_deep_nesting_is_made_shallow(tag):
    """Neither a parser nor a mail client ever sees a thousand levels."""
    cleaned = clean_html(tag * 10_000 + "end")

    assert "end" in cleaned
    assert cleaned.count("<") < 200


@pytest.mark.parametrize("bomb", ["<", "<b", "&", "<!--", "<script", "</p>", "<br>", "<p>x", "<select>", '<a href="'])
def test_no_html_takes_long(bomb):
    """A hostile page costs no more than an honest one of its size."""
    cleaned = clean_html(bomb * 20_000)

    assert len(cleaned) <= 5 * HTML_CAP


def test_html_as_text_parts_blocks_by_blank_lines():
    """Paragraphs and lists are parted, items are bullets on lines of their own, a link is its text."""
    html = (
        "<h2>Head</h2><p>One <a href='https://example.org'>two</a><br>three</p><ul><li>a</li><li>b</li></ul><p>End</p>"
    )

    assert html_to_text(html) == "Head\n\nOne two\nthree\n\n• a\n• b\n\nEnd"


def test_paragraphs_as_html_are_escaped():
    """Captured text is text: what looks like a tag is shown as it stands."""
    html = text_to_html(["A < B", "• <b>one</b>", "• two", "End & out"])

    assert html == "<p>A &lt; B</p>\n<ul><li>&lt;b&gt;one&lt;/b&gt;</li><li>two</li></ul>\n<p>End &amp; out</p>"


def test_plain_text_as_html_keeps_its_paragraphs_and_bullets():
    """However lines end, and however many are blank."""
    html = plain_to_html("One\r\nline\r\n \r\n\r\nTwo\n• a\n• b")

    assert html == "<p>One line</p>\n<p>Two</p>\n<ul><li>a</li><li>b</li></ul>"


@pytest.mark.parametrize(("text", "count"), [("", 0), ("• one – two", 2), ("It’s 1,276 words\nlong", 4), ("— … –", 0)])
def test_words_are_counted_without_bullets_and_dashes(text, count):
    """A word has a letter or a figure in it."""
    assert count_words(text) == count
