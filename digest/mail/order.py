"""An order: one message, and the commands that announce it to one server, ready for the wire."""

from typing import NamedTuple

from digest.mail.commands import (
    DATA,
    Offer,
    dot_stuffed,
    is_plain,
    mail_from,
    rcpt_to,
    refused_here,
    too_large_here,
    with_ascii_domains,
    with_crlf,
)
from digest.model.delivery import Envelope, Handover, Phase, WireText


class Order(NamedTuple):
    """What goes over the wire for one message, up to its final dot."""

    #: As it was given, which tells whether an order is for it.
    message: bytes
    #: CRLF lines, dot-stuffed, without the final dot.
    text: bytes
    #: MAIL, RCPT and DATA, in the order in which they are answered.
    commands: tuple[bytes, bytes, bytes]
    #: Why it cannot be handed to this server at all; None when it can.
    refusal: Handover | None = None

    @classmethod
    def of(cls, envelope: Envelope, message: bytes, offer: Offer) -> "Order":
        """For a server that made this offer."""
        plain = isinstance(message, WireText) and is_plain(envelope)
        if plain:
            text, refusal = message, too_large_here(message, offer)
        else:
            envelope, text = with_ascii_domains(envelope), with_crlf(message)
            refusal = refused_here(envelope, text, offer)
        if refusal:
            return cls(message, b"", (b"", b"", b""), refusal)
        commands = mail_from(envelope, len(text), offer, plain=plain), rcpt_to(envelope, offer, plain=plain), DATA
        return cls(message, dot_stuffed(text), commands)


#: What each of an order's commands begins.
PHASES = (Phase.MAIL, Phase.RCPT, Phase.DATA)
