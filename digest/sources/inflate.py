"""Inflating: compressed bodies, unpacked in small pieces and never beyond a cap (RFC 1950 to 1952, RFC 7932)."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # comes without types

from digest.errors import SourceUnreachable, UnreadableSource

#: What a server is told that it may use (Accept-Encoding).
ACCEPTED = "gzip, deflate, br"
#: How many bytes are unpacked at a time; brotli gives up to half as many more.
PIECE = 65_536

_LATER = "It will be tried again."
_GZIP = zlib.MAX_WBITS | 16
_MAGIC = b"\x1f\x8b"


def too_large(cap: int) -> UnreadableSource:
    """What is said of a body or a file beyond the cap."""
    return UnreadableSource(f"it is larger than {cap:,} bytes.", remedy="Give a shorter feed or page.")


class Inflated:
    """A body that grows as its bytes come in: `add` each of them, then take the `whole`."""

    def __init__(self, codings: str, *, cap: int) -> None:
        """`codings` is what Content-Encoding says. UnreadableSource when it is not one of those accepted."""
        self._coding = _coding(codings)
        self._cap = cap
        self._body = bytearray()
        self._begun = False

    def add(self, data: bytes) -> None:
        """Unpack some more. UnreadableSource beyond the cap; SourceUnreachable when they cannot be unpacked."""
        if not data:
            return
        self._begun = True
        try:
            for piece in self._coding.pieces(data):
                self._body += piece
                if len(self._body) > self._cap:
                    raise too_large(self._cap)
        except (zlib.error, brotli.error) as exc:
            raise SourceUnreachable("its answer arrived damaged, it cannot be unpacked.", remedy=_LATER) from exc

    def whole(self) -> bytes:
        """All of it. SourceUnreachable when its end is missing."""
        # Some servers send nothing at all and call it compressed.
        if self._begun and not self._coding.complete:
            raise SourceUnreachable("its answer was cut short, it cannot be unpacked.", remedy=_LATER)
        return bytes(self._body)


class _Coding(Protocol):
    """One way of packing."""

    @property
    def complete(self) -> bool:
        """Whether the end has come."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What some more bytes unpack to."""


def _coding(codings: str) -> _Coding:
    named = [name for name in codings.lower().replace(" ", "").split(",") if name not in ("", "identity")]
    if not named:
        return _Identity()
    if len(named) == 1 and named[0] in _CODINGS:
        return _CODINGS[named[0]]()
    what = f"its answer is packed in a way that was not asked for (“{codings[:40]}”)."
    raise UnreadableSource(what, remedy="Tell its owner, or give another address.")


class _Identity:
    complete = True

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Gzip:
    """One member after another, though there is seldom a second; what follows the last is no part of it."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._after = b""

    @property
    def complete(self) -> bool:
        return self._stream.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data := self._of_member(data):
            yield from _unpacked(self._stream, data)
            data = self._stream.unused_data

    def _of_member(self, data: bytes) -> bytes:
        if not self._stream.eof:
            return data
        data = self._after + data
        if not data.startswith(_MAGIC):
            self._after = data[: len(_MAGIC)]
            return b""
        self._stream, self._after = zlib.decompressobj(_GZIP), b""
        return data


class _Deflate:
    """A zlib stream, or the bare one that some servers send under the same name."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if _is_zlib(data) else -zlib.MAX_WBITS)
        yield from _unpacked(self._stream, data)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def complete(self) -> bool:
        return bool(self._stream.is_finished())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        # Asked until nothing comes: that it would take more does not mean that it has given everything.
        while piece := self._stream.process(data, output_buffer_limit=PIECE):
            yield piece
            if self._stream.is_finished():
                break
            data = b""


_CODINGS: Mapping[str, Callable[[], _Coding]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}


def _is_zlib(data: bytes) -> bool:
    """Whether the first two bytes are those of RFC 1950: method 8, and a multiple of 31."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def _unpacked(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    # Asked until nothing comes: the stream may hold back what did not fit in the last piece.
    while not stream.eof and (piece := stream.decompress(data, PIECE)):
        yield piece
        data = stream.unconsumed_tail
