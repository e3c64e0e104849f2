"""Mail that comes back: a message to an address for leaving ends the subscription it names, a bounce settles what it is
of, an issue's delivery or a single letter.

Of those who leave, whatever such a message says counts, as mail programs write what they like; the address itself is
the proof. Only what a program sends by itself, such as “I am on holiday”, does not. Of a bounce, too, the address is
the proof; what the notification says decides whether it was final.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from digest.errors import SettingsRefused, TokenRefused
from digest.flow import feedback
from digest.flow.house import House
from digest.flow.returns import Returns
from digest.mail import dsn
from digest.model.delivery import DeliveryId
from digest.storage import notices, settlement

#: Where a mail server writes whom a message came to; the first three say it even where the letter hides it.
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_N = TypeVar("_N", bound=int)
#: No message to that mailbox needs to be larger.
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of one message."""

    #: Its file's name; empty for one that was piped in.
    name: str
    #: Whether it was to an address of ours, so that its holder is subscribed no more.
    left: bool
    #: Whether it said that something of ours never arrived.
    bounced: bool = False
    #: Why nothing was done.
    reason: str = ""


def hear(house: House, message: bytes, *, name: str = "") -> Heard:
    """Act on one message. The same message twice is one leaving. Raises SettingsRefused where no mailbox is set."""
    mail = house.settings.mail
    if not mail.unsubscribe_address and not mail.bounce_domain:
        raise SettingsRefused(
            "There is no mailbox for leaving.",
            remedy="Set mail.unsubscribe_address, so that letters name it, or mail.bounce_domain for what comes back.",
        )
    # No more than its head: what is within may be made to be read for ever.
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(message[:LARGEST])
    returns, to = Returns.of(house), list(_addresses(head))
    for read, came_back in ((returns.delivery_of, _deliveries), (returns.notice_of, _notices)):
        if bounced := _numbers(read, to):
            return _settled(house, bounced, came_back, message[:LARGEST], name)
    if _is_automatic(head):
        return Heard(name=name, left=False, reason="a program sent it by itself")
    leaving = _numbers(returns.subscription_of, to)
    for subscription_id in leaving:
        feedback.leave(house, subscription_id, channel="mail")
    return Heard(name=name, left=bool(leaving), reason="" if leaving else "it is to no address of ours")


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


def _numbers(read: Callable[[str], _N], addresses: Iterable[str]) -> list[_N]:
    """What those of these addresses say that are ours."""
    found = []
    for address in addresses:
        with suppress(TokenRefused):
            found.append(read(address))
    return found


def _settled(house: House, ids: Sequence[DeliveryId], came_back: "_CameBack", message: bytes, name: str) -> Heard:
    """What a notification says of these. Put off is not refused: the server goes on trying."""
    final = next((report for report in dsn.reports(message) if report.is_final), None)
    if final is None:
        return Heard(name=name, left=False, reason="it does not say that a letter could not be delivered")
    said = final.diagnostic or final.status
    with house.store.write() as connection:
        known, gone = came_back(connection, ids, said)
        if final.status in feedback.NO_SUCH_MAILBOX:
            for email in gone:
                feedback.suppress_gone(house, connection, email, said)
    return Heard(name=name, left=False, bounced=known, reason="" if known else "it is of a letter that is settled")


#: Notes that these came back, and why. Returns whether that was news, and to whom they were.
_CameBack = Callable[[Connection, Sequence[DeliveryId], str], tuple[bool, Sequence[str]]]


def _deliveries(connection: Connection, ids: Sequence[DeliveryId], reason: str) -> tuple[bool, Sequence[str]]:
    found = settlement.bounce(connection, ids, reason=reason)
    return bool(found), [email for _, email in feedback.addresses(connection, found)]


def _notices(connection: Connection, ids: Sequence[DeliveryId], reason: str) -> tuple[bool, Sequence[str]]:
    gone = notices.bounce(connection, ids, reason=reason)
    return bool(gone), gone


def _is_automatic(message: "Message[str, str]") -> bool:
    said = str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    return said == "auto-replied" or str(message.get("Return-Path", "")).strip() == "<>"


def _addresses(message: "Message[str, str]") -> Iterator[str]:
    values = [str(value) for name in _RECIPIENTS for value in message.get_all(name, [])]
    yield from dict.fromkeys(address for _, address in getaddresses(values) if address)
