"""Brand: a newsletter's accent as a small style sheet, held to contrast that can be read (WCAG 2.2, 1.4.3)."""

from dataclasses import dataclass

from digest.model.newsletter import Brand
from digest.rendering.fragments import is_colour

#: Text needs this against its ground.
READABLE = 4.5
_Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    paper: str
    card: str
    ink: str
    #: How much of the accent the tint takes.
    share: float


_LIGHT = _Ground(paper="#f6f4ef", card="#ffffff", ink="#1d2328", share=0.085)
_DARK = _Ground(paper="#12161a", card="#1a2026", ink="#e9e6df", share=0.08)
_ON_ACCENT = ("#ffffff", "#0c1a1a")


def stylesheet(brand: Brand) -> bytes:
    """The custom properties that follow from a brand, light and dark."""
    usual = Brand()
    light = _properties(brand.accent if is_colour(brand.accent) else usual.accent, _LIGHT)
    dark = _properties(brand.accent_dark if is_colour(brand.accent_dark) else usual.accent_dark, _DARK)
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n".encode()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _properties(accent: str, ground: _Ground) -> str:
    accent = _readable(accent, ground)
    on_accent = max(_ON_ACCENT, key=lambda colour: contrast(colour, accent))
    tint = _mixed(ground.card, accent, ground.share)
    return f"--accent: {accent}; --on-accent: {on_accent}; --tint: {tint};"


def _readable(accent: str, ground: _Ground) -> str:
    """The accent, taken towards the ink until it can be read on every ground."""
    steps = (_mixed(accent, ground.ink, step / 10) for step in range(11))
    return next(c for c in steps if min(contrast(c, ground.paper), contrast(c, ground.card)) >= READABLE)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(colour: str) -> _Colour:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _luminance(colour: _Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
