"""Tokens: links that work for one purpose and cannot be guessed, changed or used for another."""

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum

from itsdangerous import BadData, Signer, TimestampSigner

from subscribers.errors import TokenRefused


class Purpose(StrEnum):
    """What a link is for. A token for one purpose is refused for every other."""

    UNSUBSCRIBE = "unsubscribe"  #: never expires: leaving must always work
    PREFERENCES = "preferences"  #: expires: it shows and changes what somebody chose
    CONFIRM = "confirm"  #: expires soon


#: Seconds a token lives; absent for ever.
LIFETIMES = {Purpose.PREFERENCES: 400 * 86_400, Purpose.CONFIRM: 14 * 86_400}


class Keys:
    """What is made from the one secret: signatures for links, and the key of address hashes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        #: The key of `address.keyed_hash`.
        self.address_key = self.derive("address")

    def derive(self, use: str) -> bytes:
        """A key of 32 bytes for one use; keys of two uses tell nothing of each other."""
        return hmac.new(self._secret, use.encode(), hashlib.sha256).digest()

    @property
    def fingerprint(self) -> str:
        """Tells whether this is the secret a database was made with, without telling the secret."""
        return self.derive("fingerprint").hex()[:16]

    def token(self, purpose: Purpose, subscription_id: int, *, at: datetime | None = None) -> str:
        """A token for one subscription, safe in a path. Its time, where it has one, counts from `at`, else from now."""
        signer = self._signer(purpose)
        if at is not None and isinstance(signer, TimestampSigner):
            signer.get_timestamp = lambda: int(at.timestamp())  # type: ignore[method-assign]
        return signer.sign(str(subscription_id)).decode()

    def read(self, purpose: Purpose, token: str) -> int:
        """The subscription a token was made for. Raises TokenRefused, with no word on why."""
        signer = self._signer(purpose)
        try:
            if isinstance(signer, TimestampSigner):
                return int(signer.unsign(token, max_age=LIFETIMES[purpose]))
            return int(signer.unsign(token))
        except (BadData, ValueError) as error:
            raise TokenRefused(
                "This link does not work, or no longer.", remedy="Use the link in your newest issue."
            ) from error

    def _signer(self, purpose: Purpose) -> Signer:
        kind = TimestampSigner if purpose in LIFETIMES else Signer
        return kind(self._secret, salt=f"digest.{purpose}", sep=".", digest_method=hashlib.sha256)
