"""CSS as letters hold it: rules and declarations, read leniently, in time that grows with the text alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARKS = re.compile(r"[{};]")
#: Rules that stand in more than so many others are taken for those of the outer ones.
_DEEPEST = 4


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
                yield Rule((*around[:_DEEPEST], before), "", ())
        elif mark[0] == "{" and prelude is None:
            if before.startswith("@") and not before.lower().startswith(("@font-face", "@page")):
                around.append(before)
            else:
                prelude = before
        elif mark[0] == "}" and prelude is not None:
            yield _rule(around, prelude, before)
            prelude = None
        elif mark[0] == "}" and around:
            yield Rule(tuple(around[:_DEEPEST]), "", ())
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


def _rule(around: list[str], prelude: str, inside: str) -> Rule:
    if prelude.startswith("@"):
        return Rule((*around[:_DEEPEST], prelude), "", declarations(inside))
    return Rule(tuple(around[:_DEEPEST]), prelude, declarations(inside))
