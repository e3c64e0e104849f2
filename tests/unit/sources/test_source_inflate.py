"""Compressed bodies are unpacked whole, or not at all, and never beyond the cap."""

import gzip
import tracemalloc
import zlib
from functools import partial

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import Problem, SourceUnreachable, UnreadableSource
from digest.sources.inflate import Inflated


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
    "br": partial(brotli.compress, quality=5),
}
PACKED = [name for name in PACKERS if name != "identity"]
each_packing = pytest.mark.parametrize("coding", PACKED)


def unpacked(coding: str, *pieces: bytes, cap: int = 1_000_000) -> bytes:
    body = Inflated(coding, cap=cap)
    for piece in pieces:
        body.add(piece)
    return body.whole()


@given(st.sampled_from(list(PACKERS)), st.binary(), st.integers(1, 50))
def test_what_was_packed_comes_out(coding, data, step):
    """However it is cut on its way."""
    packed = PACKERS[coding](data)

    assert unpacked(coding, *(packed[at : at + step] for at in range(0, len(packed), step))) == data


@each_packing
def test_much_in_one_piece_comes_out(coding):
    """More than is unpacked at a time."""
    data = bytes(range(256)) * 3000

    assert unpacked(coding, PACKERS[coding](data)) == data


@pytest.mark.parametrize("coding", PACKERS)
def test_the_cap_is_on_what_comes_out(coding):
    """To the byte."""
    packed = PACKERS[coding](b"x" * 100_000)

    assert len(unpacked(coding, packed, cap=100_000)) == 100_000
    with pytest.raises(UnreadableSource, match="larger than 99,999 bytes"):
        unpacked(coding, packed, cap=99_999)


@each_packing
def test_a_bomb_takes_no_more_memory_than_the_cap(coding):
    """Forty million zeros, held as a few thousand bytes."""
    bomb = PACKERS[coding](bytes(40_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSource, match="larger than"):
            unpacked(coding, bomb, cap=5_000_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 12_000_000


@each_packing
def test_what_is_cut_short_is_again(coding):
    """Half an answer is none; the next may come whole."""
    packed = PACKERS[coding](b"news " * 1000)

    with pytest.raises(SourceUnreachable, match="cut short"):
        unpacked(coding, packed[:-1])


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_what_is_damaged_is_again(coding):
    """It may be the network."""
    with pytest.raises(SourceUnreachable, match="damaged"):
        unpacked(coding, b"\xff<rss>plain text</rss>")


@pytest.mark.parametrize("coding", ["", "identity", " Identity , ", "identity, gzip", "GZIP"])
def test_names_are_read_kindly(coding):
    """In any case; identity is no packing."""
    data = gzip.compress(b"news") if "g" in coding.lower() else b"news"

    assert unpacked(coding, data) == b"news"


@pytest.mark.parametrize("coding", ["zstd", "gzip, gzip", "br,gzip", "utf-8", "compress", "x" * 5000])
def test_other_packings_are_refused(coding):
    """What was not asked for, and one in the other."""
    with pytest.raises(UnreadableSource, match="not asked for") as refusal:
        unpacked(coding, b"")
    assert len(str(refusal.value)) < 200


@each_packing
def test_nothing_is_nothing(coding):
    """Some servers call an empty answer compressed."""
    assert unpacked(coding) == unpacked(coding, b"") == b""


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.integers(1, 30))
def test_members_follow_each_other(parts, step):
    """A gzip file may have several, as files that were joined have (RFC 1952, 2.2)."""
    packed = b"".join(gzip.compress(part) for part in parts)

    assert unpacked("gzip", *(packed[at : at + step] for at in range(0, len(packed), step))) == b"".join(parts)


@pytest.mark.parametrize("rest", [b"\0", b"\0" * 500, b"\x1f", b"garbage", b"\n\x1f\x8b"])
def test_what_follows_the_last_member_is_no_part(rest):
    """Padding, say; in one piece or several."""
    packed = gzip.compress(b"news")

    assert unpacked("gzip", packed + rest) == unpacked("gzip", packed, rest, packed) == b"news"


@given(st.sampled_from(PACKED), st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_are_unpacked_or_refused(coding, pieces):
    """Never another error."""
    try:
        result: object = unpacked(coding, *pieces)
    except Problem as problem:
        result = problem

    assert isinstance(result, bytes | Problem)
