"""Together: clicks that come at the same moment end their subscriptions in one transaction.

The next transaction begins when the last one has ended, with all that have come meanwhile and all that are just coming
in: those who were answered together come back together, and the first of them alone would keep the others waiting for
the disk. So they group by themselves under load, and a single one does not wait.
"""

import asyncio

from starlette.concurrency import run_in_threadpool

from digest.flow import feedback
from digest.flow.house import House

#: At most so many in one transaction.
_MOST = 500


class Together:
    """One app's clicks."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def leave(self, subscription_id: int) -> None:
        """Returns when the subscription has ended for good. Raises what the database does, then nothing has changed."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((subscription_id, ended))
        if self._work is None:
            self._work = asyncio.create_task(self._go_on())
        await ended

    async def _go_on(self) -> None:
        while self._waiting:
            await self._all_here()
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            problem = await self._tried([subscription_id for subscription_id, _ in batch])
            for _, ended in batch:
                if ended.done():  # who asked has hung up
                    continue
                if problem is None:
                    ended.set_result(None)
                else:
                    ended.set_exception(problem)
        self._work = None

    async def _all_here(self) -> None:
        """Until a turn of the loop has brought nobody else, or there are enough."""
        before = 0
        while before < len(self._waiting) < _MOST:
            before = len(self._waiting)
            await asyncio.sleep(0)

    async def _tried(self, subscription_ids: list[int]) -> Exception | None:
        try:
            await run_in_threadpool(feedback.leave_together, self._house, subscription_ids, channel="one-click")
        except Exception as problem:  # whatever it was: those who wait have to be told
            return problem
        return None
