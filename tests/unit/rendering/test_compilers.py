"""MJML and inlining: the traps of both compilers, each with the test that keeps it shut."""

import re
import socket
from pathlib import Path

import pytest

from digest.errors import BadTemplate
from digest.rendering.inlining import inline
from digest.rendering.mjml import compile_mjml


def document(body: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>"


def page(style: str, body: str = "<p class='a'>x</p>") -> str:
    return f"<!doctype html><html><head>{style}</head><body>{body}</body></html>"


def test_an_unknown_tag_is_refused_with_its_line():
    """The compiler passes it through in silence, and the reader gets nothing."""
    with pytest.raises(BadTemplate, match=r"<mj-txt> in line 3"):
        compile_mjml(document("\n\n<mj-section><mj-column><mj-txt>Hello</mj-txt></mj-column></mj-section>"))


@pytest.mark.parametrize("tag", ['<mj-include path="/etc/hostname" />', '<MJ-INCLUDE path="x.mjml"/>'])
def test_an_include_is_refused(tag: str):
    """It would read files that nobody vetted; Jinja2 includes from the templates' folders alone."""
    with pytest.raises(BadTemplate, match="not a tag we know"):
        compile_mjml(document(tag))


@pytest.mark.parametrize("source", ["", "Hello", "<mjml><mj-body><mj-section></mj-body></mjml>", "<mjml>"])
def test_what_does_not_compile_is_a_bad_template(source: str):
    """The compiler's ValueError becomes an error of ours, with something to do."""
    with pytest.raises(BadTemplate, match=r"does not compile: .* (Check|Look)"):
        compile_mjml(source)


@pytest.mark.parametrize("tag", ["em", "div", "mj-wrapper", "p"])
@pytest.mark.parametrize("closed", [True, False])
def test_what_is_nested_beyond_all_measure_is_refused(tag: str, closed: bool):
    """The compiler would end the process, with no word to anybody."""
    deep = f"<{tag}>" * 5000 + "x" + f"</{tag}>" * 5000 * closed

    with pytest.raises(BadTemplate, match=r"line 3 .* stand in each other[^\n]*Close what is open"):
        compile_mjml(document(f"\n\n<mj-section><mj-column><mj-text>{deep}</mj-text></mj-column></mj-section>"))


def test_many_elements_beside_each_other_are_not_deep():
    """Nor are those that nobody closes, as HTML allows, once what holds them is closed."""
    cell = "<mj-section><mj-column><mj-text><br>x<br /><!-- <b><b> --></mj-text></mj-column></mj-section>"

    assert compile_mjml(document(cell * 200)).count("x<br") == 200


def test_no_font_is_asked_from_anyone(monkeypatch: pytest.MonkeyPatch):
    """A style sheet on another server would be fetched when inlining, and by every reader's mail program."""
    monkeypatch.setattr(socket, "socket", None)

    html = inline(compile_mjml(document("<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>")))

    assert not re.search(r"<link|@import|https?://(?!www\.w3\.org)", html)


def test_a_style_sheet_elsewhere_is_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither from the network nor from the disk."""
    monkeypatch.setattr(socket, "socket", None)
    (tmp_path / "x.css").write_text("p { color: red }")

    for href in ("https://evil.example/x.css", str(tmp_path / "x.css")):
        assert "color" not in inline(page(f'<link rel="stylesheet" href="{href}">'))


def test_only_the_sheet_marked_for_it_is_inlined():
    """The compiler's own resets would be doubled into every cell."""
    html = inline(page("<style>p { margin: 13px }</style><style>/*inline*/ .a { color: #123456 }</style>"))

    assert '<p style="color:#123456">' in html
    assert "<style>p { margin: 13px }</style>" in html
    assert "/*inline*/" not in html


KEPT = [
    "<style>@media (prefers-color-scheme: dark) { .a { color: red !important; } }</style>",
    "<style>@media screen { @media (max-width: 520px) { .a { color: red !important } } }</style>",
    '<style media="screen and (min-width:480px)">.b { width:100% !important; }</style>',
    "<style>[data-ogsc] .a > b { color: red !important }</style>",
    "<!--[if lte mso 11]><style>.c { width:100% !important; }</style><![endif]-->",
    "<!--[if !mso]><!--><style>.d { color: red !important }</style><!--<![endif]-->",
]


@pytest.mark.parametrize("kept", KEPT)
def test_other_sheets_and_outlooks_comments_stay_to_the_letter(kept: str):
    """premailer strips `!important`, without which dark mode does nothing, and stumbles over nested @media."""
    html = inline(page(kept + "<style>/*inline*/ p { color: blue }</style>"))

    assert kept in html


def test_classes_that_no_sheet_speaks_of_any_more_go():
    """They are sent a million times for nothing; dark mode's stay, and words that look like one too."""
    words = """ title='class="a" style="b; c"'"""
    body = f"""<p class="a soft mj-x"{words}> class="a" style="b; c" </p>"""
    sheets = "<style>/*inline*/ .a { margin: 0; color: red }</style><style>.soft > b { margin: 0 }</style>"

    html = inline(page(sheets + "<!--[if mso]><style>.mj-x { margin: 0 }</style><![endif]-->", body))

    assert f'<p class="soft mj-x"{words} style="margin:0;color:red"> class="a" style="b; c" </p>' in html


def test_a_comment_that_looks_like_a_hidden_sheet_changes_nothing():
    """The places of hidden sheets carry a hash of the page itself."""
    body = "<!--0--><!--kept 0--><p>x</p>"

    assert body in inline(page(KEPT[0], body))


def test_inlining_says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    """Properties that are newer than the parser are no news."""
    inline(page("<style>/*inline*/ p { text-underline-offset: 3px; mso-hide: all; color: nonsense(1) }</style>"))

    assert capfd.readouterr() == ("", "")
    assert not caplog.records
