"""Groups: what the journal writes down together, and who waits for it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from digest.model.delivery import Attempt, DeliveryId


@dataclass(slots=True)
class Waiting:
    """Somebody who waits for an answer, on a loop of theirs."""

    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


@dataclass(slots=True)
class Mark(Waiting):
    """Asks for a marker."""

    delivery_id: DeliveryId


@dataclass(slots=True)
class Errand(Waiting):
    """Has some work done."""

    work: Callable[[Connection], Any]


@dataclass(slots=True)
class Group:
    """What is written down together: markers and outcomes, or one errand."""

    marks: list[Mark] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    errand: Errand | None = None
    #: Whether its outcomes are kept apart from others.
    apart: bool = False
    #: Where it was begun at once: commits it, and tells what came of it.
    end: Callable[[], Any] | None = None

    @property
    def ids(self) -> list[DeliveryId]:
        """Whose markers are asked for."""
        return [mark.delivery_id for mark in self.marks]

    @property
    def waiting(self) -> list[Waiting]:
        """Everybody who waits for an answer."""
        return [*self.marks, *([self.errand] if self.errand else [])]

    def answers(self, came: Any) -> list[tuple[Waiting, object]]:
        """Who is told what: what came of the errand, or whether their own marker is among those that came."""
        if self.errand:
            return [(self.errand, came)]
        return [(mark, mark.delivery_id in came) for mark in self.marks]


def give(answers: Iterable[tuple[Waiting, object]]) -> None:
    """Wake whoever waits; all of one loop at once, as each waking costs a system call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, object]]] = {}
    for waiting, answer in answers:
        by_loop.setdefault(waiting.loop, []).append((waiting, answer))
    for loop, theirs in by_loop.items():
        with suppress(RuntimeError):  # nobody waits any more: the loop has ended, the journal goes on
            loop.call_soon_threadsafe(answer_all, theirs)


def answer_all(answers: Sequence[tuple[Waiting, object]]) -> None:
    """On their loop: an exception is raised there, all else is what they get."""
    for waiting, answer in answers:
        if waiting.answer.done():
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
