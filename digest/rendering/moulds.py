"""Moulds: what encoding makes of sentences that differ in nothing but their letters and digits.

"on 3 March with p•••@example.org" is broken and escaped at the same places as "on 7 April with t•••@example.net":
where each sign goes is worked out once, and then signs are only put there.
"""

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

#: Two letters that stand for all letters and digits.
_ONE, _OTHER = b"ab"
_FROM = b"From "
#: But for the first of what must not begin a line, so that nothing becomes that.
_ALIKE = (string.ascii_letters + string.digits).replace("F", "").encode()
_TO_ONE = bytes.maketrans(_ALIKE, bytes([_ONE]) * len(_ALIKE))
_TO_OTHER = bytes.maketrans(bytes([_ONE]), bytes([_OTHER]))
_NO_PART = slice(0, 0)


@dataclass(frozen=True, slots=True)
class Mould:
    """The encoded form of all sentences of one shape."""

    #: Parts of the sentence, in their order.
    _parts: Callable[[bytes], Sequence[bytes]]
    #: What was put in, at odd places: between any two of the parts.
    _pieces: tuple[bytes, ...]

    def filled(self, sentence: bytes) -> bytes:
        """A sentence of the mould's shape, encoded."""
        pieces = list(self._pieces)
        pieces[::2] = self._parts(sentence)
        return b"".join(pieces)


def shape(sentence: bytes) -> bytes | None:
    """Equal for sentences of which one mould can be made; None for one that needs its own encoding."""
    # Not `in`, which first asks whether the bytes are a number.
    return None if sentence.find(_FROM) >= 0 else sentence.translate(_TO_ONE)


def mould(of_shape: bytes, encoded: Callable[[str], bytes]) -> Mould:
    """What `encoded` makes of sentences of a shape. It must treat all ASCII letters and digits alike, but where a line
    begins with "From "."""
    one, other = (encoded(each.decode("utf-8", "surrogatepass")) for each in (of_shape, of_shape.translate(_TO_OTHER)))
    # Parts of the sentence at even places, what was put between them at odd ones; nothing, where there is none.
    parts, between = [_NO_PART], list[bytes]()
    for run in _runs(of_shape, one, other):
        if isinstance(run, slice) and parts[-1] is _NO_PART:
            parts[-1] = run
        else:
            between.append(run if isinstance(run, bytes) else b"")
            parts.append(run if isinstance(run, slice) else _NO_PART)
    if not between:  # one part alone would not come as one of several
        between, parts = [b""], [*parts, _NO_PART]
    pieces = [b""] * (len(parts) + len(between))
    pieces[1::2] = between
    return Mould(itemgetter(*parts), tuple(pieces))


def _runs(of_shape: bytes, one: bytes, other: bytes) -> Iterator[bytes | slice]:
    """The encoded form as parts of the sentence, and what was put between them."""
    runs = groupby(enumerate(_distances(of_shape, one, other)), lambda each: each[1])
    for distance, run in runs:
        places = [at for at, _ in run]
        first, after = places[0], places[-1] + 1
        yield one[first:after] if distance is None else slice(first + distance, after + distance)


def _distances(of_shape: bytes, one: bytes, other: bytes) -> Iterator[int | None]:
    """How far from each sign of the encoded form the same sign stands in the sentence; None for what was put in."""
    letters = iter([at for at, sign in enumerate(of_shape) if sign == _ONE])
    distance = 0
    for at, (mine, its) in enumerate(zip(one, other, strict=True)):
        if mine != its:  # a letter, as they keep their order
            distance = next(letters) - at
            yield distance
        else:
            yield distance if mine != _ONE and of_shape[at + distance : at + distance + 1] == bytes([mine]) else None
