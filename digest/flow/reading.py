"""Reading: what was fetched becomes items, in other processes where there is much of it.

A process of its own may take its time or its memory and be ended; the others go on.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessPool

from digest.errors import Problem, UnreadableSource
from digest.model.item import FoundItem
from digest.model.source import Source
from digest.sources import detect
from digest.sources.fetch import Document

#: Documents that are read right here; to start processes for fewer would take longer than to read them.
_FEW = 12
#: Seconds a process may read one document; honest ones take milliseconds.
_LONGEST = 30
#: Bytes of memory a process may take.
_LARGEST = 2_000_000_000

Reading = Future[list[FoundItem]]


@dataclass(slots=True)
class Readers:
    """Reads documents, the first few here, then in `processes` others (0: one for each core)."""

    processes: int = 0
    _pool: ProcessPool | None = None
    _begun: int = field(default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._pool is not None:
            (self._pool.stop if kind else self._pool.close)()  # type: ignore[no-untyped-call]
            self._pool.join()

    @property
    def ahead(self) -> int:
        """How many readings it is worth to begin before the first is looked at."""
        return 3 * self._count() if self._pool else 0

    def begin(self, source: Source, document: Document) -> Reading:
        """Read a document; what it comes to, or why it cannot be read, is in the answer."""
        self._begun += 1
        if self._begun <= _FEW:
            return _here(lambda: read(source, document))
        if self._pool is None:
            self._pool = ProcessPool(self._count(), initializer=_limit, context=get_context("forkserver"))
        return self._pool.schedule(read, args=(source, document), timeout=_LONGEST)

    def _count(self) -> int:
        return self.processes or os.cpu_count() or 1


def read(source: Source, document: Document) -> list[FoundItem]:
    """The items of a document. Raises UnreadableSource."""
    return detect.read(
        document.data,
        base=document.address,
        charset=document.charset,
        kind=source.kind,
        selectors=source.selectors,
    )


def outcome(reading: Reading) -> list[FoundItem]:
    """What a reading came to. Raises UnreadableSource, also where its process had to be ended."""
    try:
        return reading.result()
    except TooSlow as error:
        raise UnreadableSource(f"it takes more than {_LONGEST} s to read.", remedy="Please report it.") from error
    except (ProcessExpired, MemoryError) as error:
        raise UnreadableSource("it takes too much memory to read.", remedy="Please report it.") from error
    except Problem:
        raise
    except Exception as error:
        what = f"it makes the program stumble ({type(error).__name__})."
        raise UnreadableSource(what, remedy="Please report it.") from error


def _here(work: Callable[[], list[FoundItem]]) -> Reading:
    done: Reading = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)
    return done


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_LARGEST, _LARGEST))
