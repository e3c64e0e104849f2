"""The tree of errors. The branch answers the question "again, or never?".

Problem
├── Again
│   ├── TransportUnavailable   the mail server cannot be reached, or turns us away for now
│   ├── SourceUnreachable      a feed or page did not answer
│   │   └── HostUnknown        nobody knows a host of its name
│   ├── StorageUnavailable     the database is down, full or busy
│   └── OutboxBusy             another process delivers from this outbox
└── Never
    ├── SettingsRefused        a setting or a file of settings is wrong
    ├── UnknownName            no such issue, newsletter, topic, source or item
    ├── UnreadableSource       a file or page in which no items can be read; names the line
    ├── SourceGone             its server says that it is gone for good
    ├── ForbiddenAddress       an address that must not be asked: it leads into a private network
    ├── BadPeriod              not a period of this cadence
    ├── WrongState             the issue is not in a state that allows this
    ├── HeldBack               checks have found what must not go out
    ├── DatabaseRestored       the database was brought back from a backup, and nobody has confirmed it
    ├── BadTemplate            a template does not compile; names the file and line
    └── TransportRefused       the mail server refuses us (credentials, policy)
"""

from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches

from subscribers.errors import (
    AddressRefused,
    Again,
    ConsentRefused,
    Never,
    Problem,
    TokenRefused,
    UnknownReader,
)

__all__ = [
    "AddressRefused",
    "Again",
    "BadPeriod",
    "BadTemplate",
    "ConsentRefused",
    "DatabaseRestored",
    "ForbiddenAddress",
    "HeldBack",
    "HostUnknown",
    "Never",
    "OutboxBusy",
    "Problem",
    "SettingsRefused",
    "SourceGone",
    "SourceUnreachable",
    "StorageUnavailable",
    "TokenRefused",
    "TransportRefused",
    "TransportUnavailable",
    "UnknownName",
    "UnknownReader",
    "UnreadableSource",
    "WrongState",
    "did_you_mean",
]


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """ "Did you mean “dead-link”?"; empty where nothing is like it."""
    near = get_close_matches(written, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean “{near[0]}”?" if near else ""


class TransportUnavailable(Again):
    """The mail server cannot be reached, or turns us away for now; nothing is known about any reader."""


class SourceUnreachable(Again):
    """A feed or page did not answer, or answered with a passing error. `wait` is how long its server asks for peace."""

    def __init__(self, what: str, *, remedy: str = "", wait: timedelta = timedelta()) -> None:
        super().__init__(what, remedy=remedy)
        self.wait = wait


class HostUnknown(SourceUnreachable):
    """There is no host of that name; there may be one once its spelling is mended, or its owner has paid."""


class StorageUnavailable(Again):
    """The database is down, full or busy."""


class Overlapped(StorageUnavailable):
    """Somebody else changed at the same moment what a steady transaction was to change; done anew, it goes."""


class OutboxBusy(Again):
    """Another process delivers from this outbox."""


class SettingsRefused(Never):
    """A setting, or a file of settings, is wrong."""


class UnknownName(Never):
    """There is no issue, newsletter, topic, source or item of that name."""


class UnreadableSource(Never):
    """No items can be read from a file or page. `line` is the line to look at, counted from 1."""

    def __init__(self, what: str, *, line: int | None = None, remedy: str = "") -> None:
        super().__init__(f"line {line}: {what}" if line else what, remedy=remedy)
        self.line = line


class SourceGone(Never):
    """The server says that the feed or page is gone for good (410)."""


class ForbiddenAddress(Never):
    """An address that must not be asked: it leads into a private network, or to a port that is not the web's."""


class BadPeriod(Never):
    """The text is not a period of this cadence."""


class WrongState(Never):
    """The issue is not in a state that allows this."""


class HeldBack(Never):
    """Checks have found in an issue what must not go out, and nobody has overruled them."""


class DatabaseRestored(Never):
    """The database was brought back from a backup; nobody has said what becomes of what waits in it."""


class Overtaken(WrongState):
    """Somebody else moved the issue between the look and the move."""


class BadTemplate(Never):
    """A template does not compile or renders nothing."""


class TransportRefused(Never):
    """The mail server refuses us, whoever the reader is: credentials or policy (RFC 3463 class 5.7)."""
