"""Whether somebody is a person: what a form asks of them, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check came to."""

    PASSED = "passed"  #: as far as it can tell, a person
    REFUSED = "refused"  #: no answer, or a wrong one
    UNKNOWN = "unknown"  #: nobody could tell: a service did not answer, or not what it should


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a form asks of whoever fills it in; by default nothing."""

    #: The field that brings the answer; empty where nothing is asked.
    field: str = ""
    #: Asked in words, and answered in a field of ours; empty for a widget.
    question: str = ""
    #: The script that makes a widget, the class of the element it makes it of, and the key it is known by.
    script: str = ""
    widget: str = ""
    site_key: str = ""
    #: What else the widget loads from, as a content security policy names it.
    origins: tuple[str, ...] = ()
