"""Moulds: sentences that differ in nothing but letters and digits are encoded without being looked through again."""

from datetime import date, timedelta
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from digest.rendering import encoding
from digest.rendering.moulds import mould, shape

#: What encoding treats in ways of its own, beside letters and digits.
SIGNS = st.sampled_from([*"aF9Z.•é \t\n\0&<\"='\u00a0\u2028\ud800", "  ", "From ", "From", "x" * 71, "some words "])
SENTENCES = st.lists(SIGNS, max_size=30).map("".join)


def often(value: str) -> tuple[bytes, bytes]:
    """The value as it is encoded once its shape is known."""
    return [encoding.both_values(value) for _ in range(5)][-1]


@given(SENTENCES, SENTENCES)
@example("a", "•••@b.example")
@example("Fro", "m the start")
@example("From\u00a0me", "to you")
@example("F\0rom", "me to you")
@example("x" * 80, "From\u00a0me to you")
def test_a_sentence_out_of_a_mould_is_encoded_as_any_other(before: str, after: str) -> None:
    """Whatever it holds, and whatever becomes of it."""
    value = f"{before} {after}"

    assert often(value) == (encoding.text_value(value), encoding.html_value(value))


@given(st.integers(1, 400), st.sampled_from(["", ".", "-"]))
def test_a_word_is_encoded_as_any_other_value(length: int, sign: str) -> None:
    """However many lines it has, and whatever they would begin with."""
    value = (sign + "x" * length)[:length]
    for word in (value, value[::-1], "x" * 75 + value):
        assert often(word) == (encoding.text_value(word), encoding.html_value(word))


@given(SENTENCES, st.randoms(use_true_random=False))
def test_one_mould_is_for_all_sentences_of_a_shape(sentence: str, lot: Random) -> None:
    """Letters and digits of ASCII may be any others, and the mould was made of neither."""
    sentence = "".join(sign for sign in sentence.replace("From", "Form") if sign.isprintable())
    others = "".join(lot.choice("bcdE07") if each in "aorm9Zxsewd" else each for each in sentence)
    shapes = [shape(each.encode()) for each in (sentence, others)]

    assert shapes[0] is not None
    assert shapes[0] == shapes[1]
    made = mould(shapes[0], encoding.html_value)
    for each in (sentence, others):
        assert made.filled(each.encode()) == encoding.html_value(each)


def test_readers_who_signed_up_on_different_days_share_a_mould() -> None:
    """Days and domains are hardly ever both the same; how long they are is."""
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    said = {f"Since {day.day} {day:%B} {day.year} with p•••@{host}.example." for day in days for host in ("ab", "cd")}

    assert len(said) == 730
    assert len({shape(each.encode()) for each in said}) < 20
