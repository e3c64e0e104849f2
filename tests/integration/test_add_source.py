"""Adding sources: the feed behind a page is found, what it would gather is shown, and only then it is kept."""

import json

import pytest
from sqlalchemy import func, select

from digest.errors import Problem, SettingsRefused, UnknownName, UnreadableSource
from digest.flow import sources as adding
from digest.flow.gather import gather
from digest.flow.health import health
from digest.flow.house import House
from digest.flow.sources import Wishes
from digest.model.source import Selectors, SourceKind
from digest.storage import items, newsletters, sources
from digest.storage.source_tables import item, source
from tests.support.site import Site

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Quayside notes</title><language>en-GB</language>
<item><title>Carers at work</title><link>https://example.org/1</link><pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate>
<description>Forty carers were asked how they keep a job.</description></item>
<item><title>Opening hours</title><link>https://example.org/2</link><description>At Christmas.</description></item>
</channel></rss>"""
PAGE = """<!doctype html><html lang="en"><head><title>Quay Street Unit</title>{head}</head>
<body><nav><a href="/">Home</a></nav><main><h1>News</h1>{main}</main></body></html>"""
NEWS = "".join(
    f'<div class="teaser"><h3><a href="/news/{n}">{title}</a></h3><p class="when">{n} November 2026</p>'
    f"<p>What we learned about it, in a few lines of text.</p></div>"
    for n, title in enumerate(("Carers at night", "A lift for all", "Who pays for the ramp"), 3)
)
ARTICLE = (
    "<article><h2>Night shifts, counted</h2>"
    + "".join(
        f"<p>Paragraph {n} of a long piece on who works at night, what it costs them and what a rota could do.</p>"
        for n in range(8)
    )
    + "</article>"
)


def page(site: Site, path: str, main: str = "", head: str = "") -> str:
    return site.page(path, PAGE.format(main=main, head=head).encode(), Content_Type="text/html; charset=utf-8")


def nothing_kept(house: House) -> bool:
    with house.store.read() as connection:
        kept = connection.scalar(select(func.count()).select_from(item))
        known = connection.scalar(select(func.count()).select_from(source))
    return (kept, known) == (0, 2)  # the two sources of the newsletter's file


def find(house: House, address: str, **wishes: object) -> adding.Looked:
    return adding.find(house, Wishes(location=address, **wishes), "social-care")


def test_a_feed_is_shown_with_the_topics_it_would_file_under(reading: House, site: Site) -> None:
    """Its name is the feed's own; nothing is kept."""
    looked = find(reading, site.page("/feed", FEED))

    assert (looked.source.slug, looked.source.name) == ("quayside-notes", "Quayside notes")
    assert looked.source.kind is SourceKind.FEED
    assert [each.title for each in looked.items] == ["Carers at work", "Opening hours"]
    assert "carers" in looked.topics[0]
    assert looked.topics[1] == ()
    assert nothing_kept(reading)


def test_the_feed_behind_a_page_is_found_by_its_link(reading: House, site: Site) -> None:
    """The first that has something in it; the others are named."""
    feed, more = site.page("/news.rss", FEED), site.page("/all.rss", FEED)
    empty = site.page("/empty.rss", b'<rss version="2.0"><channel><title>None</title></channel></rss>')
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{a}">' for a in (empty, feed, more))

    looked = find(reading, page(site, "/", NEWS, links))

    assert looked.source.location == feed
    assert looked.others == (empty, more)


def test_the_feed_behind_a_page_is_found_in_the_usual_places(reading: House, site: Site) -> None:
    """Where the page forgot to name it."""
    feed = site.page("/feed/", FEED)

    looked = find(reading, page(site, "/", NEWS))

    assert looked.source.location == feed


def test_without_a_feed_the_pages_own_news_is_read(reading: House, site: Site) -> None:
    """By what repeats in it."""
    looked = find(reading, page(site, "/news", NEWS))

    assert looked.source.kind is SourceKind.PAGE
    assert [each.title for each in looked.items] == ["Carers at night", "A lift for all", "Who pays for the ramp"]
    assert [each.published.day for each in looked.items if each.published] == [3, 4, 5]


def test_selectors_are_tried_before_they_are_kept(reading: House, site: Site) -> None:
    """And stay with the source."""
    wanted = Selectors(item=".teaser", title="h3", date=".when")
    looked = find(reading, page(site, "/news", NEWS), selectors=wanted, name="Unit news")

    kept, _ = adding.add(reading, looked, "social-care")

    with reading.store.read() as connection:
        assert newsletters.load(connection, "social-care").sources[-1] == kept
    assert kept.selectors == wanted
    assert len(looked.items) == 3


def test_a_page_without_news_is_one_article(reading: House, site: Site) -> None:
    """The last resort, and often what was meant."""
    looked = find(reading, page(site, "/nights", ARTICLE))

    assert looked.source.kind is SourceKind.ARTICLE
    assert len(looked.items) == 1


