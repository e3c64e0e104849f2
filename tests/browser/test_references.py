"""References: how letters look, on two widths, in light and dark, as pictures that somebody has looked at."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import family
from tests.support.browser import Windows
from tests.support.pictures import compared, keep, opened

REFERENCES = Path(__file__).with_name("references")
FONTS = REFERENCES / "fonts.json"
#: Set, it has the references made anew instead of compared.
REMAKE = "DIGEST_REMAKE"
PHONE, DESK = 390, 800
#: Of these letters only so much is kept; further down is more of the same.
TOP = {"fifteen": 1_500, "sixty": 1_500}

TAKEN = [
    ("one", PHONE, "light"),
    ("one", DESK, "dark"),
    ("five", PHONE, "light"),
    ("five", PHONE, "dark"),
    ("five", DESK, "light"),
    ("five", DESK, "dark"),
    ("fifteen", PHONE, "dark"),
    ("fifteen", DESK, "light"),
    ("awkward", PHONE, "light"),
    ("awkward", DESK, "dark"),
    ("sixty", PHONE, "light"),
    ("sixty", DESK, "dark"),
    ("pictures", PHONE, "light"),
    ("pictures", DESK, "dark"),
    ("pictures that do not come", DESK, "light"),
    ("brand", DESK, "light"),
    ("brand", DESK, "dark"),
    ("logo", PHONE, "dark"),
    ("right to left", PHONE, "light"),
    ("right to left", DESK, "dark"),
    ("German", PHONE, "light"),
    ("quiet", PHONE, "light"),
    ("quiet", DESK, "dark"),
    ("last", PHONE, "dark"),
    ("last", DESK, "light"),
    ("confirmation", PHONE, "dark"),
    ("confirmation", DESK, "light"),
    ("welcome", PHONE, "light"),
    ("welcome", DESK, "dark"),
    ("right to left welcome", PHONE, "light"),
]
#: Families that letters name, as the system finds them.
FAMILIES = ("Georgia", "Times New Roman", "Helvetica Neue", "Arial", "Verdana", "sans-serif:lang=he")


def fonts() -> dict[str, str]:
    """What the system gives for each family: the file's name and the sum of its bytes."""
    if shutil.which("fc-match") is None:
        return {}
    found = {}
    for each in FAMILIES:
        told = subprocess.run(["fc-match", "-f", "%{file}", each], capture_output=True, text=True, check=True)
        file = Path(told.stdout)
        found[each] = f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    return found


@pytest.fixture(scope="module")
def same_fonts() -> None:
    """The fonts of the references; with others every line would be another."""
    if not os.environ.get(REMAKE) and fonts() != json.loads(FONTS.read_text(encoding="utf-8")):
        pytest.skip("the fonts are not those of the references: install fonts-liberation and fonts-dejavu-core")


def taken(windows: Windows, name: str, width: int, mode: str) -> Image.Image:
    """A picture of a letter, from its top."""
    windows.answers.update(family.ANSWERS | family.LOST)
    page = windows.show(family.html(name), width=width, dark=mode == "dark")
    height = min(TOP.get(name, 16_000), page.evaluate("document.documentElement.scrollHeight"))
    return opened(page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}))


@pytest.mark.usefixtures("same_fonts")
@pytest.mark.parametrize(("name", "width", "mode"), TAKEN, ids=lambda value: str(value).replace(" ", "-"))
def test_a_letter_looks_as_it_did(windows: Windows, tmp_path: Path, name: str, width: int, mode: str) -> None:
    """Where it is meant to look otherwise, the references are made anew, and looked at."""
    reference = REFERENCES / f"{name.replace(' ', '-')}-{width}-{mode}.png"
    actual = taken(windows, name, width, mode)
    if os.environ.get(REMAKE):
        keep(actual, reference)
        FONTS.write_text(json.dumps(fonts(), indent=1) + "\n", encoding="utf-8")

    result = compared(actual, Image.open(reference))

    if not result.alike:
        actual.save(tmp_path / "actual.png")
        result.drawn.save(tmp_path / "difference.png")
    assert result.alike, (
        f"{result.off} pixels differ from {reference.name}: look into {tmp_path}; if it is meant so, "
        f"run this with {REMAKE}=1 and look at the new references"
    )
