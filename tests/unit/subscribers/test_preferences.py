"""Preferences: sets of topics, shared by all who chose the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import Never
from subscribers.preferences import EVERYTHING, Preference, from_text, parse, unknown

CARERS_AND_LAW = Preference(frozenset({"carers", "law"}))


@pytest.mark.parametrize(
    "text", ["carers,law", "law;carers", " Law , CARERS ", "carers law", "law\tcarers,", "law,,law;carers"]
)
def test_topics_are_written_with_commas_semicolons_or_spaces(text: str) -> None:
    """In any order and case."""
    assert parse(text) == CARERS_AND_LAW


@pytest.mark.parametrize("text", ["", "  ", "all", "ALL", "carers,all"])
def test_all_or_nothing_said_is_everything(text: str) -> None:
    """Also topics that come later."""
    assert parse(text) is EVERYTHING


@pytest.mark.parametrize("text", [",", ";", " ,; "])
def test_commas_alone_choose_nothing_for_anybody(text: str) -> None:
    """Least of all everything: somebody has lost the topics on the way."""
    with pytest.raises(Never, match="names no topic"):
        parse(text)


def test_equal_sets_have_one_key_and_others_another() -> None:
    """The key is what rows are shared by."""
    assert parse("law,carers").key == CARERS_AND_LAW.key
    assert len({CARERS_AND_LAW.key, EVERYTHING.key, parse("law").key, Preference(frozenset()).key}) == 4


def test_everything_is_not_the_same_as_every_topic_there_is() -> None:
    """Whoever chose them one by one does not get what comes later."""
    assert Preference(frozenset({"carers", "law"})) != EVERYTHING
    assert str(EVERYTHING) == "all"


@given(st.none() | st.frozensets(st.text(max_size=20), max_size=8))
def test_a_preference_is_read_back_as_it_was_written(topics: frozenset[str] | None) -> None:
    """What is stored is what was chosen."""
    assert from_text(Preference(topics).text) == Preference(topics)


@given(st.frozensets(st.text("abc-12", min_size=1, max_size=9), min_size=1, max_size=5))
def test_what_is_shown_to_people_can_be_typed_in_again(topics: frozenset[str]) -> None:
    """An export is an import."""
    assert parse(str(Preference(topics))) == Preference(topics)


def test_topics_that_are_not_there_are_named_in_order() -> None:
    """Everything names none."""
    assert unknown(parse("zoo,law,art"), ["law", "carers"]) == ["art", "zoo"]
    assert unknown(EVERYTHING, []) == []
