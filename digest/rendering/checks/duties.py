"""Duties: what law and mailbox providers want of every letter: a way out, a postal address, a sender that holds."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml.html import HtmlElement

from digest.model.finding import Finding, Severity
from digest.model.newsletter import Brand
from digest.rendering.blocks import Piece, Slot
from digest.rendering.checks.looks import Looks
from digest.rendering.checks.sheet import Sheet, Spot, Words
from digest.rendering.fragments import one_line

UNSUBSCRIBE, POSTAL, DKIM = "unsubscribe", "postal-address", "dkim"
_LEAVE = "unsubscribe_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """What the letters of an issue in one language are made of."""

    #: With the address for unsubscribing in its slot.
    sheet: Sheet
    #: The keys of each variant that somebody gets; none where nobody reads.
    variants: tuple[frozenset[str], ...]
    brand: Brand
    #: Those of a message, also the personal ones, in lower case.
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """How the messages of a newsletter are signed."""

    #: That of its From address.
    domain: str
    #: The domains of all keys there are.
    domains: tuple[str, ...]
    #: The selectors of those that sign.
    selectors: tuple[str, ...]
    #: The headers of one-click unsubscribe that a signature leaves out.
    missing: tuple[str, ...]
    #: Whether messages go to a mail server.
    goes_out: bool


def neglected(letters: Letters) -> Iterator[Finding]:
    """Letters that nobody can see how to unsubscribe from, or where their publisher is."""
    ways = {"HTML": _with_way_out(letters.sheet), "text": _with_slot(letters.sheet)}
    for name, holding in ways.items():
        if any(variant.isdisjoint(holding) for variant in letters.variants):
            what = f"There is no link to unsubscribe that can be seen in the {name} part."
            remedy = 'Use slot("unsubscribe_url") in the footer, in a link whose words can be read.'
            yield _error(UNSUBSCRIBE, f"the {name} part", what, remedy)
    yield from _headers(letters.headers)
    yield from _postal(letters)


def poorly_signed(signed: Signed) -> Iterator[Finding]:
    """Signatures that do not speak for the sender, so that mailbox providers refuse or hide the letter."""
    place = f"From {signed.domain}"
    if signed.missing:
        what = f"A signature leaves out {' and '.join(signed.missing)}, so no button to unsubscribe is shown."
        yield _error(DKIM, place, what, "Please report it.")
    if signed.selectors or not signed.goes_out:
        return
    if signed.domains:
        what = f"No key is of {signed.domain} or a domain above it, only of {', '.join(sorted(set(signed.domains)))}."
        remedy = f"Run: digest dkim keygen {signed.domain}, or send from a domain that has a key."
        yield _error(DKIM, place, what, remedy)
    else:
        what = "Messages are not signed here, so the mail server has to, for the domain of the From address."
        remedy = f"Look at a message that arrived for “dkim=pass” and {signed.domain}, or run: digest dkim keygen."
        yield Finding(check=DKIM, severity=Severity.WARNING, place=place, what=what, remedy=remedy)


def _headers(headers: Mapping[str, str]) -> Iterator[Finding]:
    if headers.get("list-unsubscribe-post") != "List-Unsubscribe=One-Click" or "list-unsubscribe" not in headers:
        what = "The headers for one-click unsubscribe (RFC 8058) are not both there."
        yield _error(UNSUBSCRIBE, "the headers", what, "Please report it.")
    elif "<https://" not in headers["list-unsubscribe"]:
        what = "The address for one-click unsubscribe is not https, so mailbox providers show no button."
        remedy = "Set web.base_url to an address of https."
        yield Finding(check=UNSUBSCRIBE, severity=Severity.WARNING, place="the headers", what=what, remedy=remedy)


def _postal(letters: Letters) -> Iterator[Finding]:
    address = one_line(letters.brand.postal_address)
    if not address:
        yield Finding(
            check=POSTAL,
            severity=Severity.WARNING,
            place="the footer",
            what="The newsletter has no postal address; the law of many countries asks for one in every message.",
            remedy="Set postal_address under [brand].",
        )
        return
    wanted = _plain(address)  # as written, escaped or wrapped
    sides = {"HTML": _with_words(letters.sheet, wanted), "text": _with_text(letters.sheet, wanted)}
    for name, holding in sides.items():
        if any(variant.isdisjoint(holding) for variant in letters.variants):
            what = f"The postal address cannot be seen in the {name} part."
            yield _error(POSTAL, f"the {name} part", what, "Put look.postal_address into the footer's template.")


def _with_way_out(sheet: Sheet) -> set[str]:
    """The blocks with a link to unsubscribe that can be seen in light and in dark."""
    address, seen = sheet.values.get(_LEAVE, ""), _sight(sheet)
    ours = (e for e, _ in sheet.elements if e.tag == "a" and address and e.get("href", "").strip() == address.strip())
    inside = {each for link in ours for each in link.iter()}
    shown = [(words.within, words.spot) for words in sheet.words if any(sign.isalnum() for sign in words.text)]
    shown += [(e, spot) for e, spot in sheet.elements if e.tag == "img" and e.get("alt", "").strip()]
    spots = {spot for element, spot in shown if element in inside and seen(element)}
    return {key for key in _with_slot(sheet, html=True) if sheet.spot(key) in spots}


def _with_words(sheet: Sheet, wanted: str) -> set[str]:
    """The blocks in whose visible words this stands."""
    runs, seen = defaultdict[Spot, list[Words]](list), _sight(sheet)
    for words in sheet.words:
        runs[words.spot].append(words)

    def holds(these: Iterable[Words]) -> bool:
        return wanted in _plain("".join(words.text for words in these))

    # Whether something is seen takes longer to find out than what it says.
    spots = {s for s, these in runs.items() if holds(these) and holds(w for w in these if seen(w.within))}
    return {key for key in sheet.blocks if sheet.spot(key) in spots}


def _with_text(sheet: Sheet, wanted: str) -> set[str]:
    """The blocks in whose text this stands."""
    return {key for key, block in sheet.blocks.items() if wanted in _plain("".join(_texts(block.text)))}


def _with_slot(sheet: Sheet, *, html: bool = False) -> set[str]:
    """The blocks that hold the address for unsubscribing, wherever."""
    sides = {key: block.html if html else block.text for key, block in sheet.blocks.items()}
    return {key for key, pieces in sides.items() if any(isinstance(p, Slot) and p.name == _LEAVE for p in pieces)}


def _sight(sheet: Sheet) -> Callable[[HtmlElement], bool]:
    modes = [Looks(sheet, dark) for dark in (False, True)]
    return lambda element: all(looks.of(element).is_seen for looks in modes)


def _texts(pieces: Iterable[Piece]) -> Iterator[str]:
    return (piece for piece in pieces if isinstance(piece, str))


def _plain(text: str) -> str:
    """Its letters and digits: what stays the same however it is escaped and wrapped."""
    for entity in ("&amp;", "&#39;", "&#34;", "&quot;", "&lt;", "&gt;"):
        text = text.replace(entity, "")
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _error(check: str, place: str, what: str, remedy: str) -> Finding:
    return Finding(check=check, severity=Severity.ERROR, place=place, what=what, remedy=remedy)
