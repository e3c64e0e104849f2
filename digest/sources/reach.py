"""Reaching: whether there is anything at the addresses that a letter links to; many asked at once, nothing read.

Each is asked by HEAD first, and by GET where that is refused: not every server knows the one. Every address on the way
goes through the guard, as an editor or a source may have written any.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus

from digest.errors import ForbiddenAddress, HostUnknown, Problem, SourceUnreachable, UnreadableSource
from digest.sources.answers import peace
from digest.sources.exchange import LATER, MOST_NUMBERS, Reply, Terms, ask
from digest.sources.fetch import USER_AGENT
from digest.sources.guard import Guard, Resolver, Way, shown, system_resolve, way_to
from digest.sources.journey import MOVED, Journey, usual_trust
from digest.sources.turns import Turn, in_turn

#: Browsers go further; a link that leads through more is no good one.
MOST_REDIRECTS = 5
#: A host that was silent so many times in a row is asked no more: it would be silent at every link to it.
MOST_SILENCES = 3
_HEADERS = (("User-Agent", USER_AGENT), ("Accept", "text/html, */*;q=0.8"))
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
#: After these a second question would only annoy.
_NO_USE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED})
_WEB = {"http": 80, "https": 443}


class Outcome(StrEnum):
    """What came of asking for an address."""

    ALIVE = "alive"  #: something is there
    GONE = "gone"  #: nothing is there, or nobody of that name
    FORBIDDEN = "forbidden"  #: it leads into a private network, where no reader is
    DOUBTFUL = "doubtful"  #: no answer that says so; it may well be there for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What came of asking for one address."""

    outcome: Outcome
    #: HTTP's, of the last answer; None where none came.
    status: int | None = None
    #: In words, unless it is alive.
    why: str = ""
    #: Whether anybody was spoken to on the way; False where nobody was found or reached, as is with everybody for a
    #: machine that is offline; None where nobody had to be asked.
    answered: bool | None = True


@dataclass(slots=True)
class _Trail:
    """How far one question has come."""

    #: What all questions have heard: at how many links in a row each host was silent.
    silences: Counter[str]
    answered: bool = False
    #: Who answered last.
    host: str = ""


@dataclass(slots=True)
class _Round:
    """Questions that are asked together."""

    #: By the clock that only goes forward; None for as long as it takes.
    over_at: float | None
    silences: Counter[str] = field(default_factory=Counter)

    @property
    def left(self) -> float | None:
        """The seconds until it is over."""
        return None if self.over_at is None else max(0.0, self.over_at - time.monotonic())


