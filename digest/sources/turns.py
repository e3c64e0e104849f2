"""Turns: many questions at once in one thread, few at any one host, and none faster than the answers are taken."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from digest.errors import SourceUnreachable

Q = TypeVar("Q")
A = TypeVar("A")


class Turns:
    """Who may ask when. To wait for one's turn at a host keeps nobody from theirs at another."""

    def __init__(self, *, at_once: int, per_host: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._hosts: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        #: Hosts that asked for peace, and for how long.
        self.resting: dict[str, timedelta] = {}

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[None]:
        """A turn at this host, when it comes. SourceUnreachable when the host has asked for peace meanwhile."""
        async with self._hosts[host], self._places:
            if host in self.resting:
                what = f"{host} asked for peace, so it was left alone."
                raise SourceUnreachable(what, remedy="It will be tried again.", wait=self.resting[host])
            yield


class Turn:
    """One question's turns: at one host after the other, as it is sent on."""

    def __init__(self, turns: Turns, stack: AsyncExitStack) -> None:
        self._turns = turns
        self._stack = stack
        self._host = ""

    async def at(self, host: str) -> None:
        """Wait for a turn at this host, unless it is the host whose turn one has."""
        if host != self._host:
            # First the old one is given back: who waits for a turn holds none.
            await self._stack.aclose()
            await self._stack.enter_async_context(self._turns.at(host))
            self._host = host

    def rest(self, wait: timedelta) -> None:
        """Ask nobody else at this host."""
        self._turns.resting[self._host] = wait


def in_turn(
    questions: Iterable[Q], ask: Callable[[Q, Turn], Awaitable[A]], *, at_once: int, per_host: int
) -> Generator[tuple[Q, A], None, None]:
    """Each question with its answer, as they come. Closed early, it calls off what is under way."""
    asking = _Asking(list(questions), ask, Turns(at_once=at_once, per_host=per_host))
    thread = Thread(target=asking.run, name="fetching", daemon=True)
    thread.start()
    try:
        yield from asking.answers()
    finally:
        asking.call_off()
        thread.join()
        asking.close()


class _Asking(Generic[Q, A]):
    """The loop in the thread, and what passes between the two."""

    def __init__(self, questions: Iterable[Q], ask: Callable[[Q, Turn], Awaitable[A]], turns: Turns) -> None:
        self._ask = ask
        self._turns = turns
        self._came: SimpleQueue[tuple[Q, A, asyncio.Event] | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._all = self._loop.create_task(self._ask_all(questions))

    def answers(self) -> Iterator[tuple[Q, A]]:
        while (came := self._came.get()) is not None:
            question, answer, taken = came
            self._loop.call_soon_threadsafe(taken.set)
            yield question, answer

    def call_off(self) -> None:
        self._loop.call_soon_threadsafe(self._all.cancel)

    def close(self) -> None:
        self._loop.close()
        if not self._all.cancelled():
            self._all.result()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait({self._all}))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._came.put(None)

    async def _ask_all(self, questions: Iterable[Q]) -> None:
        async with asyncio.TaskGroup() as group:
            for question in questions:
                group.create_task(self._ask_one(question))

    async def _ask_one(self, question: Q) -> None:
        """Ask, and keep the turn until the answer is taken: so bodies do not pile up."""
        async with AsyncExitStack() as stack:
            answer = await self._ask(question, Turn(self._turns, stack))
            taken = asyncio.Event()
            self._came.put((question, answer, taken))
            await taken.wait()
