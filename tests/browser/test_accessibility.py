"""Accessibility: axe finds nothing to complain of, in letters and in readers' pages, by day and in the dark."""

import pytest

from tests.browser import family
from tests.browser.conftest import Served
from tests.support.axe import OF_COLOURS, violations
from tests.support.browser import Windows

READING = ("archive", "issue", "article", "topic", "results", "no results")
#: Where readers begin, and where they are by themselves.
OWN = ("sign up", "embed", "leave", "where", "about you", "erase")
PAGES = (*READING, "preferences", "unsubscribe", "refusal", "nothing there", *OWN)


@pytest.mark.parametrize("name", family.letters())
def test_axe_finds_nothing_in_a_letter(windows: Windows, name: str) -> None:
    """WCAG 2.2 AA and best practices; in the dark, what hangs on colours."""
    windows.answers.update(family.ANSWERS | family.LOST)

    light = violations(windows.show(family.html(name), width=390))
    dark = violations(windows.show(family.html(name), width=390, dark=True), OF_COLOURS)

    assert light == []
    assert dark == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_a_page(windows: Windows, served: Served, name: str) -> None:
    """The same for what readers see in their browser."""
    page = windows.open(width=1100)
    page.goto(served.pages()[name])

    light = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = violations(page, OF_COLOURS)

    assert light == []
    assert dark == []


def test_axe_would_find_what_is_wrong(windows: Windows) -> None:
    """A picture without words, a heading out of order, and grey that nobody can read, each with its place."""
    page = windows.show(
        '<!doctype html><html lang="en"><title>x</title><main><h1>One</h1><h3>Three</h3>'
        '<p style="color:#bbb">pale</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main></html>'
    )

    found = violations(page)

    assert [line.split(" (")[0] for line in found] == ["color-contrast", "heading-order", "image-alt"]
    assert "contrast of 1.91" in found[0]


def test_a_page_that_asks_another_machine_fails_its_test(windows: Windows) -> None:
    """It gets nothing, and what it asked for is known."""
    windows.show('<img src="https://elsewhere.example/seen.png" alt="">')

    assert windows.refused == ["https://elsewhere.example/seen.png"]
    windows.refused.clear()
