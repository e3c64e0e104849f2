"""The throttle: how many connections may be open, by how the mail server takes them.

Additive increase, multiplicative decrease, as TCP does it: a server that wants less gets half, and what goes well earns
one more at a time.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Throttle:
    """Counts what was accepted, and halves when the server asks for less."""

    #: As many as may ever be open.
    most: int
    #: So many messages accepted over each open connection earn one more.
    patience: int = 50
    allowed: int = field(init=False)
    _accepted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.allowed = self.most

    def went_well(self) -> None:
        """A message was accepted."""
        if self.allowed == self.most:
            return
        self._accepted += 1
        if self._accepted >= self.patience * self.allowed:
            self.allowed, self._accepted = self.allowed + 1, 0

    def one_fewer(self, open_now: int) -> None:
        """Somebody else needs one of so many connections that are open."""
        self.allowed = max(1, min(self.allowed, open_now) - 1)
        self._accepted = 0

    def asked_for_less(self, open_now: int) -> None:
        """A 421, or a connection that could not be made, while so many were open."""
        # Several that fail in one moment are one asking: what is no longer open is not halved again.
        self.allowed = max(1, min(self.allowed, max(open_now, 1)) // 2)
        self._accepted = 0
