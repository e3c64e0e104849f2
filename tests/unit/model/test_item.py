"""Items: how one is known again, and when it counts as published."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from digest.model.item import FoundItem, Image, Item, ItemId, day, own_guid

LONDON, AUCKLAND = ZoneInfo("Europe/London"), ZoneInfo("Pacific/Auckland")
FOUND = FoundItem(
    title="First nights home",
    link="https://example.org/first-nights",
    published=date(2026, 11, 3),
    people=("Priya Rao",),
    body_html="<p>What helps.</p>",
    body_text="What helps.",
    word_count=440,
)
ITEM = Item(
    id=ItemId(1),
    source="news",
    title="First nights home",
    link=None,
    published=None,
    first_seen_at=datetime(2026, 11, 5, 9, tzinfo=UTC),
    people=(),
    body_html="",
    body_text="",
    word_count=None,
    excerpt=False,
    topics=(),
)


def test_an_item_is_known_by_its_guid_else_its_link_else_its_words() -> None:
    """What the source says first counts first; the rest may change."""
    by_guid = replace(FOUND, guid="tag:1")

    assert by_guid.identity == replace(by_guid, link="https://example.org/moved", title="New title").identity
    assert FOUND.identity == replace(FOUND, title="New title").identity
    assert FOUND.identity != replace(FOUND, link="https://example.org/moved").identity
    assert FOUND.identity != by_guid.identity


def test_an_item_stays_the_same_however_its_guid_or_link_is_written() -> None:
    """A site that moves to https changes both, and neither tells its items from what they were."""
    plain, secure = "http://www.example.org/?p=1", "https://example.org/?p=1"

    assert replace(FOUND, guid=plain).identity == replace(FOUND, guid=secure).identity
    assert replace(FOUND, link=plain).identity == replace(FOUND, link=secure).identity
    assert replace(FOUND, guid=plain).identity != replace(FOUND, guid="https://example.org/?p=2").identity


@pytest.mark.parametrize(
    ("guid", "own"),
    [
        (None, None),
        ("https://example.org/1", None),
        ("http://www.example.org/1/", None),
        ("https://example.org/?p=1", "https://example.org/?p=1"),
        ("http://example.org/?p=1", "https://example.org/?p=1"),
        ("tag:1", "tag:1"),
    ],
)
def test_a_guid_that_is_but_the_link_is_no_identifier_of_its_own(guid: str | None, own: str | None) -> None:
    """It says no more than the link does, however it is written."""
    assert own_guid(guid, "https://example.org/1") == own


def test_a_guid_without_a_link_is_an_identifier_of_its_own() -> None:
    """Also where it is an address."""
    assert own_guid("https://example.org/1", None) == "https://example.org/1"


def test_an_item_without_link_is_known_by_title_and_first_words_however_they_are_spaced() -> None:
    """A page saved anew with other line breaks holds the same items."""
    bare = replace(FOUND, link=None)

    assert bare.identity == replace(bare, title="FIRST  nights\nhome", body_text="What\n\nhelps.").identity
    assert bare.identity != replace(bare, title="Second nights home").identity
    assert bare.identity != replace(bare, body_text="What else helps.").identity


@pytest.mark.parametrize(
    "change",
    [
        {"title": "First weeks home"},
        {"link": "https://example.org/moved"},
        {"published": date(2026, 11, 4)},
        {"published": None},
        {"people": ()},
        {"body_html": "<p>What helps most.</p>"},
        {"word_count": 441},
        {"excerpt": True},
        {"lead": "What it is about."},
        {"images": (Image(url="https://example.org/a.jpg"),)},
        {"images": (Image(url="https://example.org/a.jpg", alt="A gate"),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_a_reader_would_see_changes_the_fingerprint(change: dict[str, object]) -> None:
    """Otherwise a correction at the source would be missed."""
    assert replace(FOUND, **change).fingerprint != FOUND.fingerprint  # type: ignore[arg-type]


def test_what_no_reader_sees_leaves_the_fingerprint_alone() -> None:
    """A source that files anew has not changed the piece."""
    assert replace(FOUND, categories=("News",), language="en").fingerprint == FOUND.fingerprint


def test_a_bare_day_begins_at_local_midnight() -> None:
    """In London it begins twelve hours and more after it does in Auckland."""
    dated = replace(ITEM, published=date(2026, 7, 1))

    assert dated.dated_at(LONDON) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert dated.dated_at(AUCKLAND) == datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_an_instant_is_that_instant_and_no_date_is_when_it_was_first_seen() -> None:
    """What has no date comes as new when it is found."""
    at = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=5)))

    assert replace(ITEM, published=at).dated_at(LONDON) == at
    assert ITEM.dated_at(LONDON) == ITEM.first_seen_at


def test_a_reader_sees_the_day_of_their_own_zone_but_a_bare_day_stays() -> None:
    """Eleven at night in UTC is tomorrow in Auckland."""
    late = datetime(2026, 7, 1, 23, tzinfo=UTC)

    assert (day(late, LONDON), day(late, AUCKLAND)) == (date(2026, 7, 2), date(2026, 7, 2))
    assert day(late, ZoneInfo("America/New_York")) == date(2026, 7, 1)
    assert day(date(2026, 7, 1), AUCKLAND) == date(2026, 7, 1)
    assert day(None, LONDON) is None


@pytest.mark.parametrize(("words", "minutes"), [(None, None), (0, 1), (30, 1), (440, 2), (1100, 5)])
def test_reading_takes_whole_minutes_and_at_least_one(words: int | None, minutes: int | None) -> None:
    """Of unknown length, it takes an unknown time."""
    assert replace(ITEM, word_count=words).reading_minutes == minutes
