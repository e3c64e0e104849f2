"""Pieces: articles as pages show them."""

from dataclasses import replace

import pytest

from digest.web.pieces import body
from tests.unit.rendering.samples import ARTICLES


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("<h3>a</h3><h4>b</h4><h3>c</h3>", "<h2>a</h2><h3>b</h3><h2>c</h2>"),
        ("<h4>a</h4><p>x</p><h4>b</h4>", "<h2>a</h2><p>x</p><h2>b</h2>"),
        ("<h4>a</h4><h3>b</h3><h4>c</h4>", "<h2>a</h2><h2>b</h2><h3>c</h3>"),
        ("<h1>a</h1><p>&lt;h3&gt;x&lt;/h3&gt;</p>", "a<p>&lt;h3&gt;x&lt;/h3&gt;</p>"),
    ],
)
def test_headings_of_a_body_go_down_from_the_title_step_by_step(kept: str, shown: str) -> None:
    """Whatever steps the source had; the page's title is the one heading above them."""
    assert body(replace(ARTICLES[0], body_html=kept)) == shown


def test_many_headings_cost_what_they_weigh() -> None:
    """Half of a pair is not looked for again and again: the cleaner has closed each."""
    shown = body(replace(ARTICLES[0], body_html="<h3>" * 50_000))

    assert shown.count("<h2></h2>") == 50_000
