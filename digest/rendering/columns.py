"""Columns of plain text: what mail readers without HTML see, 72 wide."""

import unicodedata

from digest.rendering.signs import as_read

COLUMNS = 72
#: No sign of a slot is as short.
_SHORT = 48


def wrapped(text: str, indent: str = "") -> str:
    """Paragraphs wrapped at 72 columns, bullets with a hanging indent; a long link stays whole on its line."""
    return "\n".join(_wrapped_line(line, indent) for line in text.splitlines())


def wrapped_value(value: str) -> str:
    """A value of one line, wrapped in the same way; it holds no signs of slots and begins with no bullet."""
    lines = []
    while len(value) > COLUMNS:
        cut = value.rfind(" ", 0, COLUMNS + 1)
        cut = cut if cut > 0 else value.find(" ", COLUMNS)
        if cut < 0:
            break
        lines.append(value[:cut])
        value = value[cut + 1 :]
    return "\n".join([*lines, value])


def underlined(text: str, rule: str = "-") -> str:
    """The text wrapped, with a rule under it as long as its longest line."""
    lines = wrapped(text).splitlines()
    return "\n".join([*lines, rule * max((_width(line) for line in lines), default=0)])


def _wrapped_line(line: str, indent: str) -> str:
    mark, _, rest = line.partition(" ")
    is_bullet = bool(rest) and (mark == "•" or (mark.endswith(".") and mark[:-1].isdecimal()))
    hanging = indent + " " * (len(mark) + 1) * is_bullet
    # Not textwrap: this runs for every letter, and is twenty times as fast.
    lines, current, taken = [], indent, len(indent)
    for word in line.split(" "):
        if not word:
            continue
        width = len(word) if len(word) <= _SHORT else len(as_read(word))
        if taken + width > COLUMNS and current.strip():
            lines.append(current.rstrip())
            current, taken = hanging, len(hanging)
        current += f"{word} "
        taken += width + 1
    return "\n".join([*lines, current.rstrip()])


def _width(line: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return min(COLUMNS, len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line))
