"""Markup: a letter's HTML in lines that a person can read."""

import re

from hypothesis import given
from hypothesis import strategies as st

from digest.web.markup import readable


def bare(html: str) -> str:
    """All of it but spaces."""
    return re.sub(r"\s+", "", html)


def test_elements_stand_on_lines_of_their_own_set_in_by_depth() -> None:
    """What is within a line of text stays in it."""
    html = "<table><tr><td><p>Forty <b>carers</b> asked.</p></td></tr></table>"

    assert readable(html) == [
        "<table>",
        "  <tr>",
        "    <td>",
        "      <p>Forty <b>carers</b> asked.",
        "      </p>",
        "    </td>",
        "  </tr>",
        "</table>",
    ]


def test_styles_keep_their_lines_and_comments_stand_alone() -> None:
    """Conditional comments are part of a letter, so they are shown."""
    html = "<style>\n a { b: c }\n d { e: f }\n</style><!--[if mso]><td><![endif]--><img src='x'>"

    assert readable(html) == [
        "<style>",
        " a { b: c }",
        " d { e: f }",
        "</style>",
        "<!--[if mso]><td><![endif]-->",
        "<img src='x'>",
    ]


@given(st.text(alphabet="<>/!-ab p=\"'\n", max_size=80))
def test_nothing_but_spaces_is_lost(html: str) -> None:
    """Whatever it is, well formed or not."""
    assert bare("".join(readable(html))) == bare(html)


def test_much_broken_markup_takes_little_time() -> None:
    """No pattern looks back over what it has seen."""
    assert readable("<" * 100_000)
    assert readable("<!--" * 20_000)
    assert readable("<style>" * 2_000)
