"""Brand: a newsletter's accent as a small style sheet."""

from digest.model.colour import DARK, LIGHT, Ground, is_colour, palette
from digest.model.newsletter import Brand


def stylesheet(brand: Brand) -> bytes:
    """The custom properties that follow from a brand, light and dark."""
    usual = Brand()
    light = _properties(brand.accent if is_colour(brand.accent) else usual.accent, LIGHT)
    dark = _properties(brand.accent_dark if is_colour(brand.accent_dark) else usual.accent_dark, DARK)
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n".encode()


def _properties(accent: str, ground: Ground) -> str:
    colours = palette(accent, ground)
    return f"--accent: {colours.accent}; --on-accent: {colours.on_accent}; --tint: {colours.tint};"
