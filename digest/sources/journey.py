"""Journeys: where a question has come to on its way through redirects, within the time it has (RFC 9110, 15.4)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

import httpcore

from digest.errors import SourceUnreachable, UnreadableSource
from digest.sources.exchange import LATER
from digest.sources.guard import Way, shown, way_to

_LASTING = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
MOVED = _LASTING | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}


def usual_trust() -> ssl.SSLContext:
    """The machine's own authorities and the usual ones. They take a while to read, so it is to be done once."""
    trust = httpcore.default_ssl_context()
    trust.set_alpn_protocols(["http/1.1"])
    return trust


@dataclass(slots=True)
class Journey:
    """Where a request has come to, how much of its time is left, and what may be remembered of the way."""

    way: Way
    left: float
    moved_to: str = ""
    _lasting: bool = True

    @asynccontextmanager
    async def timed(self) -> AsyncIterator[None]:
        """What is done within takes of its time; SourceUnreachable when that is over."""
        clock = asyncio.get_running_loop().time
        started_at = clock()
        try:
            async with asyncio.timeout(self.left):
                yield
        except TimeoutError as exc:
            raise SourceUnreachable(f"{self.way} took too long to answer.", remedy=LATER) from exc
        self.left -= clock() - started_at

    def go_on(self, status: int, location: str) -> None:
        """Go where a redirect leads. UnreadableSource when that is no address of the web."""
        here = self.way
        try:
            self.way = way_to(urljoin(here.address, location))
        except (UnreadableSource, ValueError) as exc:
            what = f"{here} leads on to “{shown(location)}”, which may not be fetched."
            raise UnreadableSource(what, remedy="Look in a browser where it has gone.") from exc
        downgraded = here.scheme == "https" and self.way.scheme == "http"
        self._lasting = self._lasting and status in _LASTING and not downgraded
        if self._lasting:
            self.moved_to = self.way.address
