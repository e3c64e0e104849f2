"""Colours: what follows from a newsletter's accent, held to contrast that can be read (WCAG 2.2, 1.4.3)."""

import re
from dataclasses import dataclass
from functools import lru_cache

#: Text needs this against its ground.
READABLE = 4.5
_Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an accent stands on."""

    paper: str
    card: str
    #: Behind the editors' own notes.
    pin: str
    ink: str
    #: How much of the accent the tint takes.
    share: float


LIGHT = Ground(paper="#f6f4ef", card="#ffffff", pin="#fbf3df", ink="#1d2328", share=0.085)
DARK = Ground(paper="#12161a", card="#1a2026", pin="#2b2718", ink="#e9e6df", share=0.08)
_ON_ACCENT = ("#ffffff", "#0c1a1a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours that follow from one accent on one ground."""

    #: Links, rules, buttons.
    accent: str
    #: Text on the accent.
    on_accent: str
    #: Ground of the contents list and the current place.
    tint: str


def palette(accent: str, ground: Ground) -> Palette:
    """The colours of an accent, which is taken towards the ink until it can be read on every ground."""
    steps = (mixed(accent, ground.ink, step / 10) for step in range(11))
    readable = next(c for c in steps if min(contrast(c, each) for each in _grounds(c, ground)) >= READABLE)
    return Palette(
        accent=readable,
        on_accent=max(_ON_ACCENT, key=lambda colour: contrast(colour, readable)),
        tint=_tint(readable, ground),
    )


def is_colour(text: str) -> bool:
    """Whether it is written as #0f5c5c or #055."""
    return re.fullmatch(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", text) is not None


@lru_cache(maxsize=4096)
def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """`one` with a share of `other` in it."""
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _grounds(accent: str, ground: Ground) -> tuple[str, ...]:
    return ground.paper, ground.card, ground.pin, _tint(accent, ground)


def _tint(accent: str, ground: Ground) -> str:
    return mixed(ground.card, accent, ground.share)


def _rgb(colour: str) -> _Rgb:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _luminance(colour: _Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
