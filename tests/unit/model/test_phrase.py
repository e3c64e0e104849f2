"""Phrases: the signs an editor may write, and where a phrase is found, compared with the plain way of looking."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.model.filing import Finder, Reading
from digest.model.phrase import BadPhrase, Phrase, folded, parse, problem_with

# Letters that know odd relations, marks that combine, signs that part words or do not.
ODD = "aAiIkKsSıİſKßσςΣµé\u0301_09'’-\u2010\u2011 \t\n\u00a0.,:;+&*^\\()"
WORDS = st.sampled_from(["care", "Carer", "carers", "self", "harm", "ſelf", "k", "İ", "50+", "R&D", "don’t", "été"])
JOINS = st.sampled_from([" ", "-", "\n", "  ", ", ", "", "’s ", "\u2011"])
TEXTS = st.lists(st.one_of(WORDS, JOINS, st.text(ODD, max_size=4), st.text(max_size=3)), max_size=30).map("".join)
PHRASES = st.lists(st.one_of(WORDS, JOINS, st.sampled_from("aiksſı*")), min_size=1, max_size=4).map("".join)


def one_by_one(phrase: Phrase, text: str) -> int:
    """How often a phrase is in a text, by a pattern that says what a mention is."""
    words = re.split(r"[\s\u2010\u2011-]+", re.sub(r"\\(.)", r"\1", phrase.words.removesuffix("*" * phrase.open_ended)))
    body = r"[\s\u2010\u2011-]+".join(re.sub("['’]", "['’]", re.escape(word)) for word in words if word)
    ending = r"\w*" if phrase.open_ended else r"(?!\w)"
    return len(re.findall(rf"(?<!\w){body}{ending}", text, re.IGNORECASE))


def found(phrases: list[Phrase], text: str) -> dict[int, int]:
    """How often each phrase is found that is."""
    return {number: len(spans) for number, spans in Finder(phrases).find(Reading(text))}


@pytest.mark.parametrize(
    ("written", "phrase"),
    [
        ("respite", Phrase(words="respite")),
        ("  South Asian ", Phrase(words="South Asian")),
        ("self-harm", Phrase(words="self-harm")),
        ("title:call for proposals", Phrase(words="call for proposals", part="title")),
        ("Category: Methods", Phrase(words="Methods", part="category")),
        ("people:Ruth Hale", Phrase(words="Ruth Hale", part="people")),
        ("respite^2", Phrase(words="respite", weight=2)),
        ("respite^0.5", Phrase(words="respite", weight=0.5)),
        ("-stroke of luck", Phrase(words="stroke of luck", against=True)),
        ("-young carer*^9", Phrase(words="young carer*", weight=9, against=True)),
        ("-text:break*^2.5", Phrase(words="break*", part="text", weight=2.5, against=True)),
        ("care: a guide", Phrase(words="care: a guide")),
        ("3:1 care", Phrase(words="3:1 care")),
        ("50+", Phrase(words="50+")),
        (r"re\:think", Phrase(words=r"re\:think")),
        (r"x\^2", Phrase(words=r"x\^2")),
    ],
)
def test_signs_are_read_as_search_boxes_read_them(written: str, phrase: Phrase) -> None:
    """What has no sign keeps its plain meaning."""
    assert parse(written) == phrase
    assert problem_with(written) == ""


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "no words"),
        (" * ", "no words"),
        ("-", "no words"),
        ("title:", "no words"),
        ("-title:*^3", "no words"),
        ("titel:respite", "“titel” is not a part of an item; write title, text, category or people."),
        ("respite^", "“^” is not a weight; write ^ and a number from 0.1 to 99."),
        ("respite^two", "“^two” is not a weight"),
        ("respite^0", "“^0” is not a weight"),
        ("respite^100", "“^100” is not a weight"),
        ("respite^-1", "“^-1” is not a weight"),
        ("respite^nan", "“^nan” is not a weight"),
        ("respite^٣", "“^٣” is not a weight"),
    ],
)
def test_a_slip_of_the_pen_is_told_in_plain_words(written: str, words: str) -> None:
    """What is wrong, and what to write instead."""
    assert words in problem_with(written)
    with pytest.raises(BadPhrase, match=re.escape(words)):
        parse(written)


@given(written=st.text())
def test_whatever_is_written_is_read_or_refused(written: str) -> None:
    """Nothing else comes of it, and what is read can be sought."""
    assert problem_with(written) or parse(written).sought


def test_a_sign_after_a_backslash_is_only_a_sign() -> None:
    """Names of projects and marks may bear such signs."""
    phrases = [parse(r"re\:think"), parse(r"x\^2"), parse(r"5 \*"), parse(r"-\-ism")]

    assert found(phrases, "RE:THINK, x^2 and 5 * 7, an -ism") == {0: 1, 1: 1, 2: 1, 3: 1}
    assert found(phrases, "re think, x2, 5 stars") == {}


def test_letters_are_the_same_exactly_where_a_pattern_without_case_takes_them_for_the_same() -> None:
    """For every sign of Unicode with more to it than one small and one capital letter."""
    signs = [sign for sign in map(chr, range(sys.maxunicode + 1)) if len({sign, sign.lower(), sign.upper()}) > 1]
    odd = [sign for sign in signs if sign not in (sign.lower().upper(), sign.upper().lower())]

    for sign in ["k", "K", "i", "I", *odd]:
        for other in {sign.lower(), sign.upper(), folded(sign)} - {sign}:
            same = re.fullmatch(re.escape(other), sign, re.IGNORECASE) is not None
            assert (folded(other) == folded(sign)) == same, (sign, other)


@given(phrases=st.lists(PHRASES, min_size=1, max_size=6), text=TEXTS)
@example(phrases=["self harm"], text="Self\u2011harm, ſelf-\nharm and self–harm")
@example(phrases=["kin*", "İ"], text="Kinship, Kin, kınd, ı")
@example(phrases=["carer’s right*", "carer's"], text="A carer's rights, carer’s-rights; carers rights")
@example(phrases=["50+", "+50", "50+*"], text="50+ 150+ 50+s a+50 +50")
@example(phrases=["cafe\u0301", "cafe"], text="Café cafe\u0301s cafe\u0301")
@example(phrases=["ΣΑΣ*"], text="σας ΣΑΣ σασ σαςς")
@example(phrases=["a a", "a*"], text="a a a a aa-a")
def test_many_phrases_at_once_are_found_as_each_by_itself(phrases: list[str], text: str) -> None:
    """The quick way and the plain way agree on what is mentioned and how often."""
    sought = [parse(written) for written in phrases if not problem_with(written)]
    counts = {number: one_by_one(phrase, text) for number, phrase in enumerate(sought)}

    assert found(sought, text) == {number: count for number, count in counts.items() if count}


def test_the_first_words_of_a_reading_end_where_they_end() -> None:
    """Counted as spaces and hyphens part them."""
    reading = Reading("Well-known words, and more")

    assert [reading.text[1 : reading.end_of(count)] for count in range(1, 6)] == [
        "well",
        "well known",
        "well known words,",
        "well known words, and",
        "well known words, and more ",
    ]


def test_hostile_texts_are_read_in_time_with_their_length() -> None:
    """A megabyte of one letter, or of one word, ends as soon as any other."""
    phrases = [parse("aaaaaaaaab*"), parse("a a a b"), parse("aa*"), parse("a-a")]

    assert found(phrases, "a" * 1_000_000) == {2: 1}
    assert found(phrases, "a " * 500_000) == {3: 250_000}
