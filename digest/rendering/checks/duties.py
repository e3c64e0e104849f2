"""Duties: what law and mailbox providers want of every letter: a way out, a postal address, a sender that holds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from digest.model.finding import Finding, Severity
from digest.model.newsletter import Brand
from digest.rendering.blocks import Blocks, Piece, Slot
from digest.rendering.fragments import one_line

UNSUBSCRIBE, POSTAL, DKIM = "unsubscribe", "postal-address", "dkim"
_LEAVE = "unsubscribe_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """What the letters of an issue in one language are made of."""

    blocks: Blocks
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
    """Letters that nobody can unsubscribe from, or that do not say where their publisher is."""
    for name, pieces in _sides(letters.blocks):
        holding = {key for key, each in pieces.items() if any(_is_slot(p, _LEAVE) for p in each)}
        if any(variant.isdisjoint(holding) for variant in letters.variants):
            what = f"There is no link to unsubscribe in the {name} part."
            yield _error(UNSUBSCRIBE, f"the {name} part", what, 'Use slot("unsubscribe_url") in the footer.')
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
    for name, pieces in _sides(letters.blocks):
        # As written, escaped or wrapped.
        wanted = _plain(address)
        holding = {key for key, each in pieces.items() if wanted in _plain("".join(_texts(each)))}
        if any(variant.isdisjoint(holding) for variant in letters.variants):
            what = f"The postal address is not in the {name} part."
            yield _error(POSTAL, f"the {name} part", what, "Put look.postal_address into the footer's template.")


def _sides(blocks: Blocks) -> Iterator[tuple[str, Mapping[str, tuple[Piece, ...]]]]:
    def side(which: str) -> Mapping[str, tuple[Piece, ...]]:
        return {key: block.html if which == "HTML" else block.text for key, block in blocks.items()}

    for which in ("HTML", "text"):
        yield which, side(which)


def _texts(pieces: Iterable[Piece]) -> Iterator[str]:
    return (piece for piece in pieces if isinstance(piece, str))


def _plain(text: str) -> str:
    """Its letters and digits: what stays the same however it is escaped and wrapped."""
    for entity in ("&amp;", "&#39;", "&#34;", "&quot;", "&lt;", "&gt;"):
        text = text.replace(entity, "")
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _is_slot(piece: Piece, name: str) -> bool:
    return isinstance(piece, Slot) and piece.name == name


def _error(check: str, place: str, what: str, remedy: str) -> Finding:
    return Finding(check=check, severity=Severity.ERROR, place=place, what=what, remedy=remedy)
