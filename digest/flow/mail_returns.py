"""Mail that comes back to the mailbox for leaving: a message to one of its addresses ends the subscription it names.

Whatever such a message says counts, as mail programs write what they like; the address itself is the proof. Only what
a program sends by itself, such as “I am on holiday”, does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from pathlib import Path

from digest.errors import SettingsRefused, TokenRefused
from digest.flow import feedback
from digest.flow.house import House
from digest.flow.returns import Returns

#: Where a mail server writes whom a message came to; the first three say it even where the letter hides it.
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
#: No message to that mailbox needs to be larger.
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of one message."""

    #: Its file's name; empty for one that was piped in.
    name: str
    #: Whether it was to an address of ours, so that its holder is subscribed no more.
    left: bool
    #: Why nothing was done.
    reason: str = ""


def hear(house: House, message: bytes, *, name: str = "") -> Heard:
    """Act on one message. The same message twice is one leaving. Raises SettingsRefused where no mailbox is set."""
    if not house.settings.mail.unsubscribe_address:
        raise SettingsRefused(
            "There is no mailbox for leaving.", remedy="Set mail.unsubscribe_address, so that letters name it."
        )
    parsed = message_from_bytes(message[:LARGEST], policy=policy.compat32)
    if _is_automatic(parsed):
        return Heard(name=name, left=False, reason="a program sent it by itself")
    returns, found = Returns.of(house), False
    for address in _addresses(parsed):
        try:
            subscription_id = returns.subscription_of(address)
        except TokenRefused:
            continue
        feedback.leave(house, subscription_id, channel="mail")
        found = True
    return Heard(name=name, left=found, reason="" if found else "it is to no address of ours")


def hear_folder(house: House, folder: Path) -> Iterator[Heard]:
    """Act on the new messages of a Maildir, and file them as seen. Raises SettingsRefused for what is none."""
    new, cur = folder / "new", folder / "cur"
    if not new.is_dir() or not cur.is_dir():
        raise SettingsRefused(f"{folder} is no Maildir.", remedy="Name the folder that holds “new” and “cur”.")
    for file in sorted(path for path in new.iterdir() if path.is_file()):
        with file.open("rb") as opened:
            heard = hear(house, opened.read(LARGEST), name=file.name)
        # Killed before this, it is read again, which does no harm.
        file.replace(cur / f"{file.name.partition(':')[0]}:2,S")
        yield heard


def _is_automatic(message: "Message[str, str]") -> bool:
    said = str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return said == "auto-replied" or str(message.get("Return-Path", "")).strip() == "<>"


def _addresses(message: "Message[str, str]") -> Iterator[str]:
    values = [str(value) for name in _RECIPIENTS for value in message.get_all(name, [])]
    yield from dict.fromkeys(address for _, address in getaddresses(values) if address)
