"""Addresses of our own that carry a number and a proof of it, such as `b+cjtq.3kq7vw2xna@bounce.example.org`.

The envelope sender of each delivery is one (variable envelope return path), so a bounce says whose it is, whatever is
left of the message; the proof keeps others from making up bounces. Read without regard to case: mail servers on the
way may change it.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from binascii import Error

from digest.errors import TokenRefused

_PROOF = 10
#: RFC 5321, 4.5.3.1.1.
LONGEST_LOCAL_PART = 64
#: What `tagged` adds to a local part at most: a plus, a number of 64 bits, a dot, the proof.
LONGEST_TAG = 1 + 13 + 1 + _PROOF
_LOCAL_PART = re.compile(rf"(.+)\+([a-z2-7]{{1,13}})\.([a-z2-7]{{{_PROOF}}})")


def tagged(mailbox: str, number: int, key: bytes) -> str:
    """The mailbox with a number in it. Keys of two uses make proofs that are refused for each other."""
    name, _, domain = mailbox.rpartition("@")
    written = _base32(number.to_bytes(max(1, -(-number.bit_length() // 8))))
    return f"{name}+{written}.{_proof(name, written, key)}@{domain}"


def read(address: str, mailbox: str, key: bytes) -> int:
    """The number in an address that `tagged` made of this mailbox and key. Raises TokenRefused, with no word on why."""
    name, _, domain = mailbox.lower().rpartition("@")
    local, _, ours = address.strip().lower().rpartition("@")
    match = _LOCAL_PART.fullmatch(local)
    number = _number(match[2]) if match else None
    if match is None or number is None or (match[1], ours) != (name, domain):
        raise _refusal()
    # The whole address made anew, so that no second spelling of a number passes.
    if not hmac.compare_digest(tagged(mailbox, number, key).lower().encode(), f"{local}@{ours}".encode()):
        raise _refusal()
    return number


def _proof(name: str, written: str, key: bytes) -> str:
    return _base32(hmac.new(key, f"{name.lower()}+{written}".encode(), hashlib.sha256).digest())[:_PROOF]


def _number(written: str) -> int | None:
    try:
        return int.from_bytes(b32decode(written.upper() + "=" * (-len(written) % 8)))
    except Error:
        return None


def _base32(data: bytes) -> str:
    return b32encode(data).decode("ascii").rstrip("=").lower()


def _refusal() -> TokenRefused:
    return TokenRefused("This address was not made here, or not all of it is there.", remedy="Nothing was changed.")
