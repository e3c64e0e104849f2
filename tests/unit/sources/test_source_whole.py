"""What every item has in common, whichever reader found it."""

from datetime import UTC, date, datetime

import pytest

from digest.errors import UnreadableSource
from digest.model.item import FoundItem, Image
from digest.sources.whole import LEAD_CAP, told_apart, whole_item


def whole(**parts: object) -> FoundItem:
    return whole_item(**{"title": "A title", "html": "<p>Some words of it.</p>", "where": "the item", **parts})  # type: ignore[arg-type]


def test_a_summary_becomes_the_lead():
    """One line, whatever it was."""
    assert whole(lead=" What\r\nit is\u202e about. ").lead == "What it is about."


@pytest.mark.parametrize(
    "lead",
    [
        "",
        " ",
        "Some words of it.",
        "some WORDS",
        "Some words…",
        "Some words of [...]",
        "Some  words of […]",
        "Some, words",
    ],
)
def test_a_lead_that_only_begins_the_text_is_none(lead):
    """Nobody wants to read it twice."""
    assert whole(lead=lead).lead == ""


def test_a_long_lead_is_cut_after_a_word():
    """Five hundred characters, the ellipsis among them."""
    lead = whole(lead="what it says " * 5000).lead

    assert len(lead) <= LEAD_CAP
    assert lead.endswith(("what…", "it…", "says…"))


def test_pictures_that_are_named_come_before_those_within():
    """Within the text itself none is left."""
    given = Image(url="https://e.example/lead.jpg", alt="Lead")
    html = "<p>Text <img src='/b.jpg' alt='B'></p><img src='https://e.example/lead.jpg'>"

    item = whole(html=html, link="https://e.example/1", images=(given,))

    assert item.images == (given, Image(url="https://e.example/b.jpg", alt="B"))
    assert "img" not in item.body_html


def test_a_link_loses_its_tracking_and_a_guid_follows():
    """The item is known by the same, whichever campaign brought it."""
    item = whole(link="https://E.example/1?utm_source=a", guid="https://e.example/1?utm_source=b")
    again = whole(link="https://e.example/1?utm_source=c", guid="https://e.example/1?utm_source=d")

    assert (item.link, item.guid) == ("https://e.example/1", "https://e.example/1")
    assert item.identity == again.identity


def test_a_guid_beyond_reason_is_none():
    """The item is known by its link then."""
    assert whole(link="https://e.example/1", guid="x" * 2001).guid is None
    assert whole(link="https://e.example/1", guid="x" * 2000).guid == "x" * 2000


def test_a_language_is_the_sources_or_a_guess():
    """A tag that says nothing counts as none."""
    german = "<p>Pflegekräfte fehlen überall, sagt eine neue Studie aus der Stadt.</p>"

    assert whole(html=german, language="en_gb").language == "en-GB"
    assert whole(html=german, language="und").language == "de"
    assert whole(html=german).language == "de"
    assert whole(html="<p>Ok.</p>").language is None


@pytest.mark.parametrize(
    "published",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        date(1970, 1, 1),
        date(1, 1, 1),
        datetime(9999, 12, 31, tzinfo=UTC),
        date(1899, 12, 31),
        None,
    ],
)
def test_a_date_that_a_program_made_up_is_none(published):
    """The first day of computers is what those write that do not know."""
    assert whole(published=published).published is None


def test_a_likely_date_is_kept():
    """A day as a day."""
    assert whole(published=date(1970, 1, 2)).published == date(1970, 1, 2)


def test_a_title_is_made_of_the_first_words():
    """Where the source has none."""
    assert whole(title="", html="<ul><li>One, two</li></ul>").title == "One, two"


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"title": "", "html": ""}, "the item has neither a title nor a text"),
        ({"html": "<img src='/x.jpg'>"}, "the item has neither a text nor a link"),
        ({"html": "x" * 300_001}, "the text of the item is longer than 300,000 characters"),
    ],
)
def test_an_item_that_is_not_whole_is_refused(parts, what):
    """With its line, where that is known."""
    with pytest.raises(UnreadableSource, match=what) as refusal:
        whole(line=7, **parts)

    assert refusal.value.line == 7


def found(title: str, guid: str | None = None, link: str | None = None) -> FoundItem:
    return FoundItem(title=title, guid=guid, link=link, body_html=f"<p>{title}</p>", body_text=title)


ONE, TWO = "https://e.example/1", "https://e.example/2"


def test_a_guid_of_several_items_is_none():
    """They are known by their links; an item of another guid keeps it."""
    items = told_apart([found("a", "all", ONE), found("b", "all", TWO), found("c", "own", TWO)])

    assert [item.guid for item in items] == [None, None, "own"]
    assert len({item.identity for item in items}) == 3


def test_a_guid_of_several_items_without_links_is_none():
    """They are known by their words."""
    items = told_apart([found("a", "all"), found("b", "all")])

    assert [item.guid for item in items] == [None, None]
    assert len({item.identity for item in items}) == 2


def test_an_item_that_stands_there_twice_is_still_one():
    """The same guid and the same link: a revision, or a slip of the feed."""
    items = told_apart(
        [found("a", "g", ONE), found("a, revised", "g", ONE), found("a", None, TWO), found("a", None, TWO)]
    )

    assert [item.guid for item in items] == ["g", "g", None, None]
    assert len({item.identity for item in items}) == 2


def test_a_link_of_several_items_does_not_make_them_one():
    """A feed whose items all lead to its front page: link and title tell them apart."""
    items = told_apart([found("a", None, ONE), found("b", None, ONE)])

    assert [item.link for item in items] == [ONE, ONE]
    assert len({item.identity for item in items}) == 2


def test_links_that_differ_only_in_how_they_are_written_are_one_link():
    """One guid with both is a revision; two pieces at both are told apart by their titles."""
    secure, plain = "https://e.example/1", "http://www.e.example/1/"
    revised = told_apart([found("a", "g", secure), found("a, revised", "g", plain)])
    notices = told_apart([found("a", None, secure), found("b", None, plain)])

    assert [item.guid for item in revised] == ["g", "g"]
    assert len({item.identity for item in notices}) == 2


def test_a_guid_written_in_two_ways_is_one_guid():
    """An address that is the guid of two pieces is the guid of none."""
    items = told_apart([found("a", "http://e.example/", ONE), found("b", "https://e.example", TWO)])

    assert [item.guid for item in items] == [None, None]
