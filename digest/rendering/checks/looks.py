"""Looks: what each piece of a letter looks like on a wide screen, as far as that can be told: its colours, its size,
and whether anybody sees it at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lxml import html

from digest.model.colour import contrast
from digest.rendering.checks.cascade import Decided, decided
from digest.rendering.checks.colours import CLEAR, colour
from digest.rendering.checks.sheet import Sheet

#: Below this contrast nobody reads a text at all.
UNSEEN = 1.5
_WHITE, _BLACK, _LINK = "#ffffff", "#000000", "#0000ee"
_BOLD = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
#: What is moved further than that lies beside the screen.
_BESIDE = -500.0
_PLACES = ("left", "top", "text-indent", "margin-left", "margin-top")


@dataclass(frozen=True, slots=True)
class Look:
    """What a piece of text looks like; None for a colour that we cannot tell. Its ink may be CLEAR."""

    ink: str | None = _BLACK
    ground: str | None = _WHITE
    px: float = 16.0
    bold: bool = False
    #: Taken off the screen, with all that is within.
    away: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether it is off the screen, or of letters without size; what is within may have another size."""
        return self.away or self.px <= 1 or self.ink == CLEAR

    @property
    def ratio(self) -> float | None:
        """The contrast of the two colours; None where one cannot be told."""
        return contrast(self.ink, self.ground) if self.ink and self.ground and self.ink != CLEAR else None

    @property
    def is_seen(self) -> bool:
        """Whether somebody can see it; in doubt, they can."""
        return not self.is_hidden and (self.ratio is None or self.ratio >= UNSEEN)


@dataclass(frozen=True)
class Looks:
    """How a sheet looks in one mode."""

    sheet: Sheet
    dark: bool

    def of(self, element: html.HtmlElement) -> Look:
        """The look of the text in an element; that of what stands around it where the element says nothing."""
        above: list[html.HtmlElement] = []
        at: html.HtmlElement | None = element
        while at is not None and at not in self._known:
            above.append(at)
            at = at.getparent()
        look = self._known[at] if at is not None else Look()
        for each in reversed(above):
            look = self._known[each] = _within(look, each, self._said.get(each, {}))
        return look

    @cached_property
    def _known(self) -> dict[html.HtmlElement, Look]:
        return {}

    @cached_property
    def _said(self) -> Mapping[html.HtmlElement, Decided]:
        return decided(self.sheet, dark=self.dark)


def _within(outer: Look, element: html.HtmlElement, said: Decided) -> Look:
    is_link = element.tag == "a" and element.get("href") is not None
    return replace(
        outer,
        ink=_ink(said, _LINK if is_link else outer.ink),
        ground=_ground(element, said, outer.ground),
        px=_px(said, outer.px),
        bold=_bold(said, outer.bold or element.tag in _BOLD),
        away=outer.away or element.tag in ("title", "head") or _is_away(element, said),
    )


def _is_away(element: html.HtmlElement, said: Decided) -> bool:
    """Whether it is taken off the screen."""
    if said.get("display") == "none" or said.get("visibility") in ("hidden", "collapse"):
        return True
    if element.get("hidden") is not None or _number(said.get("opacity", "")) == 0:
        return True
    if "hidden" in said.get("overflow", "") and any(_number(said.get(n, "")) == 0 for n in ("height", "max-height")):
        return True
    return any((_number(said.get(name, "")) or 0) <= _BESIDE for name in _PLACES)


def _number(value: str) -> float | None:
    """A number of pixels, or of nothing; None for any other value."""
    try:
        return float(value.removesuffix("px"))
    except ValueError:
        return None


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
        size = word.partition("/")[0]
        number = _number(size) if size.endswith("px") or size == "0" else None
        if number is not None:
            return number
    return outer


def _sizes(said: Decided) -> Iterable[str]:
    return (*said.get("font-size", "").split(), *said.get("font", "").split())


def _bold(said: Decided, outer: bool) -> bool:
    words = (said.get("font-weight") or said.get("font", "")).split()
    if any(word in ("bold", "bolder", "600", "700", "800", "900") for word in words):
        return True
    # The shorthand takes back what it does not say.
    return outer and not words
