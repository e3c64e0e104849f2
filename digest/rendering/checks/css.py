"""CSS as letters hold it: rules, declarations and colours, read leniently, in time that grows with the text alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARKS = re.compile(r"[{};]")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\b")
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*(?:[,/]\s*(\d{0,3}(?:\.\d{1,6})?%?)\s*)?\)"
)
_WORD = re.compile(r"[a-z-]+")
_NAMED = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "maroon": "#800000",
    "navy": "#000080",
    "teal": "#008080",
    "purple": "#800080",
    "olive": "#808000",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "darkgray": "#a9a9a9",
    "dimgray": "#696969",
    "lightgray": "#d3d3d3",
    "whitesmoke": "#f5f5f5",
}
#: No colour of its own: what is behind it shows.
CLEAR = "transparent"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One property with its value, both in lower case."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a selector."""

    #: The rules with @ around it, outermost first: "@media (max-width: 520px)".
    around: tuple[str, ...]
    selector: str
    declarations: tuple[Declaration, ...]


def rules(css: str) -> Iterator[Rule]:
    """The rules of a style sheet. One with @ and no block, such as @import, comes as a rule without declarations."""
    css = _COMMENT.sub(" ", css)
    around: list[str] = []
    start = 0
    prelude: str | None = None
    for mark in _MARKS.finditer(css):
        before = " ".join(css[start : mark.start()].split())
        if mark[0] == ";" and prelude is not None:
            continue  # between two declarations
        start = mark.end()
        if mark[0] == ";":
            if before.startswith("@"):
                yield Rule((*around, before), "", ())
        elif mark[0] == "{" and prelude is None:
            if before.startswith("@") and not before.lower().startswith(("@font-face", "@page")):
                around.append(before)
            else:
                prelude = before
        elif mark[0] == "}" and prelude is not None:
            yield _rule(around, prelude, before)
            prelude = None
        elif mark[0] == "}" and around:
            yield Rule(tuple(around), "", ())
            around.pop()


def declarations(style: str) -> tuple[Declaration, ...]:
    """What a style attribute, or the inside of a rule, says."""
    found = []
    for part in style.lower().split(";"):
        name, colon, value = part.partition(":")
        bare, _, important = value.partition("!")
        if colon:
            found.append(Declaration(name.strip(), " ".join(bare.split()), important.strip() == "important"))
    return tuple(found)


def colour(value: str) -> str | None:
    """The colour that a value holds, as #rrggbb or CLEAR; None where it holds none that we know."""
    if match := _HEX.search(value):
        digits = match[0][1:]
        return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)
    if match := _RGB.search(value):
        if match[4] and not match[4].strip("0.%"):
            return CLEAR
        opaque = match[4] in (None, "1", "1.0", "100%")
        return "#" + "".join(f"{min(255, int(match[n])):02x}" for n in (1, 2, 3)) if opaque else None
    words = _WORD.findall(value)
    if CLEAR in words or value == "none":
        return CLEAR
    return next((_NAMED[word] for word in words if word in _NAMED), None)


def _rule(around: list[str], prelude: str, inside: str) -> Rule:
    if prelude.startswith("@"):
        return Rule((*around, prelude), "", declarations(inside))
    return Rule(tuple(around), prelude, declarations(inside))