def test_what_is_added_is_kept_with_its_items_and_read_from_then_on(reading: House, site: Site) -> None:
    """Added twice, it is there once."""
    address = site.page("/feed", FEED)

    source, first = adding.add(reading, find(reading, address), "social-care")
    again, second = adding.add(reading, find(reading, address), "social-care")
    read = gather(reading)

    assert source == again
    assert (first.new, second.new, second.same) == (2, 0, 2)
    assert [(each.source, each.error) for each in read] == [(source.slug, "")]


def test_what_was_looked_at_counts_as_read(reading: House, site: Site) -> None:
    """A list that says “not read yet” beside two items would puzzle whoever has just added it."""
    adding.add(reading, find(reading, site.page("/feed", FEED)), "social-care")

    found = next(each for each in health(reading) if each.location.endswith("/feed"))
    assert (found.words, found.items, found.succeeded_at) == ("Well", 2, reading.clock.now())
    assert found.next_at is not None
    assert found.next_at > reading.clock.now()


def test_names_that_are_taken_get_a_number_unless_they_were_chosen(reading: House, site: Site) -> None:
    """Two units with one name; but a slug that somebody wanted is not changed behind their back."""
    one, two = site.page("/1", FEED), site.page("/2", FEED)
    adding.add(reading, find(reading, one), "social-care")

    second, _ = adding.add(reading, find(reading, two), "social-care")

    assert second.slug == "quayside-notes-2"
    with pytest.raises(SettingsRefused, match="a source “quayside-notes” already"):
        find(reading, two, slug="quayside-notes")


def test_topics_named_twice_are_wished_once(reading: House, site: Site) -> None:
    """Or the newsletter's file that is exported then would be refused."""
    looked = find(reading, site.page("/feed", FEED), topics=("law", "carers", "law"))

    kept, _ = adding.add(reading, looked, "social-care")

    assert kept.topics == ("law", "carers")


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"slug": "Not a slug"}, "cannot be a source's slug"),
        ({"topics": ("gardening",)}, "has no topic “gardening”"),
        ({"kind": SourceKind.FEED, "selectors": Selectors(item="p")}, "Only a page has selectors"),
        ({"selectors": Selectors(item="..")}, "“..” is no CSS selector"),
        ({"selectors": Selectors(item=".nowhere")}, "nowhere"),
    ],
)
def test_wishes_that_cannot_be_met_are_told(reading: House, site: Site, wishes: dict, words: str) -> None:
    """Before anything is kept."""
    address = page(site, "/news", NEWS)

    with pytest.raises(Problem, match=words):
        find(reading, address, **wishes)

    assert nothing_kept(reading)


def test_an_address_with_nothing_to_read_is_told(reading: House, site: Site) -> None:
    """A page of a few words is neither feed nor news nor article."""
    with pytest.raises(UnreadableSource):
        find(reading, page(site, "/", "<p>Soon.</p>"))

    assert nothing_kept(reading)


def test_looking_at_a_source_keeps_nothing(reading: House, site: Site) -> None:
    """Neither items nor how the reading went."""
    adding.add(reading, find(reading, site.page("/feed", FEED)), "social-care")
    with reading.store.read() as connection:
        before = (sources.find(connection, "quayside-notes"), items.count(connection))
    site.page("/feed", FEED.replace(b"Opening hours", b"Rights at work"))

    looked = adding.look(reading, "quayside-notes")

    with reading.store.read() as connection:
        assert (sources.find(connection, "quayside-notes"), items.count(connection)) == before
    assert [each.title for each in looked.items] == ["Carers at work", "Rights at work"]
    with pytest.raises(SettingsRefused, match="lies nowhere"):
        adding.look(reading, "sscr-news")


def test_one_article_is_kept_under_a_source(reading: House, site: Site) -> None:
    """Again is the same one; a dry run keeps nothing."""
    address = page(site, "/nights", ARTICLE)

    would, shown = adding.add_article(reading, address, "sscr-news", dry_run=True)
    assert nothing_kept(reading)
    first, kept = adding.add_article(reading, address, "sscr-news")
    second, _ = adding.add_article(reading, address, "sscr-news")

    assert (would.new, first.new, second.new) == (1, 1, 0)
    assert kept[0].title == shown[0].title
    assert kept[0].link == address
    with pytest.raises(UnknownName):
        adding.add_article(reading, address, "nowhere")


def test_a_source_that_is_removed_is_read_no_more_and_its_items_stay(reading: House, site: Site) -> None:
    """The archive and the lists keep what it brought."""
    adding.add(reading, find(reading, site.page("/feed", FEED)), "social-care")

    adding.remove(reading, "quayside-notes")

    assert gather(reading) == []
    with reading.store.read() as connection:
        assert items.count(connection, items.Which(source="quayside-notes")) == 2


def test_a_json_feed_is_a_source_too(reading: House, site: Site) -> None:
    """By its bytes, whatever its server calls it."""
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Notes", "items": [{"id": "1", "title": "Carers"}]}
    feed["items"][0]["content_text"] = "All of it."

    looked = find(reading, site.page("/feed", json.dumps(feed).encode(), Content_Type="text/plain"))

    assert (looked.source.kind, looked.source.name) == (SourceKind.JSON, "Notes")
