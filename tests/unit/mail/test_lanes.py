"""Lanes: eight signatures at once are those that are made one at a time, and none that is wrong is ever seen."""

import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    generate_private_key,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.mail import lanes, signing
from digest.mail.dkim_keys import Kind, PrivateKey, at_once, sign_all_of, signer
from digest.mail.lanes import LANES, Lanes, fits, lanes_of
from tests.support.postmaster import KEYS

HASHES = [sha256(bytes([number])).digest() for number in range(LANES)]
KEY = KEYS[Kind.RSA]
LONG = generate_private_key(65537, 4096)

needs_lanes = pytest.mark.skipif(not fits(2048), reason="no lanes: not this processor, or without the extra `lanes`")


def one_at_a_time(key: object, hashes: list[bytes]) -> list[bytes]:
    """As the library that everybody uses signs."""
    assert isinstance(key, RSAPrivateKey)
    return list(map(signer(key, domain="example.org", selector="one").sign, hashes))


def given_away(key: object) -> bytes:
    """The key as another process is given it."""
    assert isinstance(key, RSAPrivateKey)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def ready(key: object) -> Lanes:
    """The key with its lanes, which this machine has."""
    assert isinstance(key, RSAPrivateKey)
    made = lanes_of(key)
    assert made is not None
    return made


def turned_round(key: object) -> RSAPrivateKey:
    """The same key, its smaller prime first, as other programs may have written it."""
    assert isinstance(key, RSAPrivateKey)
    now = key.private_numbers()
    p, q = sorted((now.p, now.q))
    exponents = {"d": now.d, "dmp1": now.d % (p - 1), "dmq1": now.d % (q - 1)}
    return RSAPrivateNumbers(
        p, q, **exponents, iqmp=rsa_crt_iqmp(p, q), public_numbers=now.public_numbers
    ).private_key()


@needs_lanes
@pytest.mark.parametrize("key", [KEY, turned_round(KEY), LONG], ids=["2,048 bits", "smaller prime first", "4,096 bits"])
@pytest.mark.parametrize("count", [1, 3, LANES])
def test_signatures_are_those_that_are_made_one_at_a_time(key: object, count: int) -> None:
    """Bit by bit, however many lanes are used, and whatever the ones beside them held before."""
    used = ready(key)
    used.sign(HASHES[::-1])

    assert used.sign(HASHES[:count]) == one_at_a_time(key, HASHES[:count])


@needs_lanes
@pytest.mark.parametrize("lane", range(LANES))
def test_a_wrong_signature_is_seen_by_nobody(lane: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit that a processor got wrong would give the key away; then they are made one at a time."""
    used = ready(KEY)
    monkeypatch.setattr(used, "_private", partial(_with_a_wrong_bit, used._private, lane))
    monkeypatch.setattr(lanes, "lanes_of", lambda _: used)

    with pytest.raises(ArithmeticError):
        used.sign(HASHES)
    assert sign_all_of(given_away(KEY))(HASHES) == one_at_a_time(KEY, HASHES)


def _with_a_wrong_bit(usual: lanes._Operation, lane: int, given: bytes) -> bytes:
    made = bytearray(usual(given))
    made[lane * 256 + 200] ^= 1
    return bytes(made)


@needs_lanes
def test_what_the_library_refuses_is_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have left anything in its place."""
    used = ready(KEY)
    monkeypatch.setattr(used._private, "_call", lambda *_: 1)

    with pytest.raises(ArithmeticError):
        used.sign(HASHES)


@needs_lanes
@pytest.mark.parametrize("count", range(LANES + 1))
def test_a_process_that_signs_uses_them(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are enough to sign; a few are quicker made one at a time."""
    asked: list[int] = []
    usual = Lanes.sign
    monkeypatch.setattr(Lanes, "sign", lambda self, hashes: (asked.append(len(hashes)), usual(self, hashes))[1])

    assert sign_all_of(given_away(KEY))(HASHES[:count]) == one_at_a_time(KEY, HASHES[:count])
    assert asked == ([count] if count >= 3 else [])
    assert at_once(signer(KEY, domain="example.org", selector="one")) == LANES


def test_a_process_gives_them_as_many_as_they_take() -> None:
    """It does without what they need until it has begun, so the number stands there too."""
    assert signing._HANDFUL == LANES


def unequal() -> RSAPrivateKey:
    """Of 2,048 bits, by primes that are not of 1,024 each."""
    whole = 0
    while whole.bit_length() != 2048:
        p, q = _prime(1050), _prime(998)
        whole = p * q
    d = pow(65537, -1, (p - 1) * (q - 1))
    exponents = {"d": d, "dmp1": d % (p - 1), "dmq1": d % (q - 1)}
    public = RSAPublicNumbers(65537, whole)
    return RSAPrivateNumbers(p, q, **exponents, iqmp=rsa_crt_iqmp(p, q), public_numbers=public).private_key()


def _prime(bits: int) -> int:
    return generate_private_key(65537, 2 * bits).private_numbers().p


UNFIT: dict[str, Callable[[], PrivateKey]] = {
    "3,072 bits": lambda: generate_private_key(65537, 3072),
    "2,056 bits": lambda: generate_private_key(65537, 2056),
    "another exponent": lambda: generate_private_key(3, 2048),
    "unequal primes": unequal,
    "another kind": lambda: KEYS[Kind.ED25519],
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_keys_that_do_not_fit_sign_one_at_a_time(unfit: str) -> None:
    """Longer ones for which eight at once take longer too, and what the library does not know."""
    made = signer(UNFIT[unfit](), domain="example.org", selector="one")

    assert at_once(made) == 1
    assert sign_all_of(made.private)(HASHES) == list(map(made.sign, HASHES))


@needs_lanes
def test_no_more_are_taken_than_there_are_lanes() -> None:
    """What is beyond them is not the library's to write to."""
    with pytest.raises(ValueError, match="lanes"):
        ready(KEY).sign([*HASHES, HASHES[0]])


@needs_lanes
@pytest.mark.parametrize("widths", [0, 16])
def test_a_processor_without_such_registers_is_not_asked_to(widths: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the process."""
    monkeypatch.setattr(lanes, "_returning", lambda *_: lambda _: widths)

    assert not fits(2048)


@pytest.mark.parametrize("absent", ["ctypes", "a function"])
def test_what_is_not_what_we_know_is_left_alone(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that cannot call libraries, a library that has changed: keys sign one at a time."""
    if absent == "ctypes":
        monkeypatch.setitem(sys.modules, "digest.mail.lanes", None)
    else:
        monkeypatch.setattr(lanes, "_CALLED", (*lanes._CALLED, "mbx_of_tomorrow"))

    assert sign_all_of(given_away(KEY))(HASHES) == one_at_a_time(KEY, HASHES)
    assert at_once(signer(KEY, domain="example.org", selector="one")) == 1


@pytest.mark.parametrize("missing", ["the packages", "a file of them", "what it is linked to"])
def test_without_the_library_keys_sign_one_at_a_time(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The extra need not be there, and may not fit the machine."""
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")

    class Held(metadata.PackagePath):
        def locate(self) -> Path:
            return broken

    def files(_: str) -> list[Held]:
        if missing == "the packages":
            raise metadata.PackageNotFoundError
        return [] if missing == "a file of them" else [Held(name) for name in lanes._FILES]

    monkeypatch.setattr(metadata, "files", files)
    lanes._library.cache_clear()
    try:
        assert not fits(2048)
        assert sign_all_of(given_away(KEY))(HASHES) == one_at_a_time(KEY, HASHES)
    finally:
        lanes._library.cache_clear()
