"""Within one process: the loop of `digest serve` looks at the outbox by itself, and is told to look at once."""

import threading


class InlineQueue:
    """Wakes the delivering thread of this process, if there is one."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def wake(self, connection: object, issue_id: int, batches: int) -> None:
        """Have the outbox looked at. Comes before the commit: whoever looks too early looks again soon."""
        self._woken.set()

    def wait(self, seconds: float) -> None:
        """Until somebody wakes us, or so many seconds."""
        self._woken.wait(seconds)
        self._woken.clear()

    def close(self) -> None:
        """Let whoever waits look at once: the process ends."""
        self._woken.set()
