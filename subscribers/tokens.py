"""Tokens: links that work for one purpose and cannot be guessed, changed or used for another."""

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from itsdangerous import BadData, Signer, TimestampSigner
from itsdangerous.encoding import base64_encode, int_to_bytes
from itsdangerous.signer import SigningAlgorithm

from subscribers.errors import TokenRefused


class Purpose(StrEnum):
    """What a link is for. A token for one purpose is refused for every other."""

    UNSUBSCRIBE = "unsubscribe"  #: never expires: leaving must always work
    PREFERENCES = "preferences"  #: expires: it shows and changes what somebody chose
    CONFIRM = "confirm"  #: expires soon
    PERSON = "person"  #: for all that is kept about a person, by the person's number; expires within a day
    ADDRESS = "address"  #: for a new address, by the letter's number; expires soon


#: Seconds a token lives; absent for ever.
LIFETIMES = {
    Purpose.PREFERENCES: 400 * 86_400,
    Purpose.CONFIRM: 14 * 86_400,
    Purpose.PERSON: 86_400,
    Purpose.ADDRESS: 3 * 86_400,
}


class Keys:
    """What is made from the one secret: signatures for links, and the key of address hashes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        #: The key of `address.keyed_hash`.
        self.address_key = self.derive("address")

    def derive(self, use: str) -> bytes:
        """A key of 32 bytes for one use; keys of two uses tell nothing of each other."""
        return hmac.new(self._secret, use.encode(), hashlib.sha256).digest()

    def hashed(self, use: str, text: str) -> str:
        """What stays of a text that may not be kept: equal for equal texts of one use, and no way back."""
        return hmac.new(self.derive(use), text.encode(), hashlib.sha256).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Tells whether this is the secret a database was made with, without telling the secret."""
        return self.derive("fingerprint").hex()[:16]

    def token(self, purpose: Purpose, number: int, *, at: datetime | None = None) -> str:
        """A token for one subscription, or whatever its purpose is about, safe in a path. Its time, where it has one,
        counts from `at`, else from now."""
        signer, value = self._signers[purpose], str(number).encode()
        if at is not None and isinstance(signer, _DatedSigner):
            return signer.sign_at(value, int(at.timestamp())).decode()
        return signer.sign(value).decode()

    def read(self, purpose: Purpose, token: str) -> int:
        """The number a token was made for. Raises TokenRefused, with no word on why."""
        signer = self._signers[purpose]
        try:
            if isinstance(signer, _DatedSigner):
                return int(signer.unsign(token, max_age=LIFETIMES[purpose]))
            return int(signer.unsign(token))
        except (BadData, ValueError) as error:
            raise TokenRefused(
                "This link does not work, or no longer.", remedy="Use the link in your newest issue."
            ) from error

    @cached_property
    def _signers(self) -> dict[Purpose, Signer]:
        """Made once: each letter has two tokens."""
        return {purpose: self._signer(purpose) for purpose in Purpose}

    def _signer(self, purpose: Purpose) -> Signer:
        kind = _DatedSigner if purpose in LIFETIMES else Signer
        # What the library would work out of secret and salt each time.
        key = hashlib.sha256(f"digest.{purpose}signer".encode() + self._secret).digest()
        return kind(key, sep=".", key_derivation="none", algorithm=_Proof(key))


class _DatedSigner(TimestampSigner):
    def sign_at(self, value: bytes, at: int) -> bytes:
        """What `sign` makes, at a time of one's own, in seconds since 1970."""
        dated = value + self.sep + base64_encode(int_to_bytes(at))
        return dated + self.sep + self.get_signature(dated)


class _Proof(SigningAlgorithm):
    """HMAC-SHA256 (RFC 2104) with one key, whose part is reckoned once.

    The library's own call lets other threads in each time, which takes longer than the hash does.
    """

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """The proof of a value; the key is the one it was made with."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()
