"""Styles: what of a letter's HTML and CSS the big mail programs pass over, by the table config/mail-clients.toml."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from digest.model.finding import Finding, Severity
from digest.rendering.checks.css import Declaration, Rule, declarations, rules
from digest.rendering.checks.sheet import Sheet

STYLES = "mail-program"
#: Each begins where no other can, so that a long value costs no more than its length.
_CALL = re.compile(r"(?<![a-z-])([a-z-]+)\(")
_LENGTH = re.compile(r"(?<![\w.#-])(?:\d+(?:\.\d+)?|\.\d+)([a-z]+)\b")
_PSEUDO = re.compile(r"::?[a-z-]+")
_QUOTED = re.compile(r"\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|url\([^)]*(?:\)|\Z)")
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Who ignores what; the names of features are written as in the table."""

    #: What the programs are called, by the names that `lacking` has.
    clients: Mapping[str, str]
    lacking: Mapping[str, tuple[str, ...]]
    #: What layout or words rest on where it is used.
    breaks: frozenset[str]


@lru_cache(maxsize=4)
def support(path: Path) -> Support:
    """The table as it stands in a file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds = {
        "properties": "{}",
        "values": "{}",
        "functions": "{}()",
        "units": "1{}",
        "at_rules": "{}",
        "media": "@media ({})",
        "selectors": "{}",
        "elements": "<{}>",
        "attributes": "[{}]",
    }
    lacking = {
        written.format(name): tuple(clients) for kind, written in kinds.items() for name, clients in table[kind].items()
    }
    return Support(clients=table["clients"], lacking=lacking, breaks=frozenset(table["breaks"]))


def passed_over(sheet: Sheet, known: Support) -> Iterator[Finding]:
    """What the letter rests on, each by itself; of the rest, one note for each program."""
    used: dict[str, str] = {}
    for feature, place in _features(sheet):
        used.setdefault(feature, place)
    lacked = {feature: place for feature, place in used.items() if feature in known.lacking}
    for feature, place in lacked.items():
        if feature in known.breaks:
            yield _broken(feature, place, [known.clients[each] for each in known.lacking[feature]])
    for client, name in known.clients.items():
        fine = [f for f in lacked if f not in known.breaks and client in known.lacking[f]]
        if fine:
            yield _fine(name, sorted(fine))


def _broken(feature: str, place: str, clients: list[str]) -> Finding:
    return Finding(
        check=STYLES,
        severity=Severity.WARNING,
        place=place,
        what=f"{feature} is unknown to {', '.join(clients)}.",
        remedy="Use tables for layout, and pictures or links in place of forms and films.",
    )


def _fine(client: str, features: list[str]) -> Finding:
    more = len(features) - _MOST_NAMED
    listed = ", ".join(features[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return Finding(
        check=STYLES,
        severity=Severity.NOTE,
        place=client,
        what=f"It ignores {listed}.",
        remedy="Nothing to do if the letter reads well without.",
    )


def _features(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What the letter uses, as the table names it, with the place."""
    for element, spot in sheet.elements:
        if not isinstance(element.tag, str):
            continue
        yield f"<{element.tag}>", spot.place
        yield from ((f"[{name}]", spot.place) for name in element.attrib)
        yield from ((feature, spot.place) for feature in _of_declarations(declarations(element.get("style", ""))))
    for css in sheet.sheets:
        for rule in rules(css):
            yield from ((feature, "a style sheet of the template") for feature in _of_rule(rule))


def _of_rule(rule: Rule) -> Iterator[str]:
    for around in rule.around:
        name = around.lower().split("(")[0].split()[0]
        yield name
        if name == "@media":
            yield from (f"@media ({asked})" for asked in re.findall(r"\(\s*([a-z-]+)", around.lower()))
    yield from _PSEUDO.findall(rule.selector.lower())
    # What only some screens see is an extra by itself.
    if not rule.around:
        yield from _of_declarations(rule.declarations)


def _of_declarations(said: Iterable[Declaration]) -> Iterator[str]:
    for each in said:
        if each.name.startswith("--"):
            yield "var()"
        value = _QUOTED.sub("", each.value)
        # What is for Outlook alone, and what every program starts from, is nobody's loss.
        if each.name.startswith("mso-") or value in ("none", "normal", "auto", "static", "visible", "initial"):
            continue
        yield each.name
        yield f"{each.name}: {value}"
        yield from (f"{name}()" for name in _CALL.findall(value))
        yield from (f"1{unit}" for unit in _LENGTH.findall(value))
