"""The captured pages, month by month: what a reader gets over a year, and what they never get twice."""

from collections import Counter
from pathlib import Path

import pytest

from digest.model.delivery import DeliveryState
from digest.model.issue import IssueState
from tests.conftest import NEWS
from tests.support.desk import Desk

YEAR = [f"2014-{month:02}" for month in range(2, 13)]


@pytest.fixture
def news(desk: Desk, seeds: Path) -> Desk:
    """A desk with the sixteen news items."""
    desk.import_file(seeds / NEWS)
    return desk


def test_a_reader_of_everything_gets_each_item_exactly_once(news: Desk) -> None:
    """Sixteen items, eleven months, each item in one issue and in no other."""
    news.reader("all@example.org")

    for period in YEAR:
        news.month(period)

    assert Counter(news.received("all@example.org")) == Counter(item.title for item in news.items())
    assert len(news.items()) == 16


def test_a_reader_of_one_topic_gets_only_what_is_filed_there(news: Desk) -> None:
    """Carers means carers: all of that topic, none of the others."""
    news.reader("carer@example.org", "carers")

    for period in YEAR:
        news.month(period)

    filed = {item.title for item in news.items() if "carers" in item.topics}
    assert set(news.received("carer@example.org")) == filed
    assert 0 < len(filed) < 16


def test_a_month_with_nothing_new_is_recorded_as_empty_and_sends_nothing(news: Desk) -> None:
    """No item is dated May 2014, and what April held has been read."""
    news.reader("all@example.org")
    for period in YEAR[:3]:
        news.month(period)

    may = news.month("2014-05")

    assert may.issue.state is IssueState.EMPTY
    assert (may.readers, may.without) == (0, 1)


def test_running_any_step_twice_changes_nothing(news: Desk, seeds: Path) -> None:
    """Imported, composed, approved, published and delivered again, a month stays what it was."""
    news.reader("all@example.org")
    news.month("2014-11")
    before = (news.counts("2014-11"), news.received("all@example.org"), news.items())

    news.import_file(seeds / NEWS)
    news.month("2014-11")

    assert (news.counts("2014-11"), news.received("all@example.org"), news.items()) == before
    assert sum(news.counts("2014-11").values()) == news.counts("2014-11")[DeliveryState.ACCEPTED] == 1


def test_an_item_that_comes_late_comes_in_the_next_issue(desk: Desk, seeds: Path, tmp_path: Path) -> None:
    """A December item, dated back to October and imported after October's issue, arrives in November's."""
    page = (seeds / NEWS).read_text(encoding="utf-8")
    late = tmp_path / "late.txt"
    late.write_text(page.replace("12 December 2014", "12 October 2014"), encoding="utf-8")
    early = tmp_path / "early.txt"
    start, end = page.index("Risk, safeguarding"), page.index("Effective employment")
    early.write_text(page[:start] + page[end:], encoding="utf-8")
    desk.reader("all@example.org")
    desk.import_file(early)
    for period in YEAR[:9]:
        desk.month(period)
    before = set(desk.received("all@example.org"))

    desk.import_file(late)
    desk.month("2014-11")

    new = set(desk.received("all@example.org")) - before
    assert "Risk, safeguarding and personal budgets" in new
    assert len(desk.received("all@example.org")) == len(set(desk.received("all@example.org")))


def test_a_reader_who_changes_topics_gets_nothing_twice(news: Desk) -> None:
    """An item filed under both the old and the new topic came once already."""
    news.reader("mover@example.org", "carers")
    for period in YEAR[:9]:
        news.month(period)

    news.choose("mover@example.org", "equalities,employment,carers")
    for period in YEAR[9:]:
        news.month(period)

    received = news.received("mover@example.org")
    assert len(received) == len(set(received))
    assert any("employment" in item.topics for item in news.items() if item.title in received)


def test_a_new_readers_first_issue_reaches_one_month_back(news: Desk) -> None:
    """Whoever joins in December gets December, not November as well."""
    news.reader("old@example.org")
    for period in YEAR[:10]:
        news.month(period)
    news.reader("new@example.org")

    news.month("2014-12")

    december = {item.title for item in news.items() if item.published and item.published.month == 12}
    assert set(news.received("new@example.org")) == december
