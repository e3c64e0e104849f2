"""The feed: deliveries leased ahead, so that no connection waits for the database."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from digest.errors import Problem
from digest.flow.letters import Letter

#: Leases some more; none when nothing is due.
Lease = Callable[[], Awaitable[list[Letter]]]


class Feed:
    """What a worker has leased and not yet tried."""

    def __init__(self, lease: Lease, *, low: int) -> None:
        self._lease, self._low = lease, low
        self._waiting: deque[Letter] = deque()
        self._leasing: asyncio.Task[None] | None = None
        self._dry = False
        self._problem: Problem | None = None

    async def next(self) -> Letter | None:
        """The next to be tried; None when nothing is due. Raises what leasing raises."""
        while not self._waiting and not self._dry:
            await asyncio.shield(self._more())
            if self._problem:
                raise self._problem
        if len(self._waiting) <= self._low and not self._dry:
            self._more()
        return self._waiting.popleft() if self._waiting else None

    def put_back(self, letter: Letter) -> None:
        """This one was not tried after all."""
        self._waiting.appendleft(letter)

    async def close(self) -> list[Letter]:
        """What is left untried."""
        self._dry = True
        if self._leasing:
            await self._leasing
        left = list(self._waiting)
        self._waiting.clear()
        return left

    def _more(self) -> "asyncio.Task[None]":
        """The leasing that goes on, or a new one: never two at once."""
        if self._leasing is None:
            self._leasing = asyncio.create_task(self._fetch())
        return self._leasing

    async def _fetch(self) -> None:
        try:
            found = await self._lease()
            self._waiting.extend(found)
            self._dry = self._dry or not found
        except Problem as problem:  # for whoever finds the feed empty
            self._problem = problem
        finally:
            self._leasing = None
