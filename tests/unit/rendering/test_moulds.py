"""Moulds: sentences that differ in nothing but letters and digits are encoded without being looked through again."""

from datetime import date, timedelta
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from digest.rendering import encoding
from digest.rendering.moulds import mould, shape

#: What encoding treats in ways of their own, beside letters and digits.
SIGNS = st.sampled_from([*"aF9Z.•é \t\n\0&<\"='", "  ", "\u2028", "\ud800", "From ", "x" * 71, "some words "])
SENTENCES = st.lists(SIGNS, max_size=30).map("".join)


@given(SENTENCES, SENTENCES)
@example("a", "•••@b.example")
@example("Fro", "m the start")
def test_a_sentence_out_of_a_mould_is_encoded_as_any_other(before: str, after: str) -> None:
    """Whatever it holds."""
    value = f"{before} {after}"

    assert encoding.both_values(value) == (encoding.text_value(value), encoding.html_value(value))


@given(SENTENCES, st.randoms(use_true_random=False))
def test_one_mould_is_for_all_sentences_of_a_shape(sentence: str, lot: Random) -> None:
    """Letters and digits of ASCII may be any others, and the mould was made of neither."""
    others = "".join(lot.choice("bcdE07") if each.isascii() and each.isalnum() else each for each in sentence)
    shapes = [shape(each.encode("utf-8", "surrogatepass")) for each in (sentence, others)]
    if None in shapes or "F" in sentence:
        return

    assert shapes[0] == shapes[1]
    made = mould(shapes[0] or b"", encoding.html_value)
    for each in (sentence, others):
        assert made.filled(each.encode("utf-8", "surrogatepass")) == encoding.html_value(each)


def test_readers_who_signed_up_on_different_days_share_a_mould() -> None:
    """Days and domains are hardly ever both the same; how long they are is."""
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    said = {f"Since {day.day} {day:%B} {day.year} with p•••@{host}.example." for day in days for host in ("ab", "cd")}

    assert len(said) == 730
    assert len({shape(each.encode()) for each in said}) < 20
