"""Lanes: RSA signatures eight at a time, one in each lane of a processor's widest registers (AVX-512 IFMA).

    hashes ─► padded (RFC 8017, 9.2) ─► eight private operations at once ─► eight public ones, which prove them
                                                                              └─► signatures

They take a third of the time that one after the other takes, or half of it with 4,096 bits, with the same result, bit
by bit. By Intel's crypto_mb, in times that do not depend on the key; the extra `lanes` brings it. Where it, the
processor or the key does not fit there are none, and whoever has a key signs one at a time.
"""

from collections.abc import Callable, Sequence
from ctypes import CDLL, Array, addressof, c_char, c_int, c_uint64, c_void_p, create_string_buffer, memmove
from functools import cache
from importlib import metadata

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LANES = 8
#: The lengths of keys for which it is quicker, as the library numbers them (`MBX_ALGO`). With 3,072 it is not.
_ALGORITHMS = {2048: 1, 4096: 3}
#: It proves signatures of this public exponent only, which nearly every key has.
_EXPONENT = 65537
#: Before a hash of SHA-256: what it is (RFC 8017, 9.2, note 1).
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_HASH_BYTES = 32
#: The library, and before it what it is linked to, by the packages that bring them; and the system's OpenSSL 3.
_PACKAGES = ("intel-cmplr-lib-rt", "ipp-crypto")
_FILES = ("libintlc.so.5", "libimf.so", "libirng.so", "libsvml.so", "libcrypto_mb.so")

#: What is called in it.
_CALLED = ("mbx_rsa_private_crt_mb8", "mbx_rsa_public_mb8", "mbx_RSA_Method_BufSize", "mbx_get_algo_info")

_Block = Array[c_char]


class Lanes:
    """A key that signs eight hashes at a time; in one thread at a time, as its room for them is kept. By `lanes_of`."""

    #: How many there are.
    count = LANES

    def __init__(self, library: CDLL, key: RSAPrivateKey) -> None:
        numbers, bits = key.private_numbers(), key.key_size
        self._bytes = bits // 8
        self._padding = b"\0\1" + b"\xff" * (self._bytes - 3 - len(_SHA256) - _HASH_BYTES) + b"\0" + _SHA256
        halves = (numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        self._private = _Operation(library, "private_crt", bits, [(half, bits // 2) for half in halves])
        self._public = _Operation(library, "public", bits, [(numbers.public_numbers.n, bits)])

    def sign(self, hashes: Sequence[bytes]) -> list[bytes]:
        """The signature for each hash (SHA-256), eight at most, in their order. Raises ArithmeticError."""
        padded = b"".join([self._padding + each for each in hashes])
        made = self._private(padded)
        # A wrong one would give the key away (Boneh, DeMillo, Lipton), so that nobody may see it.
        if self._public(made) != padded:
            raise ArithmeticError("a signature that does not hold")
        return [made[n : n + self._bytes] for n in range(0, len(made), self._bytes)]


class _Operation:
    """One of the two with a key, on eight numbers at once, with room for them."""

    def __init__(self, library: CDLL, kind: str, bits: int, numbers: Sequence[tuple[int, int]]) -> None:
        self._call = library[f"mbx_rsa_{kind}_mb8"]
        name = "pub65537" if kind == "public" else kind
        method = c_void_p(_returning(library, f"mbx_RSA_{name}_Method", c_void_p)(bits))
        self._given, self._made = _block(LANES * bits // 8), _block(LANES * bits // 8)
        self._kept = [_number(*number) for number in numbers]  # what is pointed at has to stay
        self._room = _block(library.mbx_RSA_Method_BufSize(method))
        each = [_pointers(block, bits // 8) for block in (self._given, self._made)]
        all_same = [_pointers(block, 0) for block in self._kept]
        self._arguments = (*each, *all_same, c_int(bits), method, self._room)

    def __call__(self, given: bytes) -> bytes:
        """As many results, of the same length. Where they are fewer than eight, the other lanes work for nothing."""
        if len(given) > len(self._given):
            raise ValueError("more than there are lanes for")
        memmove(self._given, given, len(given))
        if self._call(*self._arguments):
            raise ArithmeticError("the library refused")
        return self._made.raw[: len(given)]


def lanes_of(key: RSAPrivateKey) -> Lanes | None:
    """The key, ready to sign eight at a time; None where something does not fit."""
    numbers, half = key.private_numbers(), key.key_size // 2
    is_usual = numbers.public_numbers.e == _EXPONENT and numbers.p.bit_length() == numbers.q.bit_length() == half
    return Lanes(_library(), key) if is_usual and fits(key.key_size) else None


def fits(bits: int) -> bool:
    """Whether the library is here and the processor has the lanes, for keys of this length."""
    try:
        library = _library()
    except OSError:
        return False
    knows = bits in _ALGORITHMS and all(hasattr(library, name) for name in _CALLED)
    return knows and bool(_returning(library, "mbx_get_algo_info", c_uint64)(_ALGORITHMS[bits]) & LANES)


@cache
def _library() -> CDLL:
    """Raises OSError where it is not here, or what it needs."""
    try:
        found = {file.name: file.locate() for package in _PACKAGES for file in metadata.files(package) or ()}
        *needed, library = [found[name] for name in _FILES]
    except (metadata.PackageNotFoundError, KeyError) as error:
        raise FileNotFoundError("the extra lanes is not installed") from error
    for each in needed:
        CDLL(str(each))
    return CDLL(str(library))


def _returning(library: CDLL, name: str, kind: type[c_void_p | c_uint64]) -> Callable[[int], int]:
    function = library[name]
    function.restype = kind
    return function


def _block(size: int) -> _Block:
    return create_string_buffer(size)


def _number(value: int, bits: int) -> _Block:
    """As the library reads it: in words of 64 bits, the lowest first."""
    return create_string_buffer(value.to_bytes(bits // 8, "little"), bits // 8)


def _pointers(block: _Block, step: int) -> "Array[c_void_p]":
    """To the block, for each lane so many bytes further."""
    return (c_void_p * LANES)(*[addressof(block) + lane * step for lane in range(LANES)])
