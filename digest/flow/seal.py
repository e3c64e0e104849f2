"""Seal: what the signatures on a newsletter's messages cover, read from a sample message."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime

from digest.flow.freeze import headers_of
from digest.flow.house import House
from digest.mail.dkim import Signer, covered_by, signed
from digest.model.cadence import period_of
from digest.model.newsletter import Newsletter
from digest.rendering.headers import PersonalFields, constant_lines, message_id, personal_lines
from subscribers.address import with_ascii_domain

#: RFC 8058, 4: a signature that leaves one of them out makes the one-click button disappear.
BOTH = ("List-Unsubscribe", "List-Unsubscribe-Post")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """How a newsletter's messages are signed."""

    newsletter: str
    #: That of its From address.
    domain: str
    #: The selectors of the keys that sign; none where no key is of that domain or one above it.
    selectors: tuple[str, ...]
    #: Those of `BOTH` that a signature leaves out.
    missing: tuple[str, ...]


def sample(house: House, signers: Sequence[Signer], newsletter: Newsletter) -> Seal:
    """The signatures on a message of this newsletter that goes to nobody. Raises BadTemplate."""
    domain = with_ascii_domain(newsletter.sender.address).rpartition("@")[2]
    chosen = [signer for signer in signers if signer.speaks_for(domain)]
    now = house.clock.now()
    covered = covered_by(signed(_message(house, newsletter, domain), chosen, at=now))
    return Seal(
        newsletter=newsletter.slug,
        domain=domain,
        selectors=tuple(signer.selector for signer in chosen),
        missing=tuple(name for name in BOTH if any(name.lower() not in names for names in covered)),
    )


def _message(house: House, newsletter: Newsletter, domain: str) -> bytes:
    """With the headers of a real one, made the same way."""
    now = house.clock.now()
    period = period_of(newsletter.default_cadence, now.astimezone(newsletter.zone).date())
    fields = PersonalFields(
        to="reader@example.org",
        message_id=message_id("sample", domain),
        date=format_datetime(now),
        unsubscribe_url=house.links.unsubscribe("sample"),
        unsubscribe_mailbox=house.settings.mail.unsubscribe_address,
        delivery_id="sample",
    )
    headers = headers_of(house, newsletter, period) | {"Subject": newsletter.name}
    content = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nA sample.\r\n"
    return personal_lines(fields) + constant_lines(headers) + content
