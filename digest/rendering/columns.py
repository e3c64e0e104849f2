"""Columns of plain text: what mail readers without HTML see, 72 wide."""

import textwrap
import unicodedata

COLUMNS = 72


def wrapped(text: str, indent: str = "") -> str:
    """Paragraphs wrapped at 72 columns, bullets with a hanging indent; a long link stays whole on its line."""
    return "\n".join(_wrapped_line(line, indent) for line in text.splitlines())


def underlined(text: str, rule: str = "-") -> str:
    """The text wrapped, with a rule under it as long as its longest line."""
    lines = wrapped(text).splitlines()
    return "\n".join([*lines, rule * max((_width(line) for line in lines), default=0)])


def _wrapped_line(line: str, indent: str) -> str:
    mark, _, rest = line.partition(" ")
    bullet = mark + " " if rest and (mark == "•" or mark.removesuffix(".").isdecimal() and mark.endswith(".")) else ""
    return textwrap.fill(
        line.removeprefix(bullet),
        COLUMNS,
        initial_indent=indent + bullet,
        subsequent_indent=indent + " " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width(line: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return min(COLUMNS, len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line))
