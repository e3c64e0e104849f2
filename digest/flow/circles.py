"""Circles of references: Python looks for them again and again; letters and pages hold hardly any."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (20_000, 20, 50)


@contextmanager
def seldom_sought() -> Iterator[None]:
    """The search, begun anew every few letters, takes a tenth of the time; and where much is kept, each whole one
    holds everybody up for a tenth of a second. What is there already is left out of it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
