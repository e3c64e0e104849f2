"""The guard: which addresses may be asked, and by which numbers their hosts are reached.

A source's address is written by an editor, and a redirect by anybody; neither may lead into the network the program
stands in. So a host's name is looked up once, every number it stands for is checked, and the connection goes to one
of these very numbers: whoever gives other answers to a second question is never asked it.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar
from urllib.parse import quote, urlsplit

import idna

from digest.errors import ForbiddenAddress, HostUnknown, SettingsRefused, SourceUnreachable, UnreadableSource
from digest.sources.sanitize import clean_link, fold

#: A host's name and a port to the numbers (IP addresses) it stands for; OSError when there are none. May block.
Resolver = Callable[[str, int], Sequence[str]]

_PORTS = {"http": 80, "https": 443}
_ANY_PORT = 0
_LONGEST_NAME = 253
_REMEDY = "If it is meant, put “{}” into the setting gather.allow_hosts."
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_ENTRY = re.compile(r"(\[[^\[\]]+\]|[^\s:/@\[\]]+)(?::([1-9]\d{0,4}|\*))?")
_UNESCAPED = "/%:=&?~+!$,;'@()*"

# By the IANA registries of special-purpose addresses; the narrower ones first, as the first that fits gives the name.
_SPECIAL = tuple(
    (ip_network(network), kind)
    for kind, networks in (
        ("a loopback address", ("127.0.0.0/8", "::1/128")),
        ("an unspecified address", ("0.0.0.0/8", "::/128")),
        ("a private address", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
        ("a link-local address", ("169.254.0.0/16", "fe80::/10")),
        ("a shared address of a provider's inner network", ("100.64.0.0/10",)),
        ("a multicast address", ("224.0.0.0/4", "ff00::/8")),
        ("a site-local address", ("fec0::/10",)),
        ("an IPv4 address in disguise", ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")),
        ("the way through a tunnel", ("2002::/16", "2001::/32", "192.88.99.0/24")),
        (
            "an address for examples",
            ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        ),
        ("a reserved address", ("192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "2001::/23")),
    )
    for network in networks
)
_GLOBAL_UNICAST = ip_network("2000::/3")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An http(s) address taken apart, in the one spelling it is asked by."""

    scheme: str
    #: In lower case and in its ASCII form; an IPv6 address without brackets.
    host: str
    port: int
    #: Path and query, percent-encoded.
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """The whole address, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def __str__(self) -> str:
        """As it stands in a message."""
        return shown(self.address)


def way_to(address: str) -> Way:
    """An address taken apart; UnreadableSource when it is none of http or https, or has credentials."""
    link = clean_link(address)
    try:
        parts = urlsplit(link or "")
        bracketed = "[" in parts.netloc
        host = _normal(f"[{parts.hostname}]" if bracketed else parts.hostname or "")
    except ValueError as exc:
        what = f"“{shown(address)}” is no address that can be asked."
        raise UnreadableSource(what, remedy="Give an http or https address, without a password.") from exc
    query = f"?{quote(parts.query, _UNESCAPED)}" if parts.query else ""
    target = (quote(parts.path, _UNESCAPED) or "/") + query
    return Way(scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme], target=target)


def _normal(host: str) -> str:
    """A host in the spelling that hosts are compared by, without brackets. ValueError when it is none."""
    if host.startswith("["):
        return IPv6Address(host[1:-1]).compressed
    if len(host) > _LONGEST_NAME:  # asked first, as a long one takes long to encode
        raise ValueError(host)
    name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    name = name.lower().removesuffix(".")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(host)
    return name


def shown(address: str) -> str:
    """An address as it may stand in a message: visible, short, and without a password."""
    return re.sub(r"//[^/?#]*@", "//…@", fold(address[:500]))[:200]


def system_resolve(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver knows: DNS, and whatever else it is set up to ask."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Guard:
    """Turns away what leads into a private network, except for the hosts it is told to let through."""

    def __init__(self, allow_hosts: Iterable[str], resolve: Resolver) -> None:
        """`allow_hosts`: host, host:8080 or host:*, by name or number. SettingsRefused when one is none of these."""
        self._allowed = frozenset(each for entry in allow_hosts for each in _allowed(entry))
        self._resolve = resolve

    async def numbers(self, way: Way) -> tuple[str, ...]:
        """The numbers of the host, each of them public. ForbiddenAddress when one is not; SourceUnreachable if none."""
        allowed = not self._allowed.isdisjoint({(way.host, way.port), (way.host, _ANY_PORT)})
        if not allowed and way.port not in _PORTS.values():
            raise ForbiddenAddress(
                f"{way.authority} is not on a port of the web (80 or 443).", remedy=_REMEDY.format(way.authority)
            )
        found = (way.host,) if _is_number(way.host) else await self._looked_up(way)
        reason = "" if allowed else next(filter(None, map(_why_not_public, found)), "")
        if reason:
            raise ForbiddenAddress(
                f"{way.host} leads to {reason}, where nothing is fetched.", remedy=_REMEDY.format(way.host)
            )
        return found

    async def _looked_up(self, way: Way) -> tuple[str, ...]:
        try:
            found = await aside(lambda: self._resolve(way.host, way.port))
        except (OSError, UnicodeError) as exc:
            raise _unknown(exc, way.host) from exc
        if not found:
            raise HostUnknown(f"there is no host called “{way.host}”.", remedy=_LATER)
        return tuple(dict.fromkeys(found))


_LATER = "It will be tried again; check its spelling if it is new."


def _unknown(error: Exception, host: str) -> SourceUnreachable:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return HostUnknown(f"there is no host called “{host}”.", remedy=_LATER)
    return SourceUnreachable(f"nobody could say just now where to find “{host}”.", remedy=_LATER)


def _allowed(entry: str) -> Iterable[tuple[str, int]]:
    match = _ENTRY.fullmatch(entry.strip())
    try:
        host = _normal(match[1]) if match else ""
        port = int(match[2].replace("*", "0")) if match and match[2] else None
    except ValueError:
        host = ""
    if not host:
        what = f"“{fold(entry[:80])}” in gather.allow_hosts is no host."
        raise SettingsRefused(what, remedy="Write it as wiki.example.org, 10.0.0.5:8080, localhost:* or [::1].")
    return [(host, each) for each in ([port] if port is not None else _PORTS.values())]


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _why_not_public(number: str) -> str:
    """What kind of address it is when it is not a public one of a single machine; nothing when it is."""
    try:
        address = ip_address(number)
    except ValueError:
        return "something that is no address"
    if isinstance(address, IPv6Address) and address.scope_id:
        return "an address of a single network"
    kind = next((kind for network, kind in _SPECIAL if address in network), "")
    return kind or ("" if _is_unicast(address) else "a reserved address")


def _is_unicast(address: IPv4Address | IPv6Address) -> bool:
    """Of IPv6 a single eighth has been given out for machines of the public network; the rest is closed."""
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


async def aside(work: Callable[[], _T]) -> _T:
    """What `work` returns, done in a thread of its own.

    A look-up cannot be called off. One that hangs holds nothing but its thread: no place in a pool that others wait
    for, and not the end of the program.
    """
    answer: Future[_T] = Future()

    def run() -> None:
        # From here on it cannot be cancelled, so the answer always has somewhere to go.
        answer.set_running_or_notify_cancel()
        try:
            answer.set_result(work())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    return await asyncio.wrap_future(answer)
