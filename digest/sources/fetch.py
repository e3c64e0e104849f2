"""Fetching: the bytes at an address or in a file, never more of them than asked for."""

import time
from pathlib import Path
from urllib.parse import urljoin

import httpx

from digest import __version__
from digest.errors import SourceUnreachable, UnreadableSource
from digest.sources.sanitize import clean_link

USER_AGENT = f"topic-digest/{__version__}"
MOST_REDIRECTS = 3
#: Answers that may be better another time (RFC 9110, RFC 6585), beside all of 5xx.
_PASSING = frozenset({408, 421, 425, 429})
_TYPES = "application/atom+xml, application/rss+xml, application/feed+json, application/json, text/plain, */*;q=0.5"
_LATER = "It will be tried again."


def fetch(location: str, *, timeout: float = 20.0, cap: int = 5_000_000) -> bytes:
    """The bytes of a file or an http(s) address, at most `cap` once decompressed, within `timeout` seconds.

    SourceUnreachable when another time may help; UnreadableSource when it will not.
    """
    if location.lower().startswith(("http:", "https:")):
        return _from_web(location, timeout=timeout, cap=cap)
    if "://" in location:
        raise UnreadableSource(f"“{location[:80]}” is no address of http or https.", remedy="Give one, or a file.")
    return _from_file(Path(location), cap)


def _from_file(path: Path, cap: int) -> bytes:
    try:
        # A pipe or a device might never end.
        if not path.is_file():
            raise UnreadableSource(f"there is no file “{path}”.", remedy="Check its name.")
        with path.open("rb") as file:
            body = file.read(cap + 1)
    except (OSError, ValueError) as exc:
        raise UnreadableSource(f"the file “{path}” cannot be read: {exc}.", remedy="Check its permissions.") from exc
    _refuse_larger(body, cap)
    return body


def _from_web(location: str, *, timeout: float, cap: int) -> bytes:
    ends_at = time.monotonic() + timeout
    headers = {"User-Agent": USER_AGENT, "Accept": _TYPES}
    try:
        with httpx.Client(timeout=timeout, headers=headers, follow_redirects=False) as client:
            return _followed(client, location, ends_at=ends_at, cap=cap)
    except httpx.InvalidURL as exc:
        raise UnreadableSource(f"{location} is no address: {exc}.", remedy="Correct it.") from exc
    except httpx.HTTPError as exc:
        reason = str(exc) or type(exc).__name__
        raise SourceUnreachable(f"{location} did not answer: {reason}.", remedy=_LATER) from exc


def _followed(client: httpx.Client, location: str, *, ends_at: float, cap: int) -> bytes:
    """The body at the end of at most three redirects, each to an address that may be asked."""
    for _ in range(MOST_REDIRECTS + 1):
        asked = clean_link(location)
        if asked is None:
            raise UnreadableSource(f"“{location[:80]}” may not be fetched.", remedy="Give an http or https address.")
        with client.stream("GET", asked) as response:
            if not response.has_redirect_location:
                _refuse_status(response)
                return _body(response, ends_at=ends_at, cap=cap)
            location = urljoin(asked, response.headers["Location"])
    raise UnreadableSource("the address leads on and on to others.", remedy="Give the one it leads to.")


def _refuse_status(response: httpx.Response) -> None:
    status, address = response.status_code, response.url
    if status >= 500 or status in _PASSING:
        raise SourceUnreachable(f"{address} answered {status} {response.reason_phrase}.", remedy=_LATER)
    if status != httpx.codes.OK:
        what = f"{address} answered {status} {response.reason_phrase}."
        raise UnreadableSource(what, remedy="Check the address in a browser.")


def _body(response: httpx.Response, *, ends_at: float, cap: int) -> bytes:
    """The decompressed body; cut short by an error as soon as it is too large or takes too long."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        _refuse_larger(body, cap)
        # httpx limits each wait by itself, so a drip of single bytes could go on for ever.
        if time.monotonic() > ends_at:
            raise SourceUnreachable(f"{response.url} was too slow to answer.", remedy=_LATER)
    return bytes(body)


def _refuse_larger(body: bytes | bytearray, cap: int) -> None:
    if len(body) > cap:
        raise UnreadableSource(f"it is larger than {cap:,} bytes.", remedy="Give a shorter feed or page.")
