"""Tokens: links that work for one purpose and cannot be guessed, changed or used for another."""

import hashlib
import hmac
import time
from binascii import b2a_base64
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from itsdangerous import BadData, Signer, TimestampSigner
from itsdangerous.encoding import base64_encode, int_to_bytes
from itsdangerous.signer import SigningAlgorithm

from subscribers.errors import TokenRefused


class Purpose(StrEnum):
    """What a link is for. A token for one purpose is refused for every other."""

    UNSUBSCRIBE = "unsubscribe"  #: never expires: leaving must always work
    PREFERENCES = "preferences"  #: expires: it shows and changes what somebody chose
    CONFIRM = "confirm"  #: expires soon
    VIEW = "view"  #: shows a letter as its reader got it, by the delivery's number; expires
    READ = "read"  #: opens the archive of a private newsletter; expires
    PERSON = "person"  #: for all that is kept about a person, by the person's number; expires within a day
    ADDRESS = "address"  #: for a new address, by the letter's number; expires soon


#: Seconds a token lives; absent for ever.
LIFETIMES = {
    Purpose.PREFERENCES: 400 * 86_400,
    Purpose.CONFIRM: 14 * 86_400,
    Purpose.VIEW: 400 * 86_400,
    Purpose.READ: 400 * 86_400,
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
        return self.maker(purpose, at=at)(number)

    def maker(self, purpose: Purpose, *, at: datetime | None = None) -> Callable[[int], str]:
        """What makes tokens of one purpose and one time, for whoever makes many."""
        ending = _dated(int(time.time() if at is None else at.timestamp())) if purpose in LIFETIMES else ""
        sealed = self._seals[purpose].sealed
        return lambda number: sealed(f"{number:d}{ending}")

    def read(self, purpose: Purpose, token: str) -> int:
        """The number a token was made for. Raises TokenRefused, with no word on why."""
        seal = self._seals[purpose]
        try:
            return int(seal.opened(token, max_age=LIFETIMES.get(purpose)))
        except (BadData, ValueError) as error:
            raise TokenRefused(
                "This link does not work, or no longer.", remedy="Use the link in your newest issue."
            ) from error

    @cached_property
    def _seals(self) -> dict[Purpose, "_Seal"]:
        """Made once: each letter has several tokens."""
        return {
            purpose: _Seal(
                self.derive(f"link {purpose}"),
                former=hashlib.sha256(f"digest.{purpose}signer".encode() + self._secret).digest(),
            )
            for purpose in Purpose
        }


class _Seal:
    """Values with the proof that they are ours, as itsdangerous reads them: `17.zJ3…`.

    The proof is BLAKE2b with a key (RFC 7693): each letter has several, and HMAC with SHA-256, which took twice as
    long, is read only in links that were sent before.
    """

    def __init__(self, key: bytes, *, former: bytes) -> None:
        self._key, self._former = key, former
        self._proof = _proof(key)

    def sealed(self, value: str) -> str:
        """The value, a dot, and its proof."""
        proof = self._proof.copy()
        proof.update(value.encode())
        return f"{value}.{b2a_base64(proof.digest(), newline=False).translate(_SAFE_IN_A_PATH).decode()}"

    def opened(self, token: str, *, max_age: int | None) -> bytes:
        """The value of what was sealed; with `max_age` also not too long ago. Raises BadData."""
        value = token.rpartition(".")[0]
        # Compared as it is written, so that no second spelling passes.
        ours = hmac.compare_digest(self.sealed(value).encode(), token.encode())
        key, how = (self._key, _NOW) if ours else (self._former, _FORMERLY)
        if max_age is not None:
            return TimestampSigner(key, **how).unsign(token, max_age=max_age)
        return value.encode() if ours else Signer(key, **how).unsign(token)


class _Keyed(SigningAlgorithm):
    """The proof, for itsdangerous."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Of a value with its date."""
        proof = _proof(key)
        proof.update(value)
        return proof.digest()


def _proof(key: bytes) -> "hashlib.blake2b":
    """The proof of nothing yet; of 24 bytes, as no base64 of it ends in what a path cannot hold."""
    return hashlib.blake2b(key=key, digest_size=24)


_AS_IT_IS: dict[str, Any] = {"sep": ".", "key_derivation": "none"}
_NOW = {**_AS_IT_IS, "algorithm": _Keyed()}
_FORMERLY = {**_AS_IT_IS, "digest_method": hashlib.sha256}
_SAFE_IN_A_PATH = bytes.maketrans(b"+/", b"-_")


@lru_cache(maxsize=256)
def _dated(at: int) -> str:
    """A dot and the seconds since 1970, as the library writes them."""
    return f".{base64_encode(int_to_bytes(at)).decode()}"
