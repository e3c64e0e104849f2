"""Headers: those that all letters of a variant share, and those of one letter (RFC 5322, 2369, 2919, 8058)."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from email.headerregistry import Address
from functools import lru_cache
from string import ascii_letters, digits
from typing import NamedTuple
from urllib.parse import quote

from digest.errors import BadTemplate
from digest.model.newsletter import Newsletter
from digest.rendering.fragments import one_line
from subscribers.address import with_ascii_domain

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
#: RFC 5322 §2.1.1: what a line must not exceed, and what it should not.
_LONGEST_LINE = 998
_LINE = 76
#: RFC 2047 §2: an encoded-word has at most 75 characters, so 45 bytes in base64.
_WORD_BYTES = 45
#: Gmail and others mangle longer ones.
_LONGEST_MESSAGE_ID = 70
#: What Google takes for the last part of a Feedback-ID.
_SENDER_ID = range(5, 16)
#: RFC 3986: all that an address of the web or of mail is made of, so that nothing in it can end its brackets.
_OF_ADDRESSES = (ascii_letters + digits + "._~:/?#[]@!$&'()*+,;=%-").encode()
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 '&+-]*")


class PersonalFields(NamedTuple):
    """What the headers of one letter say of its recipient and its delivery."""

    #: The recipient's address, bare. The only part of a message that may hold more than ASCII, where the mailbox's
    #: own name does (RFC 6532); its domain is written in ASCII.
    to: str
    #: In angle brackets; the same in every attempt.
    message_id: str
    #: RFC 5322 date with an offset; the same in every attempt.
    date: str
    #: https address that takes the one-click POST (RFC 8058); empty in a message that nobody can unsubscribe from.
    unsubscribe_url: str
    #: Address to which an empty mail unsubscribes, without "mailto:"; empty for none.
    unsubscribe_mailbox: str
    #: Names the delivery to whoever reads a bounce whose Message-ID was rewritten.
    delivery_id: str


def headers_for(
    newsletter: Newsletter,
    *,
    list_domain: str,
    feedback_id: str,
    archive_url: str = "",
    archived_at: str = "",
    help_url: str = "",
    subscribe_url: str = "",
    owner: str = "",
) -> dict[str, str]:
    """The headers that all letters of an issue share, but the subject, which is the variant's.

    `list_domain` ends the List-Id and must never change; `owner` is a mailbox that people read.
    """
    sender = newsletter.sender
    optional = {
        "Reply-To": with_ascii_domain(sender.reply_to),
        "List-Archive": _bracketed(archive_url),
        # RFC 5064: where this very message can be read, as everybody may.
        "Archived-At": _bracketed(archived_at),
        "List-Help": _bracketed(help_url),
        "List-Subscribe": _bracketed(subscribe_url),
        "List-Owner": _bracketed(owner and mailto(owner)),
    }
    return {
        "From": _mailbox(sender.name, sender.address),
        "List-Id": _list_id(newsletter, list_domain),
        "List-Post": "NO",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "Feedback-ID": feedback_id,
        "MIME-Version": "1.0",
    } | {name: value for name, value in optional.items() if value}


def notice_headers(newsletter: Newsletter, *, feedback_id: str) -> dict[str, str]:
    """The headers of a message that the system sends by itself to one person, such as a confirmation.

    It is no list's, so it has no List-* of any kind, and no program should answer it (RFC 3834).
    """
    sender = newsletter.sender
    return {
        "From": _mailbox(sender.name, sender.address),
        **({"Reply-To": with_ascii_domain(sender.reply_to)} if sender.reply_to else {}),
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": feedback_id,
        "MIME-Version": "1.0",
    }


def feedback_id(campaign: str, newsletter: str, kind: str, *, domain: str) -> str:
    """What Gmail counts complaints by: always the same for a newsletter's sender, and nothing of any recipient."""
    sender = re.sub(r"[^a-z0-9-]", "", domain.lower())[: _SENDER_ID[-1]]
    if len(sender) not in _SENDER_ID:
        sender += hashlib.sha256(domain.lower().encode()).hexdigest()[: _SENDER_ID[0]]
    return f"{campaign}:{newsletter}:{kind}:{sender}"


def message_id(name: str, domain: str) -> str:
    """`<name@domain>`, at most 70 characters: a domain that is too long gives way to the one above it."""
    return f"<{name}@{_at_most(_LONGEST_MESSAGE_ID - len(name) - len('<@>'), domain)}>"


@lru_cache(maxsize=256)
def _at_most(length: int, domain: str) -> str:
    """Kept: the names of an issue's letters have few lengths."""
    while len(domain) > length and domain.count(".") > 1:
        domain = domain.partition(".")[2]
    return domain if len(domain) <= length else f"{hashlib.sha256(domain.encode()).hexdigest()[:16]}.invalid"


def mailto(address: str, *, subject: str = "") -> str:
    """The address as a link that writes to it (RFC 6068)."""
    link = "mailto:" + quote(with_ascii_domain(address), safe="!$'*+@._~-")
    return f"{link}?subject={quote(subject, safe='')}" if subject else link


def constant_lines(headers: Mapping[str, str]) -> bytes:
    """The headers as they go over the wire. Raises BadTemplate for what no header may hold."""
    return b"".join(_line(name, value) for name, value in headers.items())


