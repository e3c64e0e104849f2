"""Answers: what is wanted, what came of it, and how a server's reply is judged (RFC 9110)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

from digest.errors import Problem, SourceGone, SourceUnreachable, UnreadableSource
from digest.sources.exchange import LATER, Reply
from digest.sources.freshness import fresh_for, retry_after
from digest.sources.guard import shown

#: Answers that may be better another time (RFC 9110, RFC 6585), beside all of 5xx.
_PASSING = frozenset({408, 421, 425, 429})
_REMEDIES = {
    401: "It wants a password; give an address that is open to everyone.",
    403: "It turns programs away; ask its owner to let this one in, or give another address.",
    404: "Look in a browser where it has gone.",
}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
#: What is kept of a server's words to be said back to it: short, and in visible ASCII.
_SENSIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
_TYPE = re.compile(r"\s*([a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60})\s*(?:;|$)")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([a-z0-9._:-]{1,40})""")
_LANGUAGE = re.compile(r"\s*([a-z]{2,3}(?:-[a-z0-9]{1,8}){0,4})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the last answer said of itself. It is said back, so that a server can answer “unchanged” (RFC 9110, 13)."""

    etag: str = ""
    #: Last-Modified, as it was written.
    modified: str = ""
    #: SHA-256 of the document in hex, for servers that never answer “unchanged”.
    checksum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One document to be fetched."""

    #: The slug of the source it is wanted for.
    key: str
    #: An http(s) address, or the path of a file.
    location: str
    known: Known = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What lies at an address or in a file."""

    #: Unpacked.
    data: bytes = field(repr=False)
    #: Where it lay in the end, after redirects; None for a file.
    address: str | None
    known: Known
    #: The address to ask from now on; empty unless all redirects up to it were meant to last (301, 308).
    moved_to: str = ""
    #: What the headers say, which need not be true; empty when they say nothing.
    charset: str = ""
    language: str = ""
    #: The media type, in lower case and without parameters.
    content_type: str = ""
    #: How long it need not be asked for again, by its own account.
    fresh_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """It is what it was: the server says so (304), or it has the same checksum."""

    known: Known
    moved_to: str = ""
    fresh_for: timedelta = timedelta()


Answer = Document | Unchanged


def conditions(known: Known) -> Sequence[tuple[str, str]]:
    """The headers of a conditional request; none when nothing is known that can be said back."""
    said = (("If-None-Match", known.etag), ("If-Modified-Since", known.modified))
    return [(name, value) for name, value in said if _SENSIBLE.fullmatch(value)]


def judged(reply: Reply, known: Known, *, address: str, moved_to: str, now: datetime) -> Answer:
    """What a reply comes to when it sends us nowhere else. A Problem when it is neither a document nor “unchanged”."""
    fresh = fresh_for(reply.headers, now=now)
    if reply.status == HTTPStatus.NOT_MODIFIED and conditions(known):
        return Unchanged(known=_known(reply.headers, known, known.checksum), moved_to=moved_to, fresh_for=fresh)
    if reply.status != HTTPStatus.OK:
        raise _refusal(address, reply.status, retry_after(reply.headers.get("retry-after", ""), now=now))
    answered = _known(reply.headers, Known(), sha256(reply.body).hexdigest())
    if answered.checksum == known.checksum:
        return Unchanged(known=answered, moved_to=moved_to, fresh_for=fresh)
    content_type = reply.headers.get("content-type", "").lower()
    return Document(
        data=reply.body,
        address=address,
        known=answered,
        moved_to=moved_to,
        charset=_part(_CHARSET.search(content_type)),
        language=_part(_LANGUAGE.match(reply.headers.get("content-language", ""))),
        content_type=_part(_TYPE.match(content_type)),
        fresh_for=fresh,
    )


def peace(reply: Reply, *, now: datetime) -> timedelta | None:
    """How long nobody else should ask this server, when too many have (429) or it says when to come back (503)."""
    wait = retry_after(reply.headers.get("retry-after", ""), now=now)
    overrun = reply.status == HTTPStatus.TOO_MANY_REQUESTS or (reply.status == HTTPStatus.SERVICE_UNAVAILABLE and wait)
    return wait if overrun else None


def _known(headers: Mapping[str, str], old: Known, checksum: str) -> Known:
    """What an answer says of itself, completed by what was known before."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    return Known(
        etag=etag if _SENSIBLE.fullmatch(etag) else old.etag,
        modified=modified if _SENSIBLE.fullmatch(modified) else old.modified,
        checksum=checksum,
    )


def _refusal(address: str, status: int, wait: timedelta) -> Problem:
    answered = f"{shown(address)} answered {status} {_PHRASES.get(status, '')}".rstrip()
    if status == HTTPStatus.GONE:
        return SourceGone(f"{answered}: it is not coming back.", remedy="Remove it, or give its new address.")
    if status >= 500 or status in _PASSING:
        return SourceUnreachable(f"{answered}.", remedy=LATER, wait=wait)
    if status == HTTPStatus.NOT_MODIFIED:
        return UnreadableSource(f"{answered}, though nobody asked whether it was.", remedy="Tell its owner.")
    return UnreadableSource(f"{answered}.", remedy=_REMEDIES.get(status, "Check the address in a browser."))


def _part(match: re.Match[str] | None) -> str:
    return match[1] if match else ""
