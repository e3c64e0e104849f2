"""DKIM keys: made for their owner alone, read from files, refused in plain words."""

import os
import stat
import time
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from digest.errors import SettingsRefused
from digest.mail import dkim_keys
from digest.mail.dkim_keys import Kind
from tests.support.postmaster import KEYS, pem


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    """A key's file."""
    file = folder / "key.pem"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def refusal(file: Path) -> SettingsRefused:
    """What it is refused with; one line that names the file, and what to do."""
    with pytest.raises(SettingsRefused) as refused:
        dkim_keys.load(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy
    return refused.value


@pytest.mark.parametrize("kind", Kind)
def test_a_key_that_was_kept_is_the_same_when_it_is_read(tmp_path: Path, kind: Kind) -> None:
    """And for nobody but its owner, in a folder that is made if it is missing."""
    file = tmp_path / "new" / "key.pem"

    dkim_keys.keep(KEYS[kind], file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert pem(dkim_keys.load(file)) == pem(KEYS[kind])
    assert dkim_keys.kind_of(dkim_keys.load(file)) is kind


def test_no_key_is_written_over(tmp_path: Path) -> None:
    """The messages of a month may rest on it."""
    file = written(tmp_path, b"what is there")

    with pytest.raises(SettingsRefused, match="there already"):
        dkim_keys.keep(KEYS[Kind.ED25519], file)

    assert file.read_bytes() == b"what is there"


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """In a folder that is a file."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SettingsRefused, match="cannot be written"):
        dkim_keys.keep(KEYS[Kind.ED25519], tmp_path / "file" / "key.pem")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o606, 0o602])
def test_a_key_that_all_users_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever reads it can sign as us."""
    assert "every user" in refusal(written(tmp_path, pem(KEYS[Kind.ED25519]), mode)).what


def test_a_key_that_a_group_may_read_is_taken(tmp_path: Path) -> None:
    """Workers of several users may share one."""
    assert dkim_keys.load(written(tmp_path, pem(KEYS[Kind.ED25519]), 0o640))


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    """RFC 8301: below 1,024 bits nobody verifies, below 2,048 few trust."""
    short = generate_private_key(65537, 1024)

    assert "1,024 bits" in refusal(written(tmp_path, pem(short))).what


def test_a_long_key_is_refused_at_once(tmp_path: Path) -> None:
    """By its length alone: to try whether its numbers are right would take many seconds. These are no primes at all."""
    began = time.process_time()

    what = refusal(written(tmp_path, rsa_of(8192))).what

    assert "8,192 bits" in what
    assert time.process_time() - began < 1


def test_a_key_of_the_right_length_whose_numbers_are_wrong_is_refused(tmp_path: Path) -> None:
    """It would sign what nobody can verify."""
    assert "no private key" in refusal(written(tmp_path, rsa_of(2048))).what


def rsa_of(bits: int) -> bytes:
    """Something with the shape of an RSA key of so many bits (RFC 8017, A.1.2), made of numbers that fit nothing."""
    modulus, half = (1 << bits) - 1, (1 << bits // 2) - 1
    numbers = (0, modulus, 65537, modulus - 2, half, half - 2, half - 4, half - 6, half - 8)
    der = sequence(b"".join(integer(each) for each in numbers))
    lines = b"\n".join(b64encode(der)[n : n + 64] for n in range(0, len(b64encode(der)), 64))
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + lines + b"\n-----END RSA PRIVATE KEY-----\n"


def integer(number: int) -> bytes:
    """An INTEGER in DER."""
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + length(content) + content


def sequence(content: bytes) -> bytes:
    """A SEQUENCE in DER."""
    return b"\x30" + length(content) + content


def length(content: bytes) -> bytes:
    """Its length in DER."""
    count = len(content)
    return bytes([count]) if count < 128 else b"\x82" + count.to_bytes(2)


def test_a_file_with_several_keys_is_refused(tmp_path: Path) -> None:
    """Nobody could tell which of them is meant; a certificate beside one does no harm."""
    one = pem(KEYS[Kind.ED25519])

    assert "holds 2 private keys" in refusal(written(tmp_path, one + pem(KEYS[Kind.RSA]))).what
    assert dkim_keys.load(written(tmp_path, one + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a device, a folder."""
    os.mkfifo(tmp_path / "pipe.pem", 0o600)

    for file in (tmp_path / "pipe.pem", Path("/dev/zero"), tmp_path):
        assert "is no file" in refusal(file).what


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """No key is that long."""
    file = written(tmp_path, b"")
    os.truncate(file, 1 << 40)

    assert "bytes" in refusal(file).what


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        (b"\x00\xff" * 100, "no private key"),
        (pem(KEYS[Kind.ED25519])[:-40], "no private key"),
        (
            KEYS[Kind.ED25519].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
            "password",
        ),
        (
            generate_ec(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "neither of RSA nor",
        ),
    ],
    ids=["empty", "torn", "binary", "cut", "locked", "another kind"],
)
def test_what_is_no_key_to_sign_with_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """With what it is, so that whoever made it knows."""
    assert words in refusal(written(tmp_path, content)).what


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With its name."""
    assert "cannot be read" in refusal(tmp_path / "absent.pem").what
    assert "cannot be read" in refusal(Path("a\0b")).what


def test_the_record_of_an_rsa_key_comes_in_strings_that_the_dns_can_keep() -> None:
    """RFC 1035: 255 bytes at most; RFC 6376, 3.6.2.2: joined without a space between them."""
    record = dkim_keys.record(KEYS[Kind.RSA], domain="example.org", selector="r1")

    assert record.name == "r1._domainkey.example.org"
    assert record.value.startswith("v=DKIM1; k=rsa; p=MII")
    assert [len(part) <= 255 for part in record.strings] == [True, True]
    assert "".join(record.strings) == record.value
    assert record.zone_line.startswith('r1._domainkey.example.org. IN TXT ( "v=DKIM1; ')


def test_the_record_of_an_ed25519_key_is_its_32_bytes() -> None:
    """RFC 8463, 4."""
    record = dkim_keys.record(KEYS[Kind.ED25519], domain="example.org", selector="e1")

    assert record.value.startswith("v=DKIM1; k=ed25519; p=")
    assert len(record.value) == len("v=DKIM1; k=ed25519; p=") + 44
    assert len(record.strings) == 1


def test_a_key_does_not_show_in_what_is_printed() -> None:
    """Signers end up in bug reports."""
    assert "sign=" not in repr(dkim_keys.signer(KEYS[Kind.RSA], domain="example.org", selector="r1"))
