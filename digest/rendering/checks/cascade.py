"""The cascade: which declaration holds for an element, of those in its attribute and in the sheets of the head."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import cast

from cssselect import ExpressionError, HTMLTranslator, SelectorError, parse
from lxml import etree, html

from digest.rendering.checks.css import Declaration, Rule, declarations, rules
from digest.rendering.checks.sheet import Sheet

#: The values that hold, by property.
Decided = Mapping[str, str]
#: Important or not, in the element or in a sheet, how particular the selector is, which came last.
_Rank = tuple[bool, bool, tuple[int, int, int], int]
_INLINE = (0, 0, 0)
#: So many selectors are tried; no letter has more.
_MOST_SELECTORS = 2_000


def decided(sheet: Sheet, *, dark: bool) -> Mapping[html.HtmlElement, Decided]:
    """What holds for each element on a wide screen in light or dark mode, of what is said for it alone."""
    if dark not in sheet.decided:
        sheet.decided[dark] = _decided(sheet, dark=dark)
    return sheet.decided[dark]


def _decided(sheet: Sheet, *, dark: bool) -> Mapping[html.HtmlElement, Decided]:
    ranked: dict[html.HtmlElement, dict[str, tuple[_Rank, str]]] = {}
    for element, _ in sheet.elements:
        _rank(ranked, element, declarations(element.get("style", "")), (True, _INLINE, 0))
    for order, (selector, said) in enumerate(_selectors(sheet.sheets, dark)):
        for specificity, element in _matches(sheet.root, selector):
            _rank(ranked, element, said, (False, specificity, order))
    return {element: {name: value for name, (_, value) in each.items()} for element, each in ranked.items()}


def _rank(
    ranked: dict[html.HtmlElement, dict[str, tuple[_Rank, str]]],
    element: html.HtmlElement,
    said: Sequence[Declaration],
    where: tuple[bool, tuple[int, int, int], int],
) -> None:
    own = ranked.setdefault(element, {})
    for each in said:
        rank: _Rank = (each.important, *where)
        for name in {each.name, "background-color" if each.name == "background" else each.name}:
            if name not in own or rank >= own[name][0]:
                own[name] = (rank, each.value)


def _selectors(sheets: Sequence[str], dark: bool) -> Iterator[tuple[str, Sequence[Declaration]]]:
    count = 0
    for css in sheets:
        for rule in rules(css):
            if rule.selector and _holds(rule, dark):
                for selector in rule.selector.split(","):
                    count += 1
                    if count > _MOST_SELECTORS:
                        return
                    yield selector.strip(), rule.declarations


def _holds(rule: Rule, dark: bool) -> bool:
    """Whether what stands around a rule is true of a wide screen in this mode."""
    return all(_is_true(each.lower().replace(" ", ""), dark) for each in rule.around)


def _is_true(asked: str, dark: bool) -> bool:
    if not asked.startswith("@media"):
        return False
    if "prefers-color-scheme:dark" in asked:
        return dark
    if "prefers-color-scheme:light" in asked:
        return not dark
    return "max-width" not in asked and "print" not in asked


def _matches(root: html.HtmlElement, selector: str) -> Iterator[tuple[tuple[int, int, int], html.HtmlElement]]:
    """The elements that a selector finds; none for one that we do not understand."""
    with suppress(etree.XPathError):
        for specificity, path in _paths(selector):
            for element in cast("list[html.HtmlElement]", path(root)):  # selectors find elements alone
                yield specificity, element


@lru_cache(maxsize=_MOST_SELECTORS)
def _paths(selector: str) -> tuple[tuple[tuple[int, int, int], etree.XPath], ...]:
    """How particular it is, and the way to what it finds. Kept: letters of one template have the same selectors."""
    try:
        return tuple((e.specificity(), etree.XPath(HTMLTranslator().selector_to_xpath(e))) for e in parse(selector))
    except (SelectorError, ExpressionError, etree.XPathError):
        return ()
