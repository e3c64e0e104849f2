"""Addresses: what mail can be sent to, in one spelling (RFC 5321, RFC 6531, IDNA)."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

import idna
from email_validator import EmailNotValidError, validate_email

from subscribers.errors import AddressRefused

#: Stands for all of a mailbox's name but its first sign.
MASK = "•••@"
_DOTLESS = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. Two spellings of the same mailbox have the same key."""

    #: As mail is sent to it: the local part as written, the domain in lower case and in its ASCII form.
    email: str

    @property
    def key(self) -> str:
        """The spelling it is compared by. No provider that matters tells mailboxes apart by case."""
        return unicodedata.normalize("NFKC", self.email).casefold()

    @property
    def masked(self) -> str:
        """Enough to recognise one's own, too little to learn another's: `p•••@example.org`."""
        return masked(self.email)


def parse(text: str) -> Address:
    """The address that `text` writes. Raises AddressRefused with the reason in plain words."""
    try:
        valid = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise AddressRefused(_printable(f"“{text.strip()[:254]}” is not an e-mail address: {reason}.")) from error
    if "." not in valid.domain:
        raise AddressRefused(f"“{valid.normalized}” is not an e-mail address: its domain has no dot.")
    # Any mail server takes a domain in its ASCII form (RFC 5890); only the local part may need SMTPUTF8.
    return Address(f"{valid.local_part}@{valid.ascii_domain}")


def with_ascii_domain(email: str) -> str:
    """The address with its domain in the form that any mail server takes; as it is where there is no such form."""
    local, _, domain = email.rpartition("@")
    if domain.isascii():
        return email
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return email


def mailbox_hash(address: Address, key: bytes) -> str:
    """Equal for addresses that end in one mailbox, as far as anybody can know: what limits of letters are counted by.

    What follows a plus sign is the holder's own; Google's mailboxes have any number of dots.
    """
    local, _, domain = address.email.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[0]
    return keyed_hash(Address(f"{local}@{domain}"), key)


def keyed_hash(address: Address, key: bytes) -> str:
    """What stays of an address when it may not be kept: equal for equal addresses, and no way back without the key."""
    return hmac.new(key, address.key.encode(), hashlib.sha256).hexdigest()


def masked(email: str) -> str:
    """`p•••@example.org` for `priya@example.org`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}{MASK}{domain}"


def _printable(line: str) -> str:
    """What was typed may hold line breaks and controls, which must not reach a terminal or a log."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
