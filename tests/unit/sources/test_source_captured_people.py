"""Bylines tell who wrote a post and how long it is, in whatever words."""

import pytest

from digest.sources.captured_people import bare_name, mended, named_pairs, read_byline


@pytest.mark.parametrize(
    ("text", "people", "count"),
    [
        ("by Ann Lee", ("Ann Lee",), None),
        ("By Dr Ann Lee and Professor Bo O’Neill", ("Ann Lee", "Bo O’Neill"), None),
        (
            "by Ann Lee, Bo Rae and Cy van Dyk, Lecturers at a College. (1,020 words)",
            ("Ann Lee", "Bo Rae", "Cy van Dyk"),
            1020,
        ),
        ("by Ann Lee, Lecturer at Hill College, and Bo Rae, Reader at Dale College", ("Ann Lee", "Bo Rae"), None),
        ("Posted by Ann Lee", ("Ann Lee",), None),
        ("by Ann", ("Ann",), None),
        ("Ann Lee is Senior Lecturer at Hill College. (900 words)", ("Ann Lee",), 900),
        ("Ann Lee and Bo Rae are Research Fellows at Hill College.", ("Ann Lee", "Bo Rae"), None),
        ("Ann Lee is Lecturer at Hill College and Bo Rae is Reader at Dale College.", ("Ann Lee", "Bo Rae"), None),
        ("Dr Ann LeeAnn Lee is Lecturer at Hill College. (20 words)", ("Ann Lee",), 20),
        ("Dr Ann LeeDr Ann Lee is Lecturer at Hill College.", ("Ann Lee",), None),
        ("Ann Lee Ann Lee is Lecturer at Hill College.", ("Ann Lee",), None),
        ("Ann Lee June 2013bAnn Lee and Bo Rae are Readers at Hill College.", ("Ann Lee", "Bo Rae"), None),
        ("Professor Hugh McLeanHugh McLean is Director of Hill House.", ("Hugh McLean",), None),
        ("Hugh McLean is Director of Hill House.", ("Hugh McLean",), None),
        ("José-Luis Núñez is Professor of Law.", ("José-Luis Núñez",), None),
        ("Ann Lee, Professor of Law, University of Hill.", ("Ann Lee",), None),
    ],
)
def test_a_byline_gives_clean_names(text, people, count):
    """Titles, roles, places and glued captions fall away; only the names and the length stay."""
    byline = read_byline(text)

    assert byline is not None
    assert (byline.people, byline.word_count, byline.rest) == (people, count, "")


@pytest.mark.parametrize(
    "text",
    [
        "It is a professor who says so.",
        "By the way, a reader wrote to us.",
        "By Tuesday evening the lecturer had left.",
        "The School is a partnership of three colleges.",
        "Ann Lee is fond of cycling.",
        "Ann Lee is head of nursing at Hill House. She told the lecturer that it was late.",
        "Lee, A. and Rae, B. (2012) A professor’s view. Hill: Hill Press.",
        "Dr Lee is Lecturer at Hill College.",
        "",
        "x" * 5000,
    ],
)
def test_an_ordinary_paragraph_is_no_byline(text):
    """A sentence about somebody is not by somebody."""
    assert read_byline(text) is None


def test_a_sentence_that_says_more_than_who_stays_in_the_text():
    """A byline that introduces the post is part of it, without the caption glued to its front."""
    byline = read_byline("Ann LeeAnn Lee, Reader at Hill College, discusses what a year of visits taught her.")

    assert byline is not None
    assert byline.people == ("Ann Lee",)
    assert byline.rest == "Ann Lee, Reader at Hill College, discusses what a year of visits taught her."


def test_sentences_after_the_byline_stay_in_the_text():
    """Only the sentence that names the writer is taken off."""
    byline = read_byline("Ann Lee is Reader at Hill College. Here she looks back. (300 words)")

    assert byline is not None
    assert byline.rest == "Here she looks back."


def test_a_standfirst_names_the_people_under_its_pictures():
    """Where pictures are captioned with names, those are the writers, in the order of the sentence."""
    byline = read_byline(
        "Bo Rae of Hill and Ann Lee of Dale report on a day in June. (1,369 words)", ["Ann Lee", "Bo Rae"]
    )

    assert byline is not None
    assert (byline.people, byline.word_count) == (("Bo Rae", "Ann Lee"), 1369)
    assert byline.rest == "Bo Rae of Hill and Ann Lee of Dale report on a day in June."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dr Ann Lee", "Ann Lee"),
        ("Associate Professor Ann Lee", "Ann Lee"),
        ("Prof. Dr Ann Lee", "Ann Lee"),
        ("Ann J. Lee", "Ann J. Lee"),
        ("Christopher Dean", "Christopher Dean"),
        ("Vincent van Gogh", "Vincent van Gogh"),
        ("Hill College", ""),
        ("Senior Lecturer", ""),
        ("Ann", ""),
        ("ann lee", ""),
        ("Ann Lee 2", ""),
        ("", ""),
    ],
)
def test_a_name_is_told_from_a_place_and_a_post(text, name):
    """Two to five words with capitals, none of them a role or an institution."""
    assert bare_name(text) == name


def test_a_caption_inside_a_word_is_taken_out():
    """The capture put a picture's caption into the middle of a word."""
    assert mended("Until we arAnn Leee sure", ["Ann Lee"], frozenset()) == "Until we are sure"


def test_a_caption_glued_to_a_paragraph_is_taken_off_when_the_name_is_known():
    """A name that stands elsewhere in the piece, glued to a word, was under a picture."""
    pairs = named_pairs("Cy Moe, who spoke first, has written much.")

    assert mended("Dr Cy MoeAfter lunch we went on.", [], pairs) == "After lunch we went on."


@pytest.mark.parametrize(
    "text", ["Hugh McLean spoke first.", "Cy MoeAfter lunch.", "The iPhone Users met.", "the Ann Lees"]
)
def test_other_words_are_left_as_they_are(text):
    """What is not known to be a caption is not touched."""
    assert mended(text, ["Ann Lee"], frozenset({"Hugh Mc"})) == text
