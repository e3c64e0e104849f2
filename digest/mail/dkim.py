"""DKIM: signatures that mailbox providers check a message's sender by (RFC 6376, 8301, 8463), relaxed/relaxed.

message ─┬─ body, canonical ─► SHA-256 ─► bh= ─┐
         └─ headers that h= names, canonical ──┴─► SHA-256 ─► signed with each key, here or by another process
                                                           └─► one DKIM-Signature each, before the message
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from digest.model.delivery import WireText

#: What is signed, besides all other List-* headers that the message has. Each is named once more than the message has
#: it, also where it has none: so none can be put in later, for programs to show or obey instead of ours.
SIGNED = (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
)
_SIGNED_NAMES = frozenset(name.lower() for name in SIGNED)
#: From here on, the headers of our letters are those of many others.
_SHARED = b"\r\nFrom:"
_LINE = 76
_FIELD_END = re.compile(rb"\r\n(?![ \t])")

#: The fields of each name in their canonical form, in the order in which they stand.
Fields = dict[str, list[bytes]]
Message = TypeVar("Message", bound=bytes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signer:
    """A key that signs for a domain, under the selector by which its public half is found in the DNS. Equal to itself
    only: many letters look one up, which is to cost little."""

    #: In its ASCII form and in lower case (d=).
    domain: str
    selector: str
    #: a=: "rsa-sha256" or "ed25519-sha256".
    algorithm: str
    #: Makes the signature for a SHA-256, that of the canonical headers.
    sign: Callable[[bytes], bytes] = field(repr=False)
    #: The key itself (PKCS #8, DER), for another process that signs; empty where none shall have it.
    private: bytes = field(repr=False, default=b"")

    def speaks_for(self, domain: str) -> bool:
        """Whether the key's domain aligns with that of a From address: the same, or one above it (RFC 9989)."""
        return f".{domain.lower()}".endswith(f".{self.domain}")


class Unsigned(NamedTuple, Generic[Message]):
    """A message whose signatures are not made yet. By `unsigned`."""

    message: Message
    #: Whose signatures it is to have, in their order.
    signers: Sequence[Signer]
    #: Each one's header up to the signature.
    heads: Sequence[bytes]
    #: What each is to sign.
    hashes: Sequence[bytes]

    def signed(self, signatures: Sequence[bytes]) -> Message:
        """The message with these before it."""
        if not self.heads:
            return self.message
        lines = [part for each in zip(self.heads, map(_lines, signatures), strict=True) for part in each]
        # A signature is clean lines, so that with it WireText stays what it is.
        return type(self.message)(b"".join([*lines, self.message]))


def unsigned(message: Message, signers: Sequence[Signer], *, at: datetime) -> Unsigned[Message]:
    """The message and what is to be signed of it. It must have CRLF line ends. The same message, keys and `at` (t=)
    give the same bytes."""
    if not signers:
        return Unsigned(message, (), (), ())
    head, body = _parted(message)
    names, covered = _covered(head)
    canonical = body if isinstance(message, WireText) else relaxed_body(bytes(body))
    told = b"%d" % int(at.timestamp()), b64encode(hashlib.sha256(canonical).digest())
    shapes = [_shape(signer.algorithm, signer.domain, signer.selector, names) for signer in signers]
    hashes = [hashlib.sha256(covered + shape.canonical % told).digest() for shape in shapes]
    return Unsigned(message, signers, [shape.head % told for shape in shapes], hashes)


def signed(message: Message, signers: Sequence[Signer], *, at: datetime) -> Message:
    """The message with a signature of each signer before it; as it is where there is none."""
    return signed_here(unsigned(message, signers, at=at))


def signed_here(draft: Unsigned[Message]) -> Message:
    """Signed by this process, while it waits."""
    return draft.signed([signer.sign(each) for signer, each in zip(draft.signers, draft.hashes, strict=True)])


def covered_by(message: bytes) -> list[frozenset[str]]:
    """The headers of a message that each of its signatures covers, in lower case; h= also names some that it lacks."""
    fields = _fields(message.partition(b"\r\n\r\n")[0])
    signatures = [each.decode("ascii", "replace") for each in fields.get("dkim-signature", [])]
    return [frozenset(_tag(each, "h").lower().split(":")) & fields.keys() for each in signatures]


