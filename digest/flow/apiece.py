"""Apiece: work that is done side by side, each to its own end.

Python's groups of tasks break all off where one stumbles. Here that is no way: whoever waits for the answer to a final
dot must hear it, whatever happens to others.
"""

import asyncio
from collections.abc import Awaitable, Iterable


async def to_the_end(work: Iterable[Awaitable[None]]) -> None:
    """Wait until all of it has ended. Raises the first mistake then. Broken off itself, it breaks all off."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each
