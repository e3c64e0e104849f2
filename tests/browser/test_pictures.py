"""Comparing pictures: what is forgiven, and what is not, each tried on a real letter."""

import pytest
from PIL import Image
from playwright.sync_api import FloatRect

from tests.browser import family
from tests.support.browser import Windows
from tests.support.pictures import FORGIVEN, compared, keep, opened

#: Where a browser smooths letters otherwise, as another version of it may.
SMOOTHED = {
    "as it is": "",
    "shifted by less than a pixel": ".card { transform: translate(0.4px, 0.3px) }",
    "a block that lies one pixel off": ".note { position: relative; top: 1px }",
    "softer edges": ".card { filter: blur(0.3px) }",
    "a colour nobody could tell apart": "h3 a { color: #22282d !important }",
}
#: Each with so many pixels off that nobody takes it for the same.
SPOILT = {
    "a block moved down": ".note { position: relative; top: 2px }",
    "a block moved aside": ".topic { position: relative; left: 3px }",
    "a heading in another colour": "h2 { color: #333a40 !important }",
    "a ground in another colour": ".note { background: #f3e2c0 !important }",
    "a line lost": ".topic td { border-color: transparent !important }",
    "a sentence lost": "h3 + p { visibility: hidden }",
    "one word lost": ".toc tr:nth-child(3) .soft { visibility: hidden }",
    "a link without its line": ".go a { text-decoration: none !important }",
    "another font": "h3 { font-family: sans-serif !important }",
    "letters a little larger": "p { font-size: 16.5px !important }",
    "a picture that did not come": "img { visibility: hidden }",
}


CLIP: FloatRect = {"x": 0, "y": 0, "width": 390, "height": 2000}


@pytest.fixture(scope="module")
def reference(_windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """The letter's picture, kept as references are."""
    kept = tmp_path_factory.mktemp("kept") / "reference.png"
    keep(picture(_windows, ""), kept)
    return Image.open(kept)


def picture(windows: Windows, style: str) -> Image.Image:
    """The upper part of a letter, with one more rule of style."""
    windows.answers.update(family.ANSWERS)
    page = windows.show(family.html("pictures"), width=390)
    if style:
        page.add_style_tag(content=style)
    return opened(page.screenshot(full_page=True, clip=CLIP))


@pytest.mark.parametrize("what", SMOOTHED)
def test_what_nobody_would_see_is_forgiven(windows: Windows, reference: Image.Image, what: str) -> None:
    """Another version of the browser smooths edges in another way."""
    result = compared(picture(windows, SMOOTHED[what]), reference)

    assert result.alike, result.off


@pytest.mark.parametrize("what", SPOILT)
def test_what_somebody_would_see_is_found(windows: Windows, reference: Image.Image, what: str) -> None:
    """With room to spare."""
    result = compared(picture(windows, SPOILT[what]), reference)

    assert result.off > 3 * FORGIVEN, result.off
    assert not result.alike


def test_the_difference_is_drawn_where_it_is() -> None:
    """Red on the faded picture; a picture of another size is another picture."""
    white = Image.new("RGB", (60, 40), "white")
    changed = white.copy()
    changed.paste("black", (10, 10, 20, 20))

    result = compared(changed, white)

    assert 100 <= result.off <= 160
    assert result.drawn.getpixel((15, 15)) == (255, 0, 0)
    assert result.drawn.getpixel((40, 30)) == (255, 255, 255)
    assert not compared(white, white.crop((0, 0, 60, 39))).alike
