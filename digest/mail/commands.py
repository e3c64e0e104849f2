"""The lines of one SMTP transaction, and what is refused here before any is written (RFC 5321, 1870, 3461, 6531)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from digest.model.delivery import About, Envelope, Handover, Outcome, Phase, WireText
from subscribers.address import with_ascii_domain

DATA = b"DATA\r\n"
DOT = b".\r\n"
RSET = b"RSET\r\n"
QUIT = b"QUIT\r\n"

_NEEDS_NO_XTEXT = re.compile(r"[!-*,-<>-~]*")
_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_PLAIN_PATH = re.compile(r"[!-;=?-~]*")
#: Sender, recipient and name.
_PLAIN_ENVELOPE = re.compile(r"[!-;=?-~]* [!-*,-;?-~]+ [!-*,-<>-~]*")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the server offered in its answer to EHLO, as far as we use it."""

    pipelining: bool = False
    smtputf8: bool = False
    dsn: bool = False
    #: Whether SIZE is offered.
    size: bool = False
    #: Largest message in bytes; 0 when the server names no limit.
    max_size: int = 0

    @classmethod
    def of(cls, extensions: Mapping[str, str]) -> "Offer":
        """From EHLO keywords in lower case and their parameters."""
        limit = extensions.get("size", "").strip()
        return cls(
            pipelining="pipelining" in extensions,
            smtputf8="smtputf8" in extensions,
            dsn="dsn" in extensions,
            size="size" in extensions,
            max_size=int(limit) if limit.isascii() and limit.isdigit() else 0,
        )


def with_ascii_domains(envelope: Envelope) -> Envelope:
    """The envelope as any server takes it, but where a mailbox's own name is not ASCII: that alone needs SMTPUTF8."""
    if not _needs_smtputf8(envelope):
        return envelope
    return envelope._replace(
        envelope_sender=with_ascii_domain(envelope.envelope_sender),
        recipient=with_ascii_domain(envelope.recipient),
    )


def refused_here(envelope: Envelope, message: bytes, offer: Offer) -> Handover | None:
    """Why this cannot be handed to this server, found before anything is written; None when it can."""
    if not _fits_in_brackets(envelope.envelope_sender):
        return _refusal("5.1.7", About.US, "The envelope sender is not an address that can be put on the wire.")
    if not envelope.recipient or not _fits_in_brackets(envelope.recipient):
        return _refusal("5.1.3", About.READER, "The recipient is not an address that can be put on the wire.")
    if not offer.smtputf8 and not envelope.recipient.isascii():
        return _refusal("5.6.7", About.READER, "The address needs SMTPUTF8, which the mail server does not offer.")
    if not offer.smtputf8 and not envelope.envelope_sender.isascii():
        return _refusal("5.6.7", About.US, "The envelope sender needs SMTPUTF8, which the mail server does not offer.")
    if not (isinstance(message, WireText) or message.isascii() or _may_hold_utf8(envelope, message)):
        return _refusal("5.6.1", About.US, "The message holds 8-bit bytes; it must be encoded in 7 bits.")
    return too_large_here(message, offer)


def too_large_here(message: bytes, offer: Offer) -> Handover | None:
    """Why a message is too large for this server; None where it is not."""
    if not 0 < offer.max_size < len(message):
        return None
    words = f"The message has {len(message)} bytes; the mail server takes {offer.max_size}."
    return _refusal("5.3.4", About.US, words)


def is_plain(envelope: Envelope) -> bool:
    """Whether all of it stands for itself wherever it is written: it is ASCII, ends no path, and needs no xtext. Asked
    at once, as nearly all are."""
    return _PLAIN_ENVELOPE.fullmatch(" ".join(envelope)) is not None


def mail_from(envelope: Envelope, size: int, offer: Offer, *, plain: bool = False) -> bytes:
    """`MAIL FROM`, with what the server offered to take. BODY is left out: bodies are 7 bit (RFC 6531, 3.6). Whether
    the envelope is `plain`, the caller has asked."""
    how_large = f" SIZE={size}" if offer.size else ""
    script = "" if plain or not _needs_smtputf8(envelope) else " SMTPUTF8"
    report = ""
    if offer.dsn:
        name = envelope.envelope_id if plain else xtext(envelope.envelope_id)
        report = f" RET=HDRS ENVID={name}" if name else " RET=HDRS"
    return f"MAIL FROM:<{envelope.envelope_sender}>{how_large}{script}{report}\r\n".encode()


def rcpt_to(envelope: Envelope, offer: Offer, *, plain: bool = False) -> bytes:
    """`RCPT TO`, asking for a report of failure and delay where the server can make one. `plain` as for MAIL."""
    recipient, report = envelope.recipient, ""
    if offer.dsn:
        report = " NOTIFY=FAILURE,DELAY"
        # A UTF-8 address would need the address type of RFC 6533; ENVID already tells whose report it is.
        if plain or recipient.isascii():
            report += f" ORCPT=rfc822;{recipient if plain else xtext(recipient)}"
    return f"RCPT TO:<{recipient}>{report}\r\n".encode()


def xtext(text: str) -> str:
    """RFC 3461, 4: printable ASCII as it is, all else (and + and =) as a plus and two hex digits."""
    return (
        text
        if _NEEDS_NO_XTEXT.fullmatch(text)
        else _XTEXT.sub(lambda sign: f"+{sign[0][0]:02X}".encode(), text.encode()).decode()
    )


def with_crlf(message: bytes) -> bytes:
    """The message with CRLF as its only line end, also the last. A bare CR or LF is how one message is passed off as
    two to servers that take it for a line end."""
    if isinstance(message, WireText):
        return message
    # Counted first: the pattern costs ten times as much, and messages made here never need it.
    ends = message.count(b"\r\n")
    if message.count(b"\n") != ends or message.count(b"\r") != ends:
        message = _BARE.sub(b"\r\n", message)
    return message if not message or message.endswith(b"\r\n") else message + b"\r\n"


def dot_stuffed(message: bytes) -> bytes:
    """RFC 5321, 4.5.2: a line that begins with a dot gets one more. Takes CRLF lines; the final dot is not added."""
    if isinstance(message, WireText):
        return message
    stuffed = message.replace(b"\r\n.", b"\r\n..") if b"\r\n." in message else message
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _fits_in_brackets(address: str) -> bool:
    """Whether nothing in it can end the path or the line, or hide."""
    if address.isascii():
        return _PLAIN_PATH.fullmatch(address) is not None
    return not any(char in "<>" or unicodedata.category(char)[0] in "CZ" for char in address)


def _needs_smtputf8(envelope: Envelope) -> bool:
    return not (envelope.envelope_sender.isascii() and envelope.recipient.isascii())


def _may_hold_utf8(envelope: Envelope, message: bytes) -> bool:
    """RFC 6532: in the headers alone, and only for an address that needs it; a server that offers SMTPUTF8 takes it."""
    if not _needs_smtputf8(envelope):
        return False
    head, _, body = message.partition(b"\r\n\r\n")
    try:
        head.decode()
    except UnicodeDecodeError:
        return False
    return body.isascii()


def _refusal(status: str, about: About, words: str) -> Handover:
    return Handover(
        outcome=Outcome.FAILED, phase=Phase.MAIL, enhanced_code=status, diagnostic=words, about=about, closed=False
    )
