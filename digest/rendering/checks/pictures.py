"""Pictures: whether a letter says in words what its pictures say. Many see none of them, and some cannot."""

from collections.abc import Iterator

from lxml import html

from digest.model.finding import Finding, Severity
from digest.rendering.checks.sheet import Sheet, Spot

ALT = "missing-alt"


def missing_alt(sheet: Sheet) -> Iterator[Finding]:
    """Pictures without a text in their place; an empty one says that the picture is for the eye only."""
    for element, spot in sheet.elements:
        if element.tag == "img":
            found = _judged(element, spot)
            if found is not None:
                yield found


def _judged(image: html.HtmlElement, spot: Spot) -> Finding | None:
    name = image.get("src", "").rpartition("/")[2][:60]
    alt = image.get("alt")
    if (alt or "").strip():
        return None
    if _alone_in_link(image):
        what = f"A link is nothing but the picture “{name}”, which has no text: nobody can tell where it leads."
        return Finding(check=ALT, severity=Severity.ERROR, place=spot.place, what=what, remedy='Say where in alt="…".')
    if alt is None:
        what = f"The picture “{name}” has no alt, so that mail programs show or read out its address."
        remedy = 'Say in alt="…" what it shows; alt="" if it is for the eye only.'
        return Finding(check=ALT, severity=Severity.WARNING, place=spot.place, what=what, remedy=remedy)
    return None


def _alone_in_link(image: html.HtmlElement) -> bool:
    link = next((each for each in image.iterancestors("a") if each.get("href")), None)
    if link is None or link.get("aria-label", "").strip() or "".join(link.itertext()).strip():
        return False
    return not any(each.get("alt", "").strip() for each in link.iter("img"))