def personal_lines(fields: PersonalFields) -> bytes:
    """The headers of one letter. Raises BadTemplate for what no header may hold."""
    lines = _written(fields)
    # Looked at as one, as this runs for every letter: where it has no other signs than all letters have, it is clean;
    # else each part is asked.
    if (
        lines.translate(None, _OF_ADDRESSES)
        != _OTHER_SIGNS[bool(fields.unsubscribe_url), bool(fields.unsubscribe_mailbox)]
    ):
        _must_each_be_clean(fields)
    if len(lines) > _LONGEST_LINE:
        _must_be_short(lines)
    return lines


def _written(fields: PersonalFields) -> bytes:
    to, message_id, date, url, mailbox, delivery_id = fields
    # https first: RFC 8058 asks for exactly one such address, and programs take the first they know.
    ways = ",\r\n ".join([f"<{way}>" for way in (url, mailbox and f"mailto:{mailbox}") if way])
    unsubscribe = f"List-Unsubscribe: {ways}\r\n" if ways else ""
    return (
        f"To: {to if to.isascii() else _with_ascii_domain(to)}\r\nDate: {date}\r\nMessage-ID: {message_id}\r\n"
        f"{unsubscribe}X-Digest-Delivery: {delivery_id}\r\n"
    ).encode("utf-8", "surrogatepass")


def _with_ascii_domain(to: str) -> str:
    _must_be_clean("To", to)
    return with_ascii_domain(to)


def _must_each_be_clean(fields: PersonalFields) -> None:
    rest = "".join(fields[1:])
    _must_be_clean("A personal header", fields.to + rest)
    if not rest.isascii():
        raise BadTemplate(f"A personal header must be plain ASCII: {rest}", remedy="Check web.base_url.")
    _bracketed(fields.unsubscribe_url)
    _bracketed(fields.unsubscribe_mailbox)


def _line(name: str, value: str) -> bytes:
    _must_be_clean(name, value)
    if name.lower() == "subject":
        value = _unstructured(value)
    if not value.isascii():
        raise BadTemplate(f"The header {name} must be plain ASCII: {value}", remedy="Use letters a to z.")
    line = _folded(f"{name}: {value}").encode("ascii") + b"\r\n"
    _must_be_short(line)
    return line


def _unstructured(text: str) -> str:
    """Readable where it can be; encoded (RFC 2047) where folding, or a reader, would take it for something else."""
    longest = max(map(len, text.split(" ")))
    plain = text.isascii() and "=?" not in text and text == one_line(text) and longest < _LINE
    return text if plain else _encoded_words(text)


def _encoded_words(text: str) -> str:
    """Our own, because the standard library's folder loses or doubles spaces at some line ends."""
    return " ".join(f"=?utf-8?b?{b64encode(chunk).decode('ascii')}?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterator[bytes]:
    """The text in UTF-8, no character cut in two."""
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            yield chunk
            chunk = b""
        chunk += encoded
    yield chunk


def _folded(line: str) -> str:
    """Broken before a space where it is too long; words stay whole."""
    lines, current = [], ""
    for n, word in enumerate(line.split(" ")):
        if n > 1 and len(current) + 1 + len(word) > _LINE:
            lines.append(current)
            current = f" {word}"
        else:
            current = f"{current} {word}" if n else word
    return "\r\n".join([*lines, current])


def _must_be_clean(name: str, value: str) -> None:
    if _FORBIDDEN.search(value):
        raise BadTemplate(f"{name} holds a line break or a control sign: {value!r}", remedy="Take it out.")


def _must_be_short(lines: bytes) -> None:
    for line in lines.splitlines():
        if len(line) > _LONGEST_LINE:
            raise BadTemplate(f"A header is longer than {_LONGEST_LINE} bytes.", remedy="Shorten the link or the name.")


def _mailbox(name: str, address: str) -> str:
    """A name and address as they stand in From (RFC 5322 §3.4)."""
    name = one_line(name)
    try:
        spec = Address(addr_spec=with_ascii_domain(address)).addr_spec
    except ValueError as exc:
        raise BadTemplate(f"{address!r} cannot be a sender: {exc}", remedy="Mend the newsletter's [sender].") from exc
    if not name:
        return spec
    return f"{name if _PLAIN_NAME.fullmatch(name) else _encoded_or_quoted(name)} <{spec}>"


def _encoded_or_quoted(name: str) -> str:
    if not name.isascii() or "=?" in name:
        return _encoded_words(name)
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list_id(newsletter: Newsletter, domain: str) -> str:
    """RFC 2919. The name stands before it only where it needs no encoding: programs compare the rest."""
    name = one_line(newsletter.name)
    identifier = f"<{newsletter.slug}.{domain}>"
    return f"{name} {identifier}" if len(name) <= _LINE and _PLAIN_NAME.fullmatch(name) else identifier


def _bracketed(url: str) -> str:
    if url.encode("utf-8", "surrogatepass").translate(None, _OF_ADDRESSES):
        raise BadTemplate(f"{url!r} cannot stand in a header as an address.", remedy="Check web.base_url and [sender].")
    return f"<{url}>" if url else ""


def _other_signs(*, url: str, mailbox: str) -> bytes:
    """What is not of addresses in the headers of a letter that can be left in these ways."""
    date = "Thu, 01 Jan 1970 00:00:00 +0000"
    return _written(PersonalFields("a@b", "<c@d>", date, url, mailbox, "1.1")).translate(None, _OF_ADDRESSES)


#: By whether there is a link to leave by, and a mailbox.
_OTHER_SIGNS = {
    (bool(url), bool(mailbox)): _other_signs(url=url, mailbox=mailbox)
    for url in ("", "https:")
    for mailbox in ("", "e@f")
}
