"""JSON Feed of both versions is read, and what others add to it is passed over."""

import json
from datetime import UTC, datetime

import pytest

from digest.errors import UnreadableSource
from digest.model.item import Image
from digest.sources import jsonfeed, jsonitems


def feed_of(*entries: dict[str, object], version: str = "1.1", **feed: object) -> str:
    return json.dumps({"version": f"https://jsonfeed.org/version/{version}", "title": "x", "items": entries} | feed)


def test_a_json_feed_is_read():
    """Keys of others are passed over, as the format asks."""
    entry = {
        "id": "1",
        "url": "https://hill.example/1?utm_source=feed",
        "title": "A <b>title</b>",
        "content_html": "<p>One <b>two</b></p>",
        "content_text": "ignored",
        "summary": "What it is about.",
        "date_published": "2014-12-16T10:00:00Z",
        "authors": [{"name": "Ann Lee", "url": "https://ann.example"}, {"avatar": "x"}],
        "tags": ["law"],
        "_other": {"x": 1},
    }
    (item,) = jsonitems.read(feed_of(entry, language="en"))

    assert (item.title, item.guid, item.link) == ("A title", "1", "https://hill.example/1")
    assert (item.people, item.categories, item.language) == (("Ann Lee",), ("law",), "en")
    assert (item.body_html, item.word_count, item.excerpt) == ("<p>One <b>two</b></p>", 2, False)
    assert item.lead == "What it is about."
    assert item.published == datetime(2014, 12, 16, 10, tzinfo=UTC)


def test_a_json_feed_may_have_little():
    """A summary alone is an excerpt; an entry without a title gets its first words; ids may be numbers."""
    summary, untitled = jsonitems.read(
        feed_of({"id": 7, "title": "t", "summary": "s"}, {"id": "8", "content_text": "some words"}),
        base="https://h.example/",
    )

    assert (summary.guid, summary.excerpt, summary.word_count, summary.lead) == ("7", True, None, "")
    assert (untitled.title, untitled.excerpt) == ("some words", False)


def test_version_1_names_one_author_and_a_feed_may_name_its_own():
    """Those of the entry come first, in whichever version's words."""
    first, second, third = jsonitems.read(
        feed_of(
            {"id": "1", "content_text": "x", "author": {"name": "Ann Lee"}},
            {"id": "2", "content_text": "y"},
            {"id": "3", "content_text": "z", "authors": []},
            version="1",
            author={"name": "Bo Rae"},
        )
    )

    assert (first.people, second.people, third.people) == (("Ann Lee",), ("Bo Rae",), ("Bo Rae",))


def test_pictures_stand_beside_the_text():
    """The image, the banner, attachments that are pictures, then those within the text; each once."""
    entry = {
        "id": "1",
        "content_html": "<p>x</p><img src='/b.png' alt='Two'><img src='/c.png'>",
        "image": "/a.png",
        "banner_image": "/b.png",
        "attachments": [
            {"url": "/d.png", "mime_type": "image/png", "title": "Four"},
            {"url": "/e.mp3", "mime_type": "audio/mpeg"},
            {"url": 7, "mime_type": "image/png"},
            {"url": "javascript:x", "mime_type": "image/png"},
            "odd",
        ],
    }
    (item,) = jsonitems.read(feed_of(entry), base="https://h.example/feed")

    assert [(image.url, image.alt) for image in item.images] == [
        ("https://h.example/a.png", ""),
        ("https://h.example/b.png", "Two"),
        ("https://h.example/d.png", "Four"),
        ("https://h.example/c.png", ""),
    ]
    assert item.images[2] == Image(url="https://h.example/d.png", alt="Four")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        7,
        {"id": "1", "title": 7},
        {"id": "1", "content_html": []},
        {"id": "1", "content_text": "x", "authors": "Ann"},
        {"id": "1", "content_text": "x", "url": 5},
        {"id": "1", "content_text": "x", "url": "javascript:x"},
        {"id": "1", "content_text": "x", "date_published": "soon"},
        {"id": "1"},
    ],
)
def test_a_wrong_entry_of_a_json_feed_is_named(entry):
    """By its number."""
    with pytest.raises(UnreadableSource, match="entry 1"):
        jsonitems.read(feed_of(entry))


@pytest.mark.parametrize("items", [None, {}, "x", 7])
def test_a_feed_without_a_list_is_refused(items):
    """With what it should have."""
    with pytest.raises(UnreadableSource, match="no list of items"):
        jsonitems.read(feed_of(items=items))


@pytest.mark.parametrize(("title", "name"), [(" Hill\n<b>news</b> ", "Hill news"), (None, ""), (7, "7")])
def test_a_feed_tells_its_name(title, name):
    """In one line."""
    assert jsonfeed.feed_name({"title": title}) == name
