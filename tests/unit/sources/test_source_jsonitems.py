"""Items as JSON are read with every slip named."""

import json
from datetime import UTC, date, datetime

import pytest

from digest.errors import UnreadableSource
from digest.model.item import Image
from digest.sources import jsonitems


def one(**entry: object):
    """The one item of a list of ours."""
    text = json.dumps([{"title": "A title", "body": "Text."} | entry])
    (item,) = jsonitems.read(text, base="https://hill.example/items")
    return item


def test_a_list_of_ours_is_read():
    """Every key goes where it belongs."""
    item = one(
        link="https://hill.example/1",
        guid="g1",
        published_at="2014-12-16",
        people=["Ann Lee", " Bo\nRae "],
        topics=["carers"],
        categories=["law", "carers"],
        body="# Head\n\nSome *text*:\n\n- one\n- two",
        word_count=900,
        excerpt=True,
        language="en_gb",
        lead="In <i>short</i>.",
        image="/1.jpg",
        image_alt="A  gate",
    )

    assert (item.link, item.guid, item.published) == ("https://hill.example/1", "g1", date(2014, 12, 16))
    assert (item.people, item.categories, item.language) == (("Ann Lee", "Bo Rae"), ("carers", "law"), "en-GB")
    assert (item.word_count, item.excerpt) == (900, True)
    assert (item.lead, item.images) == ("In short.", (Image(url="https://hill.example/1.jpg", alt="A gate"),))
    assert item.body_text == "Head\n\nSome text:\n\n• one\n• two"


def test_nothing_need_be_said_but_title_and_text():
    """What is missing is unknown, and the words of a whole text are counted."""
    item = one(published_at=None, people=None, link=None)

    assert (item.published, item.people, item.link, item.guid, item.language) == (None, (), None, None, None)
    assert (item.word_count, item.excerpt) == (1, False)


def test_a_text_may_be_html_or_plain():
    """Cleaned like any other; plain text shows its angle brackets."""
    assert one(body=None, body_html="<h1>A</h1><script>x</script>").body_html == "<h3>A</h3>"
    assert one(body=None, text="a < b\n\n• c\n• d").body_html == "<p>a &lt; b</p>\n<ul><li>c</li><li>d</li></ul>"


def test_html_within_markdown_is_shown_as_typed():
    """Markdown is for people; a tag in it is text, and a hostile link is none."""
    item = one(body="<script>x</script> [a](javascript:y) [b](/c)", link="https://hill.example/1")

    assert "&lt;script&gt;" in item.body_html
    assert "javascript:" not in item.body_html.replace("[a](javascript:y)", "")
    assert 'href="https://hill.example/c"' in item.body_html


def test_an_instant_keeps_its_zone():
    """Of whatever zone."""
    assert one(published_at="2014-12-16T10:00:00+01:00").published == datetime(2014, 12, 16, 9, tzinfo=UTC)
    assert one(published_at="2014-12-16T10:00:00Z").published == datetime(2014, 12, 16, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"titel": "x"}, "unknown key “titel”, perhaps “title”"),
        ({"title": ""}, "no title"),
        ({"title": "\u200b"}, "no title"),
        ({"title": 5}, "“title” must be a text"),
        ({"body": ""}, "neither a text nor a link"),
        ({"text": "again"}, "given twice"),
        ({"link": "javascript:x"}, "no web address"),
        ({"link": "/relative"}, "no web address"),
        ({"image": "data:image/gif;base64,R0lG"}, "no web address"),
        ({"image_alt": "A gate"}, "describes no “image”"),
        ({"lead": 7}, "“lead” must be a text"),
        ({"published_at": "yesterday"}, "no date"),
        ({"published_at": "2014-02-31"}, "no date"),
        ({"published_at": 20141216}, "“published_at” must be a text"),
        ({"published_at": "2014-12-16T10:00:00"}, "no time zone"),
        ({"people": "Ann Lee"}, "“people” must be a list"),
        ({"people": [1]}, "“people” must be a list"),
        ({"word_count": -1}, "whole number"),
        ({"word_count": True}, "whole number"),
        ({"word_count": 1.5}, "whole number"),
        ({"excerpt": "yes"}, "true or false"),
        ({"body": "x" * 300_001}, "longer than 300,000"),
    ],
)
def test_a_wrong_entry_is_named_by_its_number(entry, what):
    """With what is wrong with it, in plain words."""
    good = {"title": "t", "body": "b"}
    with pytest.raises(UnreadableSource, match="entry 2") as refusal:
        jsonitems.read(json.dumps([good, {"title": "t", "body": "b"} | entry, good]))

    assert what in str(refusal.value)
    assert refusal.value.remedy


def test_all_wrong_entries_are_named_at_once():
    """The first five by name, the rest by number, and nothing is read."""
    with pytest.raises(UnreadableSource) as refusal:
        jsonitems.read(json.dumps([{"title": "t", "body": "b"}] + [7] * 8))

    assert str(refusal.value).startswith("entry 2: it is no object {…}; entry 3")
    assert "and 3 more" in str(refusal.value)


def test_whoever_misspells_a_key_is_told_all_keys():
    """As they are few."""
    with pytest.raises(UnreadableSource) as refusal:
        jsonitems.read('[{"title": "t", "boddy": "b"}]')

    assert all(key in refusal.value.remedy for key in jsonitems.KEYS)


def test_a_slip_in_the_json_is_named_by_its_line():
    """Where an editor can go to."""
    with pytest.raises(UnreadableSource) as refusal:
        jsonitems.read('[\n{"title": "x",}\n]')

    assert refusal.value.line == 2


@pytest.mark.parametrize(
    "text",
    ["", "7", '"x"', "{}", '{"items": []}', "[NaN]", "[" * 100_000, f"[{'9' * 10_000}]", '{"version": 1}', "null"],
)
def test_other_json_is_refused(text):
    """Numbers, depths without end and objects of another kind."""
    with pytest.raises(UnreadableSource):
        jsonitems.read(text)


def test_an_empty_list_has_no_items():
    """That is no error."""
    assert jsonitems.read(" [] ") == []


def test_half_a_character_pair_harms_nobody():
    """JSON can spell what no text holds; the item can still be known again."""
    (item,) = jsonitems.read('[{"title": "a\\ud800b", "body": "\\udfffc", "people": ["\\ud800"], "guid": "\\ud800g"}]')

    assert (item.title, item.body_text, item.people, item.guid) == ("ab", "c", (), "g")
    assert item.identity


@pytest.mark.parametrize("bomb", ["> ", "[", "*a_ ", "![", "<!A ", "a**b", "- ", "`"])
def test_no_markdown_takes_long(bomb):
    """Nor is it deep, whatever it is made of."""
    html = jsonitems.from_markdown(bomb * 5_000)

    assert html.count("<blockquote>") < 50
