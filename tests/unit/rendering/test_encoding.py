"""Quoted-printable in pieces: joined in any way, they stay within the lines the standard allows."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.dkim import relaxed_body
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


#: Signs, and words that no line may begin with.
SIGNS = st.sampled_from([*".a• \n&", "From ", "x" * 71])
DOTTED = st.lists(SIGNS, min_size=1, max_size=60).map(lambda signs: "".join(signs).replace("\n", "\r\n"))


@given(st.lists(DOTTED, min_size=1, max_size=4))
def test_no_line_begins_with_a_dot_or_as_a_mailbox_file_parts_its_messages(texts: list[str]) -> None:
    """A dot would have to be doubled on the wire (RFC 5321, 4.5.2); some servers make ">From " of the other, and the
    signature holds no more."""
    joined = b"".join(encoding.literal(text) for text in texts)

    assert not joined.startswith(b".")
    assert b"\r\n." not in joined
    assert not joined.startswith(b"From ")
    assert b"\r\nFrom " not in joined
    assert max(len(line) for line in joined.split(b"\r\n")) <= 76
    assert quopri.decodestring(joined.replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n") == "".join(texts)


SPACED = st.lists(st.sampled_from([*" \t.a•\n", "  ", "From ", "x" * 71]), min_size=1, max_size=60)


@given(st.lists(SPACED.map(lambda signs: "".join(signs).replace("\n", "\r\n")), min_size=1, max_size=4))
def test_a_signature_reads_what_is_there(texts: list[str]) -> None:
    """RFC 6376, 3.4.4: no line has a tab, two spaces in a row or one at its end, so that nothing is left to be made
    canonical."""
    joined = b"".join(encoding.literal(text) for text in texts)

    assert relaxed_body(joined + b"--end\r\n") == joined + b"--end\r\n"
    assert max(len(line) for line in joined.split(b"\r\n")) <= 76
    assert b"\r\n." not in joined
    assert b"\r\nFrom " not in joined
    assert quopri.decodestring(joined.replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n") == "".join(texts)


@given(st.lists(SIGNS, max_size=30).map("".join))
def test_a_value_neither(value: str) -> None:
    """Also where it needs nothing else done to it."""
    for encoded in (encoding.text_value(value), encoding.html_value(value)):
        assert not encoded.startswith((b".", b"From "))
        assert b"\r\n." not in encoded
        assert b"\r\nFrom " not in encoded


def test_the_room_for_a_soft_break_begins_no_line_with_a_dot() -> None:
    """A last line that is full is broken once more, perhaps before a dot."""
    for length in range(60, 90):
        for tail in (".ab", "a.b", "ab."):
            assert b"\r\n." not in encoding.literal("x" * length + tail)


SENTENCES = st.lists(SIGNS, max_size=30).map("".join)
NAMING = st.tuples(SENTENCES, st.sampled_from("aF9.é "), SENTENCES)


@given(NAMING)
def test_a_sentence_with_a_masked_address_is_encoded_as_any_other(parts: tuple[str, str, str]) -> None:
    """Though only one of those that differ in the address's first sign is worked out."""
    before, sign, after = parts
    value = f"{before}{sign}•••@{after}"

    assert encoding.both_values(value) == (encoding.text_value(value), encoding.html_value(value))


@pytest.mark.parametrize("text", ["a\r.\rb", "a\r\r\n.\r\nb", "\r.\r", "a\rMAIL FROM:<>\r"])
def test_a_return_without_a_feed_is_a_lines_end_like_any_other(text: str) -> None:
    """Nothing on the wire stands between a line and what some servers would take for the next."""
    whole = encoding.encoded(text)

    assert b"\r" not in whole.replace(b"\r\n", b"")
    assert b"\n" not in whole.replace(b"\r\n", b"")
    assert b"\r\n." not in whole
