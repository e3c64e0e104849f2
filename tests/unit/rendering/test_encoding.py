"""Quoted-printable in pieces: joined in any way, they stay within the lines the standard allows."""

import quopri

from hypothesis import given
from hypothesis import strategies as st

from digest.rendering import encoding

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_joined_pieces_decode_to_what_they_were_and_no_line_is_longer_than_76(texts: list[str]) -> None:
    """RFC 2045 §6.7: a soft break counts as part of its line."""
    joined = b"".join(encoding.literal(text) for text in texts)

    assert max(len(line) for line in joined.split(b"\r\n")) <= 76
    assert quopri.decodestring(joined.replace(b"\r\n", b"\n")).decode() == "".join(texts)


def test_a_last_line_that_is_full_makes_room_for_its_soft_break() -> None:
    """Seventy-six signs are a whole line; the break after them needs a line of its own."""
    for length in range(70, 80):
        encoded = encoding.literal("x" * (length - 3) + "•")

        assert max(len(line) for line in encoded.split(b"\r\n")) <= 76


DOTTED = st.text(alphabet=".a• \n", min_size=1, max_size=250).map(lambda text: text.replace("\n", "\r\n"))


@given(st.lists(DOTTED, min_size=1, max_size=4))
def test_no_line_begins_with_a_dot(texts: list[str]) -> None:
    """On the wire it would have to be doubled (RFC 5321, 4.5.2), and each message be looked through for it."""
    joined = b"".join(encoding.literal(text) for text in texts)

    assert not joined.startswith(b".")
    assert b"\r\n." not in joined
    assert max(len(line) for line in joined.split(b"\r\n")) <= 76
    assert quopri.decodestring(joined.replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n") == "".join(texts)


@given(st.text(alphabet=".a• &", max_size=100))
def test_a_value_neither(value: str) -> None:
    """Also where it needs nothing else done to it."""
    assert not encoding.text_value(value).startswith(b".")
    assert not encoding.html_value(value).startswith(b".")
