"""Suppression: addresses that get nothing, with reason, scope and evidence."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: The scope that covers all newsletters.
EVERYWHERE = "*"


class SuppressionReason(StrEnum):
    """Why an address gets nothing."""

    BOUNCED = "bounced"  #: the mailbox does not exist (5.1.x), or keeps refusing
    COMPLAINED = "complained"  #: its holder called our mail unwanted
    ERASED = "erased"  #: its holder asked to be forgotten; only a keyed hash is left
    REQUESTED = "requested"  #: somebody asked an admin
    ADMIN = "admin"  #: an admin decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One address that gets nothing."""

    reason: SuppressionReason
    #: A newsletter's slug, or "*" for all.
    scope: str
    #: What it rests on: a reply, a report, a person's name.
    evidence: str
    at: datetime

    def covers(self, newsletter: str) -> bool:
        """Whether it stops what a newsletter sends."""
        return self.scope in (EVERYWHERE, newsletter)