def relaxed_field(raw: bytes) -> bytes:
    """A header field in its canonical form, without a line end (RFC 6376, 3.4.2)."""
    name, _, value = raw.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _single_spaced(value.replace(b"\r\n", b"")).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """A body of CRLF lines in its canonical form (RFC 6376, 3.4.4)."""
    body = _single_spaced(body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    body = body.removesuffix(b" ")
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def _single_spaced(text: bytes) -> bytes:
    """Each run of spaces and tabs made one space."""
    # Searches and replacements of fixed bytes: a pattern would look at every space there is.
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    if b"  " not in text:
        return text
    # Split at pairs of them, a part has further ones only at its start.
    first, *others = text.split(b"  ")
    *middle, last = [part.lstrip(b" ") for part in others]
    return b" ".join([first, *filter(None, middle), last])


class _Shape(NamedTuple):
    """What the headers of many signatures have in common, with places for t= and bh=."""

    #: Up to the signature.
    head: bytes
    #: With an empty b=, as it is signed.
    canonical: bytes


@lru_cache(maxsize=64)
def _shape(algorithm: str, domain: str, selector: str, names: str) -> _Shape:
    """Of the signatures of one key that cover these names. Cached: nearly all letters have the same."""
    key = f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain};\r\n s={selector}; t="
    parts = [part.replace("%", "%%") for part in (key, f";\r\n h={names};\r\n bh=", ";\r\n b=")]
    head = "%b".join(parts).encode("ascii")
    return _Shape(head, relaxed_field(head))


def _lines(signature: bytes) -> bytes:
    """The rest of its header."""
    written = b64encode(signature)
    lines = b"\r\n ".join([written[n : n + _LINE - 1] for n in range(0, len(written), _LINE - 1)])
    return b"\r\n %b\r\n" % lines


def _fields(head: bytes) -> Fields:
    fields: Fields = {}
    for name, canonical in map(_field, _FIELD_END.split(head)):
        fields.setdefault(name, []).append(canonical)
    return fields


def _field(raw: bytes) -> tuple[str, bytes]:
    """A field's name in lower case, and its canonical form."""
    canonical = relaxed_field(raw)
    return canonical.partition(b":")[0].decode("ascii", "replace"), canonical


@lru_cache(maxsize=64)
def _shared(raw: bytes) -> tuple[tuple[str, bytes], ...]:
    """The fields that many letters have alike."""
    return tuple([_field(each) for each in _FIELD_END.split(raw)])


def _parted(message: bytes) -> tuple[bytes, memoryview]:
    """The headers, and the body where it is: nearly all of a message need not be copied."""
    end = message.find(b"\r\n\r\n")
    return (message, memoryview(b"")) if end < 0 else (message[:end], memoryview(message)[end + 4 :])


def _covered(head: bytes) -> tuple[str, bytes]:
    """The names for h=, and the canonical fields that they stand for."""
    own, mark, others = head.partition(_SHARED)
    found = [_field(raw) for raw in _FIELD_END.split(own)]
    if mark:
        found += _shared(mark[2:] + others)
    names, order = _chosen(tuple([name for name, _ in found]))
    return names, b"\r\n".join([*[found[index][1] for index in order], b""])


@lru_cache(maxsize=64)
def _chosen(present: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
    """The names for h=, and the places of the fields that they stand for. Of a name that comes twice the last is taken
    first (RFC 6376, 5.4.2); one for which no header is left stands for nothing, and for whatever is put in later (5.4,
    8.15). Cached: nearly all letters have the same headers."""
    names: list[str] = []
    chosen: list[int] = []
    others = [name.title() for name in dict.fromkeys(present) if name.startswith("list-") and name not in _SIGNED_NAMES]
    for name in (*SIGNED, *others):
        found = [index for index, each in enumerate(present) if each == name.lower()]
        names += [name] * (len(found) + 1)
        chosen += reversed(found)
    return _folded(names), tuple(chosen)


def _folded(names: Sequence[str]) -> str:
    """As h= holds them: parted by colons, in lines of at most 76."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + 5 > _LINE:
            lines[-1] += ":"
            lines.append(name)
        else:
            lines[-1] += f":{name}"
    return "\r\n  ".join(lines)


def _tag(signature: str, name: str) -> str:
    """The value of a tag of a signature (RFC 6376, 3.2), without white space."""
    for tag in signature.partition(":")[2].split(";"):
        key, _, value = tag.partition("=")
        if key.strip() == name:
            return "".join(value.split())
    return ""
