"""Links: the addresses in a letter, and what can be said of them without asking anybody."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from digest.model.finding import Finding, Severity
from digest.rendering.checks.css import declarations
from digest.rendering.checks.sheet import Sheet, Spot

RELATIVE, EMPTY, SCHEME, DATA, SHORTENER = (
    "relative-link",
    "empty-link",
    "strange-link",
    "data-uri",
    "link-shortener",
)
_ABSOLUTE = ("http://", "https://", "mailto:", "tel:")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a letter."""

    address: str
    spot: Spot
    #: A picture, which mail programs fetch by themselves.
    is_picture: bool = False


def links(sheet: Sheet) -> Iterator[Link]:
    """All addresses, in order; those of pictures too."""
    for element, spot in sheet.elements:
        if element.tag in ("a", "area") and element.get("href") is not None:
            yield Link(element.get("href", "").strip(), spot)
        for name in ("src", "background"):
            if element.get(name) is not None:
                yield Link(element.get(name, "").strip(), spot, is_picture=True)


def to_ask(sheet: Sheet, base: str) -> dict[str, Spot]:
    """The addresses of the web that are not our own, each with the first place where it stands."""
    found: dict[str, Spot] = {}
    for link in links(sheet):
        address = link.address.partition("#")[0]
        ours = address == base or address.startswith(f"{base}/")
        if address.lower().startswith(("http://", "https://")) and not ours:
            found.setdefault(address, link.spot)
    return found


def bad_links(sheet: Sheet, shorteners: Collection[str]) -> Iterator[Finding]:
    """Links that lead nowhere from a mail program, or do not say where they lead."""
    for link in links(sheet):
        found = _judged(link, shorteners)
        if found is not None:
            yield found
    for element, spot in sheet.elements:
        style = element.get("style", "")
        if "data:" in style.lower() and any("data:" in each.value for each in declarations(style)):
            yield _data(spot, Severity.WARNING, "A style holds its picture in itself.")


def _judged(link: Link, shorteners: Collection[str]) -> Finding | None:
    address, lower = link.address, link.address.lower()
    kind = "picture" if link.is_picture else "link"
    if not address:
        return _error(EMPTY, link.spot, f"A {kind} has no address.", "Give it one, or take it out.")
    if lower.startswith("data:"):
        return _data(link.spot, Severity.ERROR, f"A {kind} holds what it shows in itself: {_shown(address)}.")
    if lower.startswith(_ABSOLUTE):
        return _shortened(link, shorteners)
    if address.startswith("#"):
        what = (
            f"A {kind} leads to a place in the letter itself ({_shown(address)}), which several programs do not know."
        )
        return Finding(
            check=RELATIVE,
            severity=Severity.WARNING,
            place=link.spot.place,
            what=what,
            remedy="Link to a page instead.",
        )
    if ":" in address.partition("/")[0]:
        what = f"A {kind} is of a kind that mail programs do not open: {_shown(address)}."
        return _error(SCHEME, link.spot, what, "Use an address of https, or mailto.")
    what = f"A {kind} has no host, so no mail program knows where it leads: {_shown(address)}."
    return _error(RELATIVE, link.spot, what, "Write the whole address, from https on.")


def _shortened(link: Link, shorteners: Collection[str]) -> Finding | None:
    try:
        host = urlsplit(link.address).hostname or ""
    except ValueError:
        return _error(SCHEME, link.spot, f"A link is no address: {_shown(link.address)}.", "Mend it.")
    if host.removeprefix("www.") not in shorteners:
        return None
    return Finding(
        check=SHORTENER,
        severity=Severity.WARNING,
        place=link.spot.place,
        what=f"A link hides behind {host}: {_shown(link.address)}. Spam filters distrust it.",
        remedy="Link to where it leads.",
    )


def _data(spot: Spot, severity: Severity, what: str) -> Finding:
    remedy = "Lay the picture on a web server and give its address: Gmail and Outlook show none that is in the letter."
    return Finding(check=DATA, severity=severity, place=spot.place, what=what, remedy=remedy)


def _error(check: str, spot: Spot, what: str, remedy: str) -> Finding:
    return Finding(check=check, severity=Severity.ERROR, place=spot.place, what=what, remedy=remedy)


def _shown(address: str) -> str:
    return f"“{address[:_SHOWN]}{'…' * (len(address) > _SHOWN)}”"
