"""Phrases: words that depend on numbers, dates and names."""

from datetime import date

import pytest

from digest.model.cadence import Cadence
from digest.rendering.phrases import ENGLISH
from subscribers.address import masked
from tests.unit.rendering.samples import article

ON = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("pieces", "topics", "words"),
    [
        (7, 3, "Seven new pieces on your three topics"),
        (1, 1, "One new piece on your topic"),
        (13, 12, "13 new pieces on your twelve topics"),
        (2, None, "Two new pieces on all topics"),
        (0, 2, "Nothing new on your two topics this time"),
        (1200, 13, "1,200 new pieces on your 13 topics"),
    ],
)
def test_headline(pieces: int, topics: int | None, words: str):
    """Spelled to twelve; one is singular."""
    assert ENGLISH.headline(pieces, topics) == words


def test_meta_of_dated_news_and_of_a_post_with_people():
    """News has a day and a reading time, a post its people and its length."""
    news = article(1, "T", published_on=date(2026, 11, 18), reading_minutes=4)
    post = article(2, "T", people=("Ruth Adeyemi", "Tom Hale"), source="Blog", word_count=1240, published_on=None)

    assert ENGLISH.meta(news, on=ON) == "18 November · Research news · 4 min read"
    assert ENGLISH.meta(post, on=ON) == "By Ruth Adeyemi and Tom Hale · Blog · 1,240 words"


def test_meta_leaves_out_what_is_unknown():
    """No date, no length, no "None"."""
    bare = article(1, "T", published_on=None, reading_minutes=None, word_count=None)

    assert ENGLISH.meta(bare, on=ON) == "Research news"


def test_a_day_of_another_year_has_its_year():
    """In January, December was last year."""
    assert ENGLISH.day(date(2025, 12, 30), on=ON) == "30 December 2025"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["Unpaid carers", "Safeguarding and risk", "Budgets"], "Unpaid carers, Safeguarding and risk, and Budgets"),
    ],
)
def test_lists_of_names(names: list[str], words: str):
    """A name with an "and" of its own asks for a comma before the last."""
    assert ENGLISH.listed(names) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Priya", "Hello Priya,"),
        ("  Priya \n Shah ", "Hello Priya Shah,"),
        ("", "Hello,"),
        ("Win money at https://evil.example", "Hello,"),
        ("www.evil.example", "Hello,"),
        ("x" * 61, "Hello,"),
    ],
)
def test_greeting(name: str, words: str):
    """A form that mails whatever is typed as a name to any address would be an advertiser's tool."""
    assert ENGLISH.greeting(name) == words


def test_why_says_when_with_which_address_and_what():
    """The address is masked: letters are forwarded."""
    words = ENGLISH.why(
        cadence=Cadence.MONTHLY,
        signed_up_on=date(2026, 3, 3),
        address="priya@example.org",
        topics=["Unpaid carers", "Mental health"],
    )

    assert words == (
        "You get this once a month because you signed up on 3 March 2026 with p•••@example.org and chose "
        "Unpaid carers and Mental health."
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("priya@example.org", "p•••@example.org"),
        ("a@b.example", "a•••@b.example"),
        ('"a@b"@c.example', '"•••@c.example'),
    ],
)
def test_masked(address: str, shown: str):
    """Its owner recognises it, a passer-by does not."""
    assert masked(address) == shown


def test_also_in_nothing_is_nothing():
    """Most items stand under one topic."""
    assert ENGLISH.also_in([]) == ""
    assert ENGLISH.also_in(["Housing", "Budgets"]) == "Also in Housing and Budgets"
