"""Reading: what was fetched becomes items, in other processes where there is much of it.

A process of its own may take its time or its memory and be ended; the others go on.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as TooSlow
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessPool

from digest.errors import Problem, UnreadableSource
from digest.model.item import FoundItem
from digest.model.rules import Brought, Reasons, Rules
from digest.model.source import Source
from digest.model.twins import marks
from digest.sources import detect
from digest.sources.fetch import Document

#: Documents that are read right here; to start processes for fewer would take longer than to read them.
_FEW = 12
#: Seconds a process may read one document; honest ones take milliseconds.
_LONGEST = 30
#: Bytes of memory a process may take.
_LARGEST = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a document held, and where each of it is to be filed."""

    found: list[FoundItem]
    reasons: list[Reasons]


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that is being read, somewhere."""

    there: Future[Read]
    #: Whether somebody is still at it, or it has been done.
    goes_on: Callable[[], bool]
    #: Reads it in this process instead.
    here: Callable[[], Read]


#: The newsletters that read a source, by their rows in order: what its rules are known by.
Readership = tuple[int, ...]


@dataclass(slots=True)
class Readers:
    """Reads documents, the first few here, then in `processes` others (0: one for each core).

    They are given the rules once, as these are much larger than most documents.
    """

    rules: Mapping[Readership, Rules]
    processes: int = 0
    _pool: ProcessPool | None = None
    _begun: int = field(default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._let_go(at_once=kind is not None)

    def _let_go(self, *, at_once: bool) -> None:
        if self._pool is not None:
            (self._pool.stop if at_once else self._pool.close)()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    @property
    def ahead(self) -> int:
        """How many readings it is worth to begin before the first is looked at."""
        return 3 * self._count() if self._pool else 0

    def begin(self, source: Source, document: Document, brought: Brought) -> Reading:
        """Read a document; what it comes to, or why it cannot be read, is in the answer."""
        self._begun += 1
        here = partial(_read, source, document, self.rules[tuple(brought)], brought)
        if self._begun > _FEW:
            pool = self._others()
            try:
                there = pool.schedule(_read_there, args=(source, document, brought), timeout=_LONGEST)
                return Reading(there, lambda: pool.active, here)
            except RuntimeError:  # one of its processes was killed while it had nothing to do, and the pool gives up
                self._let_go(at_once=True)
        return Reading(_done(here), lambda: True, here)

    def _others(self) -> ProcessPool:
        if self._pool is None:
            self._pool = ProcessPool(
                self._count(), initializer=_start, initargs=[dict(self.rules)], context=get_context("forkserver")
            )
        return self._pool

    def _count(self) -> int:
        return self.processes or os.cpu_count() or 1


def read(source: Source, document: Document) -> list[FoundItem]:
    """The items of a document, with their marks, which take a while to reckon. Raises UnreadableSource."""
    found = detect.read(
        document.data,
        base=document.address,
        charset=document.charset,
        kind=source.kind,
        selectors=source.selectors,
    )
    return [replace(each, marks=marks(each)) for each in found]


def _read(source: Source, document: Document, rules: Rules, brought: Brought) -> Read:
    found = read(source, document)
    return Read(found=found, reasons=[judged(rules, brought, each) for each in found])


def judged(rules: Rules, brought: Brought, item: FoundItem) -> Reasons:
    """Where what was found in a source that brings these topics is to be filed."""
    return rules.judge(
        title=item.title,
        text=item.body_text,
        categories=item.categories,
        people=item.people,
        brought=brought,
    )


def outcome(reading: Reading) -> Read:
    """What a reading came to. Raises UnreadableSource, also where its process had to be ended."""
    try:
        return _awaited(reading)
    except TooSlow as error:
        raise UnreadableSource(f"it takes more than {_LONGEST} s to read.", remedy="Please report it.") from error
    except (ProcessExpired, MemoryError) as error:
        raise UnreadableSource("it takes too much memory to read.", remedy="Please report it.") from error
    except Problem:
        raise
    except Exception as error:
        what = f"it makes the program stumble ({type(error).__name__})."
        raise UnreadableSource(what, remedy="Please report it.") from error


def _awaited(reading: Reading) -> Read:
    while True:
        try:
            return reading.there.result(timeout=1)
        except (CancelledError, BrokenProcessPool):  # its process was ended for no fault of its own
            return reading.here()
        except TooSlow:
            if reading.there.done():
                return reading.there.result()
            if not reading.goes_on():
                return reading.here()


def _done(work: Callable[[], Read]) -> Future[Read]:
    done: Future[Read] = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)
    return done


#: What a process that reads was given when it started.
_given: dict[Readership, Rules] = {}


def _start(rules: dict[Readership, Rules]) -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    largest = _LARGEST if most == resource.RLIM_INFINITY else min(_LARGEST, most)
    resource.setrlimit(resource.RLIMIT_AS, (largest, most))
    _given.update(rules)


def _read_there(source: Source, document: Document, brought: Brought) -> Read:
    return _read(source, document, _given[tuple(brought)], brought)
