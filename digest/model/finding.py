"""Findings: what a check before sending has to say of an issue, how bad it is, where it is, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  #: must not go out; blocks publishing unless somebody overrules it by name
    WARNING = "warning"  #: readers would notice; somebody should look
    NOTE = "note"  #: good to know


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found."""

    #: The name of the check, by which it is overruled: "dead-link".
    check: str
    severity: Severity
    #: Where: an article's title, a variant, a header; empty for the issue as a whole.
    place: str
    what: str
    remedy: str
