"""What can go wrong, by whether trying again may help.

    Problem
    ├── Again                later may help; nothing has to be changed
    └── Never                somebody has to change something first
        ├── AddressRefused   not an address that mail can be sent to
        ├── UnknownReader    nobody is known by that address
        ├── TokenRefused     a link that is not ours, or too old, or for something else
        └── ConsentRefused   the person has said no, or has not said yes

`digest.errors` grows further branches on the same two.
"""


class Problem(Exception):  # noqa: N818  it is said to people, who have problems, not errors
    """Something a person can be told in one line: what happened, and what to do about it."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class Again(Problem):
    """Trying again later may help."""


class Never(Problem):
    """Trying again is no use until somebody changes something."""


class AddressRefused(Never):
    """The text is not an address that mail can be sent to (RFC 5321, RFC 6531)."""


class UnknownReader(Never):
    """Nobody is known by that address."""


class TokenRefused(Never):
    """The link was not made here, has expired, or is for another purpose."""


class ConsentRefused(Never):
    """The person has said no, or has not yet said yes."""
