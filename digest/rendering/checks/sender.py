"""The sender's name: what readers see first, and what mail programs distrust."""

import re
import unicodedata
from collections.abc import Iterator

from digest.model.finding import Finding, Severity
from digest.model.newsletter import Sender

SENDER = "sender-name"
_ADDRESS = re.compile(r"\S@\S|://|\bwww\.", re.IGNORECASE)
#: Letters, digits, and signs with a shape; all else is unseen or moves what is seen.
_SEEN = frozenset("LNSP")
#: Fillers and blanks that count as letters or signs.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def doubtful_sender(sender: Sender) -> Iterator[Finding]:
    """A name that says another address than the letter's, that nobody can see, or that turns what is read."""
    if not any(unicodedata.category(sign)[0] in _SEEN and sign not in _BLANK for sign in sender.name):
        yield _warning("The sender's name holds nothing that can be seen.", "Write the name of who sends.")
        return
    if _ADDRESS.search(sender.name) and sender.address.casefold() not in sender.name.casefold():
        what = f"The sender's name “{sender.name[:80]}” looks like an address, and letters come from {sender.address}."
        yield _warning(what, "Write a name; mailbox providers take this for a forgery.")
    if _TURNING.search(sender.name):
        yield _warning("The sender's name holds signs that turn the direction of what is read.", "Take them out.")


def _warning(what: str, remedy: str) -> Finding:
    return Finding(check=SENDER, severity=Severity.WARNING, place="From", what=what, remedy=remedy)
