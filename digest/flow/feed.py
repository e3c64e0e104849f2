"""The feed: deliveries leased ahead, so that no connection waits for the database."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from digest.errors import Problem
from digest.mail.dkim import Unsigned
from digest.model.delivery import DeliveryId, Envelope, WireText


class Letter(Protocol):
    """One message that is to go out, not made before it is needed."""

    @property
    def id(self) -> DeliveryId:
        """What it is called in its book."""
        ...

    @property
    def domain(self) -> str:
        """Of its recipient's address, as it is written."""
        ...

    def made(self) -> tuple[Envelope, WireText]:
        """Who it goes to, and the whole message: the same bytes in every attempt with the same settings."""
        ...


class Leased(Letter, Protocol):
    """One that nobody has begun to make."""

    def unsigned(self) -> tuple[Envelope, Unsigned[WireText]]:
        """What `made` gives, before it is signed."""
        ...


#: Leases some more; none when nothing is due.
Lease = Callable[[], Awaitable[Sequence[Leased]]]
#: Takes letters that can be handed out.
Ready = Callable[[Sequence[Letter]], None]


class Maker(Protocol):
    """Makes letters before their turn."""

    def begin(self, letters: Sequence[Leased], ready: Ready) -> None:
        """Have these made, and given to `ready` when they are."""
        ...

    async def close(self) -> None:
        """Make no more."""
        ...


class Feed:
    """What a worker has leased and not yet tried."""

    def __init__(self, lease: Lease, *, low: int, per_domain: int = 0, maker: Maker | None = None) -> None:
        #: Some more are leased when so few are left.
        self._lease, self._low = lease, low
        #: How many letters to readers of one domain may be on their way at once; 0 for any number.
        self._per_domain = per_domain
        self._under_way: Counter[str] = Counter()
        #: What can be tried now, and what is not made yet, where somebody makes letters before their turn.
        self._waiting: deque[Letter] = deque()
        self._maker = maker
        self._unmade: dict[DeliveryId, Letter] = {}
        self._leasing: asyncio.Task[None] | None = None
        #: Who waits for a letter to be made, or to be let go, the longest first.
        self._idle: deque[asyncio.Future[None]] = deque()
        self._dry = self._over = False
        self._problem: Problem | None = None

    async def next(self) -> Letter | None:
        """The next to be tried; None when nothing is due. Whoever takes it says `done` or `put_back`.

        Raises what leasing raises.
        """
        while (letter := self.pick()) is None:
            if self._over:
                return None
            if self._waiting or self._unmade:  # only for domains that have enough under way, or not made yet
                await self._stirred()
            elif self._dry:
                return None
            else:
                await asyncio.shield(self._more())
                if self._problem:
                    raise self._problem
        return letter

    def pick(self) -> Letter | None:
        """What `next` gives, if it is there already. Some more are asked for when few are left."""
        if not self._dry and 0 < len(self._waiting) + len(self._unmade) <= self._low:
            self._more()
        if not self._per_domain:
            return self._waiting.popleft() if self._waiting else None
        for index, letter in enumerate(self._waiting):
            if self._under_way[letter.domain] < self._per_domain:
                del self._waiting[index]
                self._under_way[letter.domain] += 1
                return letter
        return None

    def done(self, letter: Letter) -> None:
        """This one was tried, whatever came of it."""
        if self._per_domain:
            self._under_way[letter.domain] -= 1
            self._stir(len(self._idle))

    def put_back(self, letter: Letter) -> None:
        """This one was not tried after all."""
        self._waiting.appendleft(letter)
        self.done(letter)

    def end(self) -> None:
        """Nobody is to wait for another letter: somebody who was to bring one back has stumbled."""
        self._over = True
        self._stir(len(self._idle))

    async def close(self) -> list[Letter]:
        """What is left untried."""
        self._dry = True
        if self._leasing:
            await self._leasing
        left = [*self._waiting, *self._unmade.values()]
        self._waiting.clear()
        self._unmade.clear()
        return left

    def _more(self) -> "asyncio.Task[None]":
        """The leasing that goes on, or a new one: never two at once."""
        if self._leasing is None:
            self._leasing = asyncio.create_task(self._fetch())
        return self._leasing

    async def _fetch(self) -> None:
        try:
            found = await self._lease()
            self._take_in(found)
            self._dry = self._dry or not found
        except Problem as problem:  # for whoever finds the feed empty
            self._problem = problem
        finally:
            self._leasing = None
            self._stir(len(self._idle))

    def _take_in(self, found: Sequence[Leased]) -> None:
        if self._maker is None:
            self._waiting.extend(found)
            return
        self._unmade.update((letter.id, letter) for letter in found)
        self._maker.begin(found, self._are_made)

    def _are_made(self, letters: Sequence[Letter]) -> None:
        ours = [letter for letter in letters if self._unmade.pop(letter.id, None)]  # else given back meanwhile
        self._waiting.extend(ours)
        # As many as there are letters, but after the last the others have something else to wait for.
        self._stir(len(ours) if self._unmade else len(self._idle))

    async def _stirred(self) -> None:
        """Wait until it is worth another look."""
        turn = asyncio.get_running_loop().create_future()
        self._idle.append(turn)
        await turn

    def _stir(self, count: int) -> None:
        """Have so many of those look who have waited longest."""
        while count and self._idle:
            turn = self._idle.popleft()
            if not turn.done():  # as it is when whoever waited was broken off
                turn.set_result(None)
                count -= 1
