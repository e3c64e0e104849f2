"""Delivery status notifications (RFC 3464): what a mail server far away says of a message that it had taken."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

#: As much of a server's words as is kept.
_LONGEST = 500
#: RFC 3463: class, subject, detail; a comment may follow.
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is said of one recipient."""

    #: "failed", "delayed", "delivered", "relayed", "expanded", in lower case.
    action: str
    #: RFC 3463, such as "5.1.1"; empty where none is readable.
    status: str
    #: The words of the server that refused.
    diagnostic: str

    @property
    def is_final(self) -> bool:
        """Whether it did not arrive, and never will."""
        return self.action == "failed" and not self.status.startswith("2.")


def reports(message: bytes) -> list[Report]:
    """What a message says of each recipient; nothing for one that is no such notification."""
    try:
        return list(_reports(message_from_bytes(message, policy=policy.compat32)))
    except RecursionError:  # parts within parts without end: nobody's notification
        return []


def _reports(message: "Message[str, str]") -> Iterator[Report]:
    for part in message.walk():
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            for block in blocks:
                if isinstance(block, Message) and "action" in block:
                    yield _report(block)


def _report(block: "Message[str, str]") -> Report:
    status = _STATUS.match(str(block.get("Status", "")).strip())
    said = str(block.get("Diagnostic-Code", ""))
    words = said.partition(";")[2] or said  # "smtp; 550 5.1.1 No such user"
    return Report(
        action=str(block.get("Action", "")).partition("(")[0].strip().lower(),
        status=status[1] if status else "",
        diagnostic=" ".join("".join(c if c.isprintable() else " " for c in words).split())[:_LONGEST],
    )
