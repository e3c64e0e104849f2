"""Forcing: a copy of a letter that shows itself light or dark, whatever the machine it is looked at on prefers.

Only the copy in a preview is changed; what is sent leaves the choice to the reader's own settings.
"""

import re
from enum import StrEnum


class Mode(StrEnum):
    """Which of its two looks a letter shows."""

    LIGHT = "light"
    DARK = "dark"


#: A condition in place of the asked one: it can stand alone or after "screen and", and always or never holds.
_HOLDS = "(min-width: 0px)"
_FAILS = "(max-width: 0px)"
_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_EITHER = re.compile(r"\blight\s+dark\b", re.IGNORECASE)
_META = re.compile(r"<meta\b[^>]*\bname=\"(?:supported-)?color-schemes?\"[^>]*>", re.IGNORECASE)
_PROPERTY = re.compile(r"\bcolor-schemes?\s*:\s*light\s+dark\b", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def forced(html: str, mode: Mode) -> str:
    """The letter in one look, its links opening beside the preview and not in it."""
    html = _ASKED.sub(lambda asked: _HOLDS if asked[1].lower() == mode else _FAILS, html)
    for pattern in (_META, _PROPERTY):
        html = pattern.sub(lambda found: _EITHER.sub(mode, found[0]), html)
    return _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', html, count=1)
