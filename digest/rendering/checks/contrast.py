"""Contrast: text that cannot be told from its ground, in light and in dark (WCAG 2.2, 1.4.3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import html

from digest.model.colour import READABLE, contrast
from digest.model.finding import Finding, Severity
from digest.rendering.checks.cascade import Decided, decided
from digest.rendering.checks.css import CLEAR, colour
from digest.rendering.checks.sheet import Sheet, Words

CONTRAST = "contrast"
#: Enough for large letters: 24 px, or 18.66 px and bold.
_LARGE = 3.0
_LARGE_PX, _LARGE_BOLD_PX = 24.0, 18.66
#: Below this nobody reads it at all.
_UNSEEN = 1.5
_WHITE, _BLACK, _LINK = "#ffffff", "#000000", "#0000ee"
_BOLD = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_MODES = {False: "light", True: "dark"}


@dataclass(frozen=True, slots=True)
class _Look:
    """What a piece of text looks like; None for a colour that we cannot tell."""

    ink: str | None = _BLACK
    ground: str | None = _WHITE
    px: float = 16.0
    bold: bool = False
    hidden: bool = False


def poor_contrast(sheet: Sheet) -> Iterator[Finding]:
    """Each pair of colours that is hard to read, once for each mode, at the first place where it stands."""
    for dark, mode in _MODES.items():
        looks: dict[html.HtmlElement, _Look] = {}
        found = decided(sheet, dark=dark)
        told: set[tuple[str, str]] = set()
        for words in sheet.words:
            look = _look(words.within, found, looks)
            pair = (look.ink or "", look.ground or "")
            if look.hidden or not all(pair) or contrast(*pair) >= _needed(look):
                continue
            if pair not in told:
                told.add(pair)
                yield _finding(words, look, mode)


def _finding(words: Words, look: _Look, mode: str) -> Finding:
    ratio = contrast(look.ink or "", look.ground or "")
    text = " ".join(words.text.split())
    return Finding(
        check=CONTRAST,
        severity=Severity.ERROR if ratio < _UNSEEN else Severity.WARNING,
        place=words.spot.place,
        what=f"“{text[:40]}” is {look.ink} on {look.ground} in {mode} mode: a contrast of {ratio:.1f} to 1, "
        f"{_needed(look):g} can be read.",
        remedy="Choose a darker or lighter colour in the template, or under [brand].",
    )


def _needed(look: _Look) -> float:
    large = look.px >= (_LARGE_BOLD_PX if look.bold else _LARGE_PX)
    return _LARGE if large else READABLE


def _look(
    element: html.HtmlElement, found: Mapping[html.HtmlElement, Decided], known: dict[html.HtmlElement, _Look]
) -> _Look:
    """The look of the text in an element; that of what stands around it where the element says nothing."""
    above: list[html.HtmlElement] = []
    at: html.HtmlElement | None = element
    while at is not None and at not in known:
        above.append(at)
        at = at.getparent()
    look = known[at] if at is not None else _Look()
    for each in reversed(above):
        look = known[each] = _within(look, each, found.get(each, {}))
    return look


def _within(outer: _Look, element: html.HtmlElement, said: Decided) -> _Look:
    is_link = element.tag == "a" and element.get("href") is not None
    look = replace(
        outer,
        ink=_ink(said, _LINK if is_link else outer.ink),
        ground=_ground(element, said, outer.ground),
        px=_px(said, outer.px),
        bold=_bold(said, outer.bold or element.tag in _BOLD),
    )
    hidden = said.get("display") == "none" or said.get("visibility") == "hidden" or said.get("opacity") == "0"
    return replace(look, hidden=outer.hidden or hidden or look.px <= 1 or element.tag in ("title", "head"))


def _ink(said: Decided, outer: str | None) -> str | None:
    value = said.get("color", "inherit")
    return outer if value in ("inherit", "currentcolor") else colour(value)


def _ground(element: html.HtmlElement, said: Decided, outer: str | None) -> str | None:
    both = " ".join(said[name] for name in ("background", "background-color") if name in said)
    if not both:
        both = element.get("bgcolor", "").lower()
    if not both:
        return outer
    if "url(" in both or "gradient(" in both:
        return None
    own = colour(said.get("background-color", both)) or colour(both)
    return outer if own == CLEAR else own


def _px(said: Decided, outer: float) -> float:
    """The size of letters where it is said in pixels; that around it where in anything else."""
    for word in _sizes(said):
        number = word.partition("/")[0].removesuffix("px")
        if number != word.partition("/")[0]:
            try:
                return float(number)
            except ValueError:
                continue
    return outer


def _sizes(said: Decided) -> Iterable[str]:
    return (*said.get("font-size", "").split(), *said.get("font", "").split())


def _bold(said: Decided, outer: bool) -> bool:
    words = (said.get("font-weight") or said.get("font", "")).split()
    if any(word in ("bold", "bolder", "600", "700", "800", "900") for word in words):
        return True
    # The shorthand takes back what it does not say.
    return outer and not words
