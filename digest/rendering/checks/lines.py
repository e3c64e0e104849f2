"""Lines: the subject and the preheader, which decide whether a letter is opened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import category, normalize

from digest.model.finding import Finding, Severity

SUBJECT, PREHEADER = "subject", "preheader"
#: What a telephone shows of a subject, and what a desk shows.
_PHONE, _DESK = 50, 90
_SHORTEST_PREHEADER = 30
#: Answers and forwarded letters in the languages that programs speak; “Re:Invent” is a name.
_FORGED = re.compile(r"\s*(re|fw|fwd|aw|antw|wg|sv|vs|tr|rif|rv|odp)\s{0,3}(\[\d{1,4}\])?\s{0,3}:(?!\w)", re.IGNORECASE)
_ANY_CASE = re.compile(r"[^\W\d_]")
_SHOUT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What a list of letters shows of one."""

    subject: str
    preheader: str
    #: Who gets it, in words.
    place: str


def poor_lines(lines: Lines) -> Iterator[Finding]:
    """What is wrong with them."""
    yield from _subject(lines.subject.strip())
    yield from _preheader(lines)


def _subject(subject: str) -> Iterator[Finding]:
    if not subject:
        yield _found(SUBJECT, Severity.ERROR, "There is no subject.", 'Set one: digest curate ISSUE --subject "…".')
        return
    if len(subject) > _DESK:
        what = f"The subject has {len(subject)} characters; most programs cut it at about {_DESK}."
        yield _found(SUBJECT, Severity.WARNING, what, f"Say what matters in the first {_PHONE}.")
    elif len(subject) > _PHONE:
        what = f"The subject has {len(subject)} characters; telephones show “{subject[:_PHONE].rstrip()}…”."
        yield _found(SUBJECT, Severity.NOTE, what, "See that it says enough.")
    if _FORGED.match(_bare(subject)):
        what = "The subject looks like an answer or a forwarded letter, which mailbox providers forbid."
        yield _found(SUBJECT, Severity.WARNING, what, "Begin with what the issue is about.")
    if len(_ANY_CASE.findall(subject)) >= _SHOUT and subject == subject.upper() != subject.lower():
        yield _found(SUBJECT, Severity.WARNING, "The subject is all capitals.", "Write it as a sentence.")
    if subject.count("!") > 1:
        yield _found(SUBJECT, Severity.WARNING, "The subject has several exclamation marks.", "Leave one, or none.")


def _bare(subject: str) -> str:
    """Without the signs that nobody sees, and each letter in its usual form."""
    return "".join(sign for sign in normalize("NFKC", subject[:200]) if category(sign) not in ("Cf", "Cc", "Mn"))


def _preheader(lines: Lines) -> Iterator[Finding]:
    preheader = " ".join(lines.preheader.split())
    remedy = "It is made of the first titles; see what the first item is called."
    if not preheader:
        what = "There is no preheader: mail programs show the first words of the letter behind the subject."
        yield _found(PREHEADER, Severity.WARNING, what, remedy, lines.place)
    elif preheader.casefold() == lines.subject.strip().casefold():
        what = "The preheader says the same as the subject."
        yield _found(PREHEADER, Severity.WARNING, what, "Give the issue a subject of its own.", lines.place)
    elif len(preheader) < _SHORTEST_PREHEADER:
        what = f"The preheader “{preheader}” is short; about 90 characters are shown."
        yield _found(PREHEADER, Severity.NOTE, what, remedy, lines.place)


def _found(check: str, severity: Severity, what: str, remedy: str, place: str = "") -> Finding:
    return Finding(check=check, severity=severity, place=place or f"the {check}", what=what, remedy=remedy)
