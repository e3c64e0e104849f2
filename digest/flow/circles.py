"""Circles of references: Python looks for them again and again; letters and pages hold hardly any."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (20_000, 20, 50)
_lock = threading.Lock()
#: What held before, once for each that wants the search to be seldom: pages and delivery may share a process.
_before: list[tuple[int, int, int]] = []


@contextmanager
def seldom_sought() -> Iterator[None]:
    """The search, begun anew every few letters, takes a tenth of the time. It is as it was when the last has ended."""
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)


@contextmanager
def left_out() -> Iterator[None]:
    """What is there already is left out of the search: where much is kept, each whole one would hold everybody up for
    a tenth of a second. Once in a process."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
