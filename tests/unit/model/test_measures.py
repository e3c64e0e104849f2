"""Measures: precision, recall and what is made of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.measures import Measure, by_topic, mean_f1, together

TOPICS = ("carers", "law", "events")
SOME = st.frozensets(st.sampled_from(TOPICS))


def test_right_wrong_and_missed_are_counted_by_topic() -> None:
    """A topic that is neither wanted nor found of an item is no decision of its own."""
    pairs = [({"carers", "law"}, {"carers"}), ({"carers"}, {"carers", "events"}), (set(), set())]

    assert by_topic(pairs, topics=TOPICS) == {
        "carers": Measure(right=2),
        "law": Measure(missed=1),
        "events": Measure(wrong=1),
    }


def test_shares_are_reckoned_from_the_counts() -> None:
    """Three of four found were wanted, three of five wanted were found."""
    measure = Measure(right=3, wrong=1, missed=2)

    assert (measure.precision, measure.recall) == (0.75, 0.6)
    assert measure.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))


def test_a_share_of_nothing_is_whole() -> None:
    """Where nothing was wanted and nothing found, nothing is wrong; where nothing right was found, nothing is good."""
    assert (Measure().precision, Measure().recall, Measure().f1) == (1, 1, 1)
    assert (Measure(missed=1).precision, Measure(missed=1).recall, Measure(missed=1).f1) == (1, 0, 0)
    assert mean_f1({}) == 1


def test_topics_that_are_not_asked_for_are_left_out() -> None:
    """Labels may name topics that a newsletter does not have."""
    assert by_topic([({"sport", "law"}, {"law"})], topics=["law"]) == {"law": Measure(right=1)}


@given(pairs=st.lists(st.tuples(SOME, SOME)))
def test_all_together_are_the_decisions_one_by_one(pairs: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    """However they are split into topics, each decision counts once, and macro lies between the best and the worst."""
    measured = by_topic(pairs, topics=TOPICS)
    sums = together(measured)

    assert sums.right == sum(len(wanted & found) for wanted, found in pairs)
    assert sums.wrong == sum(len(found - wanted) for wanted, found in pairs)
    assert sums.missed == sum(len(wanted - found) for wanted, found in pairs)
    assert min(one.f1 for one in measured.values()) <= mean_f1(measured) + 1e-9
    assert mean_f1(measured) <= max(one.f1 for one in measured.values()) + 1e-9