class Reacher:
    """Asks, politely and warily."""

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        timeout: float = 20.0,
        at_once: int = 32,
        per_host: int = 2,
        resolve: Resolver = system_resolve,
    ) -> None:
        """Within `timeout` seconds each; `at_once` at a time, `per_host` of one host. Raises SettingsRefused."""
        self._guard = Guard(allow_hosts, resolve)
        self._timeout = timeout
        self._at_once = at_once
        self._per_host = per_host

    def many(
        self, addresses: Iterable[str], *, within: float | None = None
    ) -> Generator[tuple[str, Reached], None, None]:
        """Each address with what came of it, in no order. Closed early, it calls off what is under way.

        Those of which nothing is known `within` so many seconds are left out.
        """
        together = _Round(None if within is None else time.monotonic() + within)

        async def asked(address: str, turn: Turn) -> Reached | None:
            try:
                async with asyncio.timeout(together.left):
                    return await self._reached(address, turn, _Trail(together.silences))
            except TimeoutError:
                return None

        for address, reached in in_turn(list(addresses), asked, at_once=self._at_once, per_host=self._per_host):
            if reached is not None:
                yield address, reached

    async def _reached(self, address: str, turn: Turn, trail: _Trail) -> Reached:
        try:
            way = way_to(address)
        except UnreadableSource as problem:
            return Reached(outcome=Outcome.GONE, why=problem.what, answered=None)
        try:
            return await self._asked(way, turn, trail)
        except Problem as problem:
            answered = True if trail.answered else _spoke(problem)
            return Reached(outcome=_outcome_of(problem), why=problem.what, answered=answered)

    async def _asked(self, way: Way, turn: Turn, trail: _Trail) -> Reached:
        try:
            reply = await self._followed(way, turn, "HEAD", trail)
        except SourceUnreachable as problem:
            # Some break off at a HEAD; whoever is silent or not to be found would be so again.
            if isinstance(problem, HostUnknown) or isinstance(problem.__cause__, TimeoutError):
                raise
            reply = await self._followed(way, turn, "GET", trail)
        else:
            if reply.status >= HTTPStatus.BAD_REQUEST and reply.status not in _NO_USE:
                reply = await self._followed(way, turn, "GET", trail)
        # Only now: a host may answer to one method and be silent at the other.
        trail.silences[trail.host] = 0
        return _judged(reply, way)

    async def _followed(self, way: Way, turn: Turn, method: str, trail: _Trail) -> Reply:
        """The answer at the end of the redirects."""
        journey = Journey(way, self._timeout)
        for _ in range(MOST_REDIRECTS + 1):
            await turn.at(journey.way.host)
            reply = await self._heard(journey, method, trail)
            location = reply.headers.get("location")
            if reply.status not in MOVED or not location:
                wait = peace(reply, now=datetime.now(UTC))
                if wait is not None:
                    turn.rest(wait)
                return reply
            journey.go_on(reply.status, location)
        raise UnreadableSource(f"{shown(way.address)} leads on and on to others.", remedy="Link to where it leads.")

    async def _heard(self, journey: Journey, method: str, trail: _Trail) -> Reply:
        """The answer where the journey has come to, unless nobody there has said a word for long."""
        host = journey.way.host
        if trail.silences[host] >= MOST_SILENCES:
            what = f"{host} did not answer {MOST_SILENCES} times, so it was not asked for the rest."
            raise SourceUnreachable(what, remedy=LATER) from TimeoutError()
        try:
            async with journey.timed():
                reply = await self._replied(journey.way, method)
        except SourceUnreachable as problem:
            trail.silences[host] += isinstance(problem.__cause__, TimeoutError)
            raise
        trail.answered, trail.host = True, host
        return reply

    async def _replied(self, way: Way, method: str) -> Reply:
        numbers = await self._numbers(way)
        trust = self._trust if way.scheme == "https" else None
        patience = self._timeout / (MOST_NUMBERS + 1)
        terms = Terms(trust=trust, cap=0, patience=patience, method=method, with_body=False)
        return await ask(way, numbers, _HEADERS, terms)

    async def _numbers(self, way: Way) -> tuple[str, ...]:
        """The host's numbers. ForbiddenAddress when it is private; UnreadableSource when only its port is not asked."""
        try:
            return await self._guard.numbers(way)
        except ForbiddenAddress as problem:
            if way.port == _WEB[way.scheme]:
                raise
            await self._guard.numbers(replace(way, port=_WEB[way.scheme]))
            raise UnreadableSource(problem.what, remedy=problem.remedy) from problem

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return usual_trust()


def _outcome_of(problem: Problem) -> Outcome:
    match problem:
        case ForbiddenAddress():
            return Outcome.FORBIDDEN
        case HostUnknown():
            return Outcome.GONE
        case _:
            return Outcome.DOUBTFUL


def _spoke(problem: Problem) -> bool | None:
    """Whether it came from another machine: one that breaks off or speaks badly is there."""
    if not isinstance(problem, SourceUnreachable):
        return None
    away = isinstance(problem.__cause__, OSError) and not isinstance(problem.__cause__, _SPOKEN)
    return not (away or isinstance(problem, HostUnknown))


_SPOKEN = (ssl.SSLError, ConnectionResetError, BrokenPipeError)


def _judged(reply: Reply, way: Way) -> Reached:
    status = reply.status
    if status < HTTPStatus.BAD_REQUEST:
        return Reached(outcome=Outcome.ALIVE, status=status)
    outcome = Outcome.GONE if status in _GONE else Outcome.DOUBTFUL
    return Reached(outcome=outcome, status=status, why=f"{way.authority} answered {status}.")
