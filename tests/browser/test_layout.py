"""Layout: what holds on every width, whatever is in a letter or on a page."""

from itertools import pairwise

import pytest

from tests.browser import family
from tests.browser.conftest import Served
from tests.browser.test_accessibility import OWN, PAGES
from tests.support.browser import Windows

#: The narrowest window that WCAG 2.2 (1.4.10) asks for: also a phone's, or a wide one at 400 %.
NARROW = 320
#: How high and how wide a finger's target is.
TARGET = 44
#: What juts out to the side, by its words.
JUTTING = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getClientRects().length && !e.closest('.skip') && getComputedStyle(e).clip === 'auto')
    .filter(e => { const box = e.getBoundingClientRect();
                   return box.width > 1 && (box.right > innerWidth + 0.5 || box.left < -0.5) })
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`)"""
#: Links and buttons that stand alone, which are those that are not set as words in a line, and their height.
ALONE = """() => [...document.querySelectorAll('a, button')]
    .filter(e => e.getClientRects().length && getComputedStyle(e).display !== 'inline')
    .map(e => [e.textContent.trim().slice(0, 60), Math.round(e.getBoundingClientRect().height * 10) / 10])"""
HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])"


@pytest.mark.parametrize("name", family.letters())
def test_a_letter_fits_any_window(windows: Windows, name: str) -> None:
    """Nothing is cut off, nothing has to be moved sideways; wide windows leave it at its own width."""
    windows.answers.update(family.ANSWERS | family.LOST)

    page = windows.show(family.html(name), width=NARROW)
    assert page.evaluate(JUTTING) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW

    page.set_viewport_size({"width": 1200, "height": 900})
    box = page.locator(".card").first.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (280, 640)


@pytest.mark.parametrize("name", family.letters())
def test_a_finger_finds_what_stands_alone(windows: Windows, name: str) -> None:
    """44 pixels high; links within a sentence are as high as it is."""
    windows.answers.update(family.ANSWERS | family.LOST)

    alone = windows.show(family.html(name), width=390).evaluate(ALONE)

    assert alone
    assert [(words, height) for words, height in alone if height < TARGET] == []


@pytest.mark.parametrize("name", family.letters())
def test_headings_go_down_one_step_at_a_time(windows: Windows, name: str) -> None:
    """The newsletter, its sections, their pieces."""
    windows.answers.update(family.ANSWERS | family.LOST)

    levels = windows.show(family.html(name)).evaluate(HEADINGS)

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_narrowest_window(windows: Windows, served: Served, name: str) -> None:
    """A phone's, or a wide one at four times its size."""
    page = windows.open(width=NARROW)
    page.goto(served.pages()[name])

    assert page.evaluate("document.documentElement.scrollWidth") == NARROW
    assert page.evaluate(JUTTING) == []


@pytest.mark.parametrize("name", ["preferences", "unsubscribe", *OWN])
def test_a_finger_finds_every_button_of_a_readers_own_page(windows: Windows, served: Served, name: str) -> None:
    """Nobody unsubscribes by a slip."""
    page = windows.open(width=390)
    page.goto(served.pages()[name])

    heights = page.locator("button, label:has(input), .field input, select").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )

    assert heights
    assert min(heights) >= TARGET
