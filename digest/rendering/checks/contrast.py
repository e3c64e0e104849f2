"""Contrast: text that cannot be told from its ground, in light and in dark (WCAG 2.2, 1.4.3)."""

from collections.abc import Iterator

from digest.model.colour import READABLE
from digest.model.finding import Finding, Severity
from digest.rendering.checks.looks import UNSEEN, Look, Looks
from digest.rendering.checks.sheet import Sheet, Words

CONTRAST = "contrast"
#: Enough for large letters: 24 px, or 18.66 px and bold.
_LARGE = 3.0
_LARGE_PX, _LARGE_BOLD_PX = 24.0, 18.66
_MODES = {False: "light", True: "dark"}


def poor_contrast(sheet: Sheet) -> Iterator[Finding]:
    """Each pair of colours that is hard to read, once for each mode, at the first place where it stands."""
    for dark, mode in _MODES.items():
        looks = Looks(sheet, dark)
        told: set[tuple[str | None, str | None]] = set()
        for words in sheet.words:
            look = looks.of(words.within)
            ratio = look.ratio
            if look.is_hidden or ratio is None or ratio >= _needed(look) or (look.ink, look.ground) in told:
                continue
            told.add((look.ink, look.ground))
            yield _finding(words, look, ratio, mode)


def _finding(words: Words, look: Look, ratio: float, mode: str) -> Finding:
    text = " ".join(words.text.split())
    return Finding(
        check=CONTRAST,
        severity=Severity.ERROR if ratio < UNSEEN else Severity.WARNING,
        place=words.spot.place,
        what=f"“{text[:40]}” is {look.ink} on {look.ground} in {mode} mode: a contrast of {ratio:.1f} to 1, "
        f"{_needed(look):g} can be read.",
        remedy="Choose a darker or lighter colour in the template, or under [brand].",
    )


def _needed(look: Look) -> float:
    large = look.px >= (_LARGE_BOLD_PX if look.bold else _LARGE_PX)
    return _LARGE if large else READABLE
