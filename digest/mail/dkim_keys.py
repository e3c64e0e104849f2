"""DKIM keys: read from their files, made anew, and shown as the DNS records that verifiers look them up by."""

import os
import re
import stat
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from digest.errors import SettingsRefused
from digest.mail.dkim import Signer

if TYPE_CHECKING:
    from digest.mail.lanes import Lanes

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

#: RFC 8301: verifiers may refuse shorter keys, and need not read longer ones.
FEWEST_BITS, MOST_BITS = 2048, 4096
#: With fewer, most of what eight at once take would be for nothing.
_WORTH_LANES = 3
#: RFC 1035, 3.3: the longest string of a TXT record.
_TXT_STRING = 255
_OTHERS = 0o006
#: No key of a length that is right is longer, whatever stands beside it.
_MOST_BYTES = 100_000
_BEGIN = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")


class Kind(StrEnum):
    """What a key signs with."""

    RSA = "rsa"  #: RFC 6376, read by everybody
    ED25519 = "ed25519"  #: RFC 8463, small and quick, not yet read by everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The TXT record of a public key."""

    name: str
    value: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The value in pieces as the DNS keeps it."""
        return tuple(self.value[n : n + _TXT_STRING] for n in range(0, len(self.value), _TXT_STRING))

    @property
    def zone_line(self) -> str:
        """As a line of a zone file."""
        parts = " ".join(f'"{part}"' for part in self.strings)
        return f"{self.name}. IN TXT ( {parts} )"


def load(file: Path) -> PrivateKey:
    """The key in a PEM file. Raises SettingsRefused for one that cannot be read, or should not be signed with."""
    written = _read(file)
    count = len(_BEGIN.findall(written))
    if count > 1:
        raise _refused(file, f"holds {count} private keys", "Keep each in a file of its own.")
    # The numbers of a key are tried only once it is known to be short: those of a long one would take many seconds.
    key = _parsed(file, written, tried=False)
    if isinstance(key, RSAPrivateKey) and not FEWEST_BITS <= key.key_size <= MOST_BITS:
        what = f"has {key.key_size:,} bits; {FEWEST_BITS:,} to {MOST_BITS:,} are right"
        raise _refused(file, what, "Make a new one with: digest dkim keygen.")
    key = _parsed(file, written, tried=True)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise _refused(file, "is neither of RSA nor of Ed25519", "Make one with: digest dkim keygen.")
    return key


def _read(file: Path) -> bytes:
    """What stands in a key's file, when it is one and nobody else may read it."""
    try:
        seen = file.stat()
        if not stat.S_ISREG(seen.st_mode):
            raise _refused(file, "is no file that can be read to its end", "Check key_file under [[mail.dkim]].")
        if os.name == "posix" and seen.st_mode & _OTHERS:
            raise _refused(file, "is open to every user of this machine", "Make a new key, for its owner alone.")
        if seen.st_size > _MOST_BYTES:
            raise _refused(file, f"has {seen.st_size:,} bytes, so it is none", "Check key_file under [[mail.dkim]].")
        return file.read_bytes()
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror}", "Check key_file under [[mail.dkim]].") from error
    except ValueError as error:  # a name that no file can have
        raise _refused(file, "cannot be read", "Check key_file under [[mail.dkim]].") from error


def _parsed(file: Path, written: bytes, *, tried: bool) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(written, password=None, unsafe_skip_rsa_key_validation=not tried)
    except TypeError as error:
        raise _refused(file, "is locked by a password", "Keep it without one, readable by its owner alone.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused(file, "holds no private key in PEM", "Make one with: digest dkim keygen.") from error


def generate(kind: Kind) -> PrivateKey:
    """A new key."""
    return Ed25519PrivateKey.generate() if kind is Kind.ED25519 else generate_private_key(65537, FEWEST_BITS)


def keep(key: PrivateKey, file: Path) -> None:
    """Write the key for its owner alone, never over a file that is there. Raises SettingsRefused."""
    if file.exists():
        raise _refused(file, "is there already, and no key is written over", "Choose another --selector or --out.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise _refused(file, f"cannot be written: {error.strerror}", "Choose another --out.") from error


def kind_of(key: PrivateKey) -> Kind:
    """What it signs with."""
    return Kind.RSA if isinstance(key, RSAPrivateKey) else Kind.ED25519


def record(key: PrivateKey, *, domain: str, selector: str) -> Record:
    """What stands in the DNS for it (RFC 6376, 3.6; RFC 8463, 4)."""
    public = key.public_key()
    if isinstance(key, RSAPrivateKey):
        written = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        written = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    value = f"v=DKIM1; k={kind_of(key)}; p={b64encode(written).decode('ascii')}"
    return Record(name=f"{selector}._domainkey.{domain}", value=value)


def signer(key: PrivateKey, *, domain: str, selector: str) -> Signer:
    """The key, ready to sign."""
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    algorithm = f"{kind_of(key)}-sha256"
    return Signer(domain=domain, selector=selector, algorithm=algorithm, sign=_signs_with(key), private=private)


def at_once(signer: Signer) -> int:
    """How many signatures of this key can be made at once on this machine."""
    lanes = _lanes_of(_given(signer.private))
    return lanes.count if lanes else 1


def sign_all_of(private: bytes) -> Callable[[Sequence[bytes]], list[bytes]]:
    """`Signer.sign` of `Signer.private` for up to `LANES` hashes, in another process: at once, where that can be."""
    key = _given(private)
    one_by_one = partial(_sign_each, _signs_with(key))
    lanes = _lanes_of(key)
    return partial(_sign_in, lanes, one_by_one) if lanes else one_by_one


def _signs_with(key: PrivateKey) -> Callable[[bytes], bytes]:
    return partial(_sign_rsa, key) if isinstance(key, RSAPrivateKey) else partial(_sign_ed25519, key)


def _given(private: bytes) -> PrivateKey:
    """`Signer.private` as it was."""
    key = load_der_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("neither of RSA nor of Ed25519")
    return key


def _lanes_of(key: PrivateKey) -> "Lanes | None":
    try:
        from digest.mail.lanes import lanes_of  # only here: few processes sign many letters
    except ImportError:  # by a Python without ctypes
        return None
    return lanes_of(key) if isinstance(key, RSAPrivateKey) else None


def _sign_in(
    lanes: "Lanes", one_by_one: Callable[[Sequence[bytes]], list[bytes]], hashes: Sequence[bytes]
) -> list[bytes]:
    if len(hashes) < _WORTH_LANES:
        return one_by_one(hashes)
    try:
        return lanes.sign(hashes)
    except ArithmeticError:
        return one_by_one(hashes)


def _sign_each(sign: Callable[[bytes], bytes], hashes: Sequence[bytes]) -> list[bytes]:
    return [sign(each) for each in hashes]


def _sign_rsa(key: RSAPrivateKey, hashed: bytes) -> bytes:
    return key.sign(hashed, PKCS1v15(), Prehashed(SHA256()))


def _sign_ed25519(key: Ed25519PrivateKey, hashed: bytes) -> bytes:
    """RFC 8463, 3: the hash is what is signed, as any message is."""
    return key.sign(hashed)


def _refused(file: Path, what: str, remedy: str) -> SettingsRefused:
    return SettingsRefused(f"The DKIM key {file} {what}.", remedy=remedy)
