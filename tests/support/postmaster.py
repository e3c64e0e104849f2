"""What a receiving server does with signatures: looks up the keys, verifies. Written by others, so not our mistakes."""

from dataclasses import dataclass, field

import dkim
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.mail import dkim_keys
from digest.mail.dkim import Signer
from digest.mail.dkim_keys import Kind, PrivateKey


@dataclass
class Postmaster:
    """Publishes keys in a DNS of its own, and verifies by it."""

    records: dict[str, str] = field(default_factory=dict)

    def publish(self, key: PrivateKey, *, domain: str = "example.org", selector: str = "one") -> Signer:
        """The key, ready to sign, its record where verifiers look."""
        record = dkim_keys.record(key, domain=domain, selector=selector)
        self.records[f"{record.name}."] = "".join(record.strings)
        return dkim_keys.signer(key, domain=domain, selector=selector)

    def signatures(self, message: bytes) -> list[bool]:
        """What each signature of a message is worth, first to last."""
        head = message.partition(b"\r\n\r\n")[0]
        count = (b"\r\n" + head.lower()).count(b"\r\ndkim-signature:")
        return [self._holds(message, number) for number in range(count)]

    def _holds(self, message: bytes, number: int) -> bool:
        try:
            return bool(dkim.DKIM(message, minkey=2048).verify(number, dnsfunc=self._look_up))
        except dkim.DKIMException:
            return False

    def _look_up(self, name: bytes | str, timeout: int = 5) -> bytes | None:
        asked = name.decode() if isinstance(name, bytes) else name
        return self.records[asked].encode() if asked in self.records else None


def pem(key: PrivateKey) -> bytes:
    """The key as a file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


KEYS = {kind: dkim_keys.generate(kind) for kind in Kind}
