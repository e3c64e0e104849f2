"""Links: the addresses in a letter, and what can be said of them without asking anybody."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from digest.model.finding import Finding, Severity
from digest.rendering.checks.css import declarations
from digest.rendering.checks.hosts import looks_like_another, shown_host, spelt
from digest.rendering.checks.sheet import Sheet, Spot

RELATIVE, EMPTY, SCHEME, DATA = "relative-link", "empty-link", "strange-link", "data-uri"
SHORTENER, DISGUISED, MISLEADING = "link-shortener", "disguised-link", "misleading-link"
_WEB = ("http://", "https://")
_ABSOLUTE = (*_WEB, "mailto:", "tel:")
_SHOWN = 80
#: So many pieces of text in a link are looked at, and so many signs of them.
_PIECES, _SIGNS = 20, 200


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a letter."""

    address: str
    spot: Spot
    #: A picture, which mail programs fetch by themselves.
    is_picture: bool = False
    #: What stands in it, or as much of that as may be an address.
    words: str = ""


def links(sheet: Sheet) -> Iterator[Link]:
    """All addresses, in order; those of pictures too."""
    for element, spot in sheet.elements:
        if element.tag in ("a", "area") and element.get("href") is not None:
            yield Link(element.get("href", "").strip(), spot, words=_words(element))
        for name in ("src", "background"):
            if element.get(name) is not None:
                yield Link(element.get(name, "").strip(), spot, is_picture=True)


def to_ask(sheet: Sheet, base: str) -> dict[str, Spot]:
    """The addresses of other people's pages that can be asked, each with the first place where it stands."""
    found: dict[str, Spot] = {}
    for link in links(sheet):
        address = link.address.partition("#")[0]
        ours = address == base or address.startswith(f"{base}/")
        if address.lower().startswith(_WEB) and not ours and _is_whole(address):
            found.setdefault(address, link.spot)
    return found


def bad_links(sheet: Sheet, shorteners: Collection[str]) -> Iterator[Finding]:
    """Links that lead nowhere from a mail program, do not say where they lead, or say otherwise."""
    for link in links(sheet):
        yield from _judged(link, shorteners)
    for element, spot in sheet.elements:
        style = element.get("style", "")
        if "data:" in style.lower() and any("data:" in each.value for each in declarations(style)):
            yield _data(spot, Severity.WARNING, "A style holds its picture in itself.")


def _judged(link: Link, shorteners: Collection[str]) -> Iterator[Finding]:
    found = _malformed(link)
    if found is not None:
        yield found
    elif link.address.lower().startswith(_WEB):
        yield from _of_host(link, shorteners)


def _malformed(link: Link) -> Finding | None:
    address, lower = link.address, link.address.lower()
    kind = "picture" if link.is_picture else "link"
    if not address:
        return _error(EMPTY, link.spot, f"A {kind} has no address.", "Give it one, or take it out.")
    if lower.startswith("data:"):
        return _data(link.spot, Severity.ERROR, f"A {kind} holds what it shows in itself: {_shown(address)}.")
    if lower.startswith(_ABSOLUTE):
        return _unasked(link)
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


def _unasked(link: Link) -> Finding | None:
    """What is wrong with an address of the right kind."""
    if not link.address.lower().startswith(_WEB):
        if link.address.partition(":")[2].partition("?")[0].strip("/ "):
            return None
        return _error(EMPTY, link.spot, f"A link names nobody: {_shown(link.address)}.", "Say whom, or take it out.")
    try:
        parts = urlsplit(link.address)
        host = parts.hostname or ""
    except ValueError:
        return _error(SCHEME, link.spot, f"A link is no address: {_shown(link.address)}.", "Mend it.")
    if not host:
        return _error(SCHEME, link.spot, f"A link has no host: {_shown(link.address)}.", "Write the whole address.")
    if "@" in parts.netloc:
        what = f"A link leads to {host}, though it begins with another name before an @: {_shown(link.address)}."
        return _error(DISGUISED, link.spot, what, "Take out what stands before the @ of its host.")
    return None


def _of_host(link: Link, shorteners: Collection[str]) -> Iterator[Finding]:
    """What is to be said of where a link leads."""
    host = spelt(urlsplit(link.address).hostname or "")
    if host.removeprefix("www.") in shorteners:
        what = f"A link hides behind {host}: {_shown(link.address)}. Spam filters distrust it."
        yield _warning(SHORTENER, link.spot, what, "Link to where it leads.")
    said = shown_host(link.words)
    if said and not _is_of(host, said) and not _is_of(said, host):
        what = f"A link says {said} and leads to {host}, as forged letters do."
        yield _warning(MISLEADING, link.spot, what, "Let its words say where it leads.")
    if looks_like_another(host):
        what = f"The host of a link has letters of several scripts, so that it looks like another: {_shown(host)}."
        yield _warning(MISLEADING, link.spot, what, "See whether it is the host that is meant.")


def _is_whole(address: str) -> bool:
    """Whether it has a host, and nobody's name before it."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return True  # asked for, it is found to be none


def _is_of(host: str, other: str) -> bool:
    return f".{host}".endswith(f".{other.removeprefix('www.')}")


def _words(element: HtmlElement) -> str:
    return "".join(islice(element.itertext(), _PIECES))[:_SIGNS]


def _warning(check: str, spot: Spot, what: str, remedy: str) -> Finding:
    return Finding(check=check, severity=Severity.WARNING, place=spot.place, what=what, remedy=remedy)


def _data(spot: Spot, severity: Severity, what: str) -> Finding:
    remedy = "Lay the picture on a web server and give its address: Gmail and Outlook show none that is in the letter."
    return Finding(check=DATA, severity=severity, place=spot.place, what=what, remedy=remedy)


def _error(check: str, spot: Spot, what: str, remedy: str) -> Finding:
    return Finding(check=check, severity=Severity.ERROR, place=spot.place, what=what, remedy=remedy)


def _shown(address: str) -> str:
    return f"“{address[:_SHOWN]}{'…' * (len(address) > _SHOWN)}”"
