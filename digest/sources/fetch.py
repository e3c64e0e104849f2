"""Fetching: the documents at addresses and in files, many at once, never more of them than asked for.

Whatever a server does is bounded: its time by one clock from the look-up of its name to the last byte, its size packed
and unpacked, its redirects by number and by the guard, its share of us by turns.
"""

import logging
import ssl
import traceback
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from digest import __version__
from digest.errors import Problem, UnreadableSource
from digest.sources.answers import Answer, Document, Known, Unchanged, Wanted, conditions, judged, peace
from digest.sources.exchange import MOST_NUMBERS, Reply, Terms, ask
from digest.sources.guard import Guard, Resolver, Way, shown, system_resolve, way_to
from digest.sources.inflate import ACCEPTED, too_large
from digest.sources.journey import MOVED, Journey, usual_trust
from digest.sources.turns import Turn, in_turn

__all__ = ["USER_AGENT", "Answer", "Document", "Fetcher", "Known", "Resolver", "Unchanged", "Wanted"]

USER_AGENT = f"topic-digest/{__version__}"
MOST_REDIRECTS = 3

_TYPES = (
    "application/atom+xml, application/rss+xml, application/feed+json, text/html;q=0.9, application/xml;q=0.9, "
    "application/json;q=0.9, text/plain;q=0.8, */*;q=0.5"
)
_HEADERS = (("User-Agent", USER_AGENT), ("Accept", _TYPES), ("Accept-Encoding", ACCEPTED))


class Fetcher:
    """Asks for documents, politely and warily."""

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        timeout: float = 20.0,
        cap: int = 5_000_000,
        at_once: int = 32,
        per_host: int = 2,
        resolve: Resolver = system_resolve,
    ) -> None:
        """Within `timeout` seconds and `cap` bytes each; `at_once` at a time, `per_host` of one host.

        `allow_hosts` may be asked though they lie in a private network; SettingsRefused when one is written wrongly.
        """
        self._guard = Guard(allow_hosts, resolve)
        self._timeout = timeout
        self._cap = cap
        self._at_once = at_once
        self._per_host = per_host

    def one(self, wanted: Wanted) -> Answer:
        """One document. SourceUnreachable when another time may help; else a Never: gone, forbidden, unreadable."""
        [(_, answer)] = self.many([wanted])
        if isinstance(answer, Problem):
            raise answer
        return answer

    def many(self, wanted: Iterable[Wanted]) -> Generator[tuple[Wanted, Answer | Problem], None, None]:
        """Each document or why it did not come, in no order. Closed early, it calls off what is under way.

        Nobody is asked faster than the answers are taken: no more than `at_once` of them wait.
        """
        web = []
        for each in wanted:
            if each.location.lower().startswith(("http:", "https:")):
                web.append(each)
            else:
                yield each, _from_file(each, self._cap)
        if web:
            yield from in_turn(web, self._answer, at_once=self._at_once, per_host=self._per_host)

    async def _answer(self, wanted: Wanted, turn: Turn) -> Answer | Problem:
        try:
            return await self._followed(wanted, turn)
        except Problem as problem:
            return _light(problem)
        except Exception as error:  # an answer that makes us stumble must not stop the others
            logging.getLogger(__name__).exception("%s cannot be fetched", wanted.key)
            what = f"fetching it makes the program stumble ({type(error).__name__})."
            return UnreadableSource(what, remedy="Please report it.")

    async def _followed(self, wanted: Wanted, turn: Turn) -> Answer:
        """The answer at the end of at most three redirects."""
        journey = Journey(way_to(wanted.location), self._timeout)
        for _ in range(MOST_REDIRECTS + 1):
            await turn.at(journey.way.host)
            async with journey.timed():
                reply = await self._replied(journey.way, wanted.known)
            location = reply.headers.get("location")
            if reply.status not in MOVED or not location:
                return _arrived(wanted, journey, reply, turn)
            journey.go_on(reply.status, location)
        raise UnreadableSource("the address leads on and on to others.", remedy="Give the one it leads to.")

    async def _replied(self, way: Way, known: Known) -> Reply:
        numbers = await self._guard.numbers(way)
        trust = self._trust if way.scheme == "https" else None
        terms = Terms(trust=trust, cap=self._cap, patience=self._timeout / (MOST_NUMBERS + 1))
        return await ask(way, numbers, (*_HEADERS, *conditions(known)), terms)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return usual_trust()


def _arrived(wanted: Wanted, journey: Journey, reply: Reply, turn: Turn) -> Answer:
    now = datetime.now(UTC)
    wait = peace(reply, now=now)
    if wait is not None:
        turn.rest(wait)
    return judged(reply, wanted.known, address=journey.way.address, moved_to=journey.moved_to, now=now)


def _light(problem: Problem) -> Problem:
    """The problem without what its traceback holds on to, such as half a body."""
    error: BaseException | None = problem
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
    return problem


def _from_file(wanted: Wanted, cap: int) -> Answer | Problem:
    if "://" in wanted.location:
        what = f"“{shown(wanted.location)}” is no address of http or https."
        return UnreadableSource(what, remedy="Give one, or a file.")
    try:
        body = _read(Path(wanted.location), cap)
    except UnreadableSource as problem:
        return problem
    known = Known(checksum=sha256(body).hexdigest())
    same = known.checksum == wanted.known.checksum
    return Unchanged(known=known) if same else Document(data=body, address=None, known=known)


def _read(path: Path, cap: int) -> bytes:
    try:
        # A pipe or a device might never end.
        if not path.is_file():
            raise UnreadableSource(f"there is no file “{path}”.", remedy="Check its name.")
        with path.open("rb") as file:
            body = file.read(cap + 1)
    except (OSError, ValueError) as exc:
        raise UnreadableSource(f"the file “{path}” cannot be read: {exc}.", remedy="Check its permissions.") from exc
    if len(body) > cap:
        raise too_large(cap)
    return body
