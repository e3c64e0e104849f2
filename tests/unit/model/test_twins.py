"""The same piece from two sources is known as such, and two pieces of one name are not."""

import string
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.item import FoundItem
from digest.model.twins import Sketch, are_twins, marks

TEXT = (
    "More than a third of those who care for somebody at home have not had a day to themselves since last summer. "
    "That is what a survey of four thousand people in nine counties has found. Most say that they would rather have "
    "a few hours each week than a fortnight once a year, and that they do not know whom to ask. The councils answer "
    "that money for such hours is there but that workers are not, above all in the villages and at weekends."
)
OTHER = (
    "The trust is looking for a nurse, two drivers and somebody who can mend chairs. The posts are for a year, with "
    "a chance of more. Whoever would like to come and see the house first is welcome on any Tuesday afternoon. Write "
    "to the matron, who will also say what is paid. The garden, which used to be the pride of the place, needs a hand."
)
TITLE = "A third of carers had no day off"
PIECE = Sketch(TITLE, "https://paper.example/carers", TEXT, date(2026, 11, 3))
ELSEWHERE = replace(PIECE, link="https://other.example/2026/11/no-day-off")


@pytest.mark.parametrize(
    "other",
    [
        replace(PIECE, title="Quite another title", text=OTHER, published=None),
        replace(PIECE, link="http://www.paper.example/carers/", text="", title="x"),
        replace(PIECE, link="https://www.paper.example/carers", published=date(2020, 1, 1)),
        ELSEWHERE,
        replace(ELSEWHERE, title="A THIRD of carers – had “no day-off”!"),
        replace(ELSEWHERE, text=TEXT[:200]),
        replace(ELSEWHERE, text="By our own reporter. " + TEXT + " Read more on our pages."),
        replace(ELSEWHERE, published=date(2026, 11, 17)),
        replace(ELSEWHERE, published=datetime(2026, 10, 20, 23, tzinfo=UTC)),
        replace(ELSEWHERE, published=None),
        replace(ELSEWHERE, title="No day off for carers, says survey"),
        replace(ELSEWHERE, title="No day off for carers, says survey", published=date(2026, 1, 1)),
        replace(ELSEWHERE, title="Survey", text=TEXT.replace("summer", "autumn").upper()),
    ],
)
def test_the_same_piece_is_known_elsewhere(other):
    """By its link; by its title with a text alike or cut short; by a long text under any title."""
    assert are_twins(PIECE, other)
    assert are_twins(other, PIECE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ELSEWHERE, replace(PIECE, text=OTHER)),
        (replace(ELSEWHERE, text=TEXT[:300]), replace(PIECE, published=date(2026, 12, 1))),
        (replace(ELSEWHERE, text=""), PIECE),
        (replace(ELSEWHERE, text=""), replace(PIECE, text="")),
        (replace(ELSEWHERE, title="Newsletter November"), replace(PIECE, title="Newsletter November", text=OTHER)),
        (replace(ELSEWHERE, title="Vacancies", text=""), replace(PIECE, title="Vacancies")),
        (replace(ELSEWHERE, title="Vacancies", text=""), replace(PIECE, title="Vacancies", text="")),
        (replace(ELSEWHERE, title="Another title"), replace(PIECE, text=TEXT[:250])),
        (replace(ELSEWHERE, title="One", text="Read more"), replace(PIECE, title="Two", text="Read more")),
        (replace(ELSEWHERE, title="", text=""), replace(PIECE, title="", text="")),
        (
            replace(PIECE, link="https://paper.example/", title="a", text=""),
            replace(PIECE, link="https://paper.example", title="b", text=""),
        ),
        (
            replace(PIECE, link="https://paper.example/?p=1", title="a", text=""),
            replace(PIECE, link="https://paper.example/?p=2", title="b", text=""),
        ),
        (replace(PIECE, link=None, title="a", text=""), replace(PIECE, link=None, title="b", text="")),
    ],
)
def test_two_pieces_of_one_name_stay_two(one, other):
    """Generic titles, the same title a month later, short texts that say nothing, the front page as a link."""
    assert not are_twins(one, other)
    assert not are_twins(other, one)


def test_scripts_without_spaces_are_compared_too():
    """Sign by sign."""
    text = "介護する家族への支援が必要だと新しい研究が示した。地域ごとに相談窓口を設けるべきだという。"
    one = Sketch("在宅介護の新しい手引き", "https://a.example/1", text, None)

    assert are_twins(one, replace(one, link="https://b.example/2", text=text[:30]))
    assert not are_twins(
        one, replace(one, link="https://b.example/2", text="庭を直せる人を探している。火曜の午後に家を見に来てほしい。")
    )


def item(sketch: Sketch) -> FoundItem:
    return FoundItem(
        title=sketch.title, link=sketch.link, published=sketch.published, body_html="", body_text=sketch.text
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(PIECE, link="http://www.paper.example/carers/", title="x y", text=""),
        replace(ELSEWHERE, text=""),
        replace(ELSEWHERE, title="Survey"),
        replace(ELSEWHERE, title="Survey", text=TEXT[:200]),
        replace(ELSEWHERE, title="Survey", text=TEXT.upper()),
    ],
)
def test_twins_share_a_mark(other):
    """So that a table can be asked for them."""
    assert marks(item(PIECE)) & marks(item(other))


def test_pieces_that_have_nothing_in_common_share_no_mark():
    """Else everything would have to be compared with everything."""
    other = Sketch("Vacancies at the house", "https://trust.example/jobs", OTHER, None)

    assert not marks(item(PIECE)) & marks(item(other))


def test_a_generic_title_is_no_mark():
    """Nor is a front page, nor a text of three words."""
    assert (
        marks(item(Sketch("Newsletter November 2026", "https://paper.example/", "Read it here", None))) == frozenset()
    )


@given(
    st.text(max_size=40),
    st.none() | st.text(string.ascii_letters + ":/.?#", max_size=30),
    st.text(max_size=200) | st.just("word " * 5000),
)
def test_marks_are_few_and_fit_a_column(title, link, text):
    """At most eight signed numbers of 64 bits, the same each time."""
    found = item(Sketch(title, link, text, None))

    assert len(marks(found)) <= 8
    assert all(-(2**63) <= mark < 2**63 for mark in marks(found))
    assert marks(found) == marks(found)


def test_marks_are_the_same_in_every_process():
    """They are kept: a change here would part all pieces from their twins."""
    found = item(Sketch("One two three four", "https://paper.example/a", "", None))

    assert sorted(marks(found)) == [2848158169753512639, 4972220310376784387]


@given(st.text(max_size=80), st.text(max_size=300), st.text(max_size=300))
def test_a_piece_is_judged_the_same_from_either_side(title, first, second):
    """Whatever the two say."""
    one, other = Sketch(title, None, first, None), Sketch(title, None, second, None)

    assert are_twins(one, other) == are_twins(other, one)
