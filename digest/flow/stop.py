"""Stop: how a delivery run is asked to end."""

import asyncio
from dataclasses import dataclass

from digest.errors import Problem

#: How often whoever waits looks whether to end.
_GLANCE_SECONDS = 0.2


@dataclass(slots=True)
class Stop:
    """What is in flight is finished, the rest is given back."""

    wanted: bool = False
    #: What made the run end early; raised when all is tidied up.
    problem: Problem | None = None

    def because(self, problem: Problem) -> None:
        """End because of a problem; the first one is kept."""
        self.wanted = True
        self.problem = self.problem or problem

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until the run is asked to end."""
        deadline = asyncio.get_running_loop().time() + seconds
        # A signal or another thread sets it, so it is looked at rather than waited for.
        while not self.wanted and (left := deadline - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(_GLANCE_SECONDS, left))
