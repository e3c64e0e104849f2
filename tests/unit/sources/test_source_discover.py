"""The feeds of a page are found where it names them, and looked for where they usually are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.model.source import SourceKind
from digest.sources.discover import FeedLink, feeds_of, guesses

CORPUS = Path(__file__).parents[2] / "corpus" / "pages"
BASE = "https://a.example/news/"
RSS = "<link rel='alternate' type='application/rss+xml' href='%s' title='%s'>"


def addresses(html: str, base: str = BASE) -> list[str]:
    return [link.address for link in feeds_of(html.encode(), base=base)]


def test_declared_feeds_come_with_their_names_and_kinds():
    """RSS, Atom and JSON Feed, absolute and in the page's order."""
    html = (
        RSS % ("/rss.xml", "All &amp; sundry")
        + "<LINK REL='Alternate' TYPE='application/atom+xml; charset=utf-8' HREF='atom.xml'>"
        + "<link rel='alternate' type='application/feed+json' href='//b.example/feed.json' title='J'>"
    )

    assert feeds_of(html.encode(), base=BASE) == [
        FeedLink(address="https://a.example/rss.xml", title="All & sundry", kind=SourceKind.FEED),
        FeedLink(address="https://a.example/news/atom.xml", title="", kind=SourceKind.FEED),
        FeedLink(address="https://b.example/feed.json", title="J", kind=SourceKind.JSON),
    ]


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("<a href='/news/rss'>News</a>", "https://a.example/news/rss"),
        ("<a href='/rss/'>Subscribe</a>", "https://a.example/rss/"),
        ("<a href='/news.rss'>News</a>", "https://a.example/news.rss"),
        ("<a href='/news.atom?x=1'>News</a>", "https://a.example/news.atom?x=1"),
        ("<a href='?feed=rss2'>x</a>", "https://a.example/news/?feed=rss2"),
        ("<a href='/list?format=rss'>x</a>", "https://a.example/list?format=rss"),
        ("<a href='https://feeds.a.example/x'>x</a>", "https://feeds.a.example/x"),
        ("<a href='/x/feed.xml'>x</a>", "https://a.example/x/feed.xml"),
        ("<a href='/17'>RSS</a>", "https://a.example/17"),
        ("<a href='/17'>Our RSS feed</a>", "https://a.example/17"),
        ("<a href='/17'>News feed</a>", "https://a.example/17"),
        ("<a href='feed://a.example/17'>x</a><a href='/'>Atom</a>", "https://a.example/17"),
        ("<a href='feed:https://a.example/rss'>x</a>", "https://a.example/rss"),
        ("<a href='/feed'><svg><title>RSS</title></svg></a>", "https://a.example/feed"),
    ],
)
def test_a_link_that_says_feed_is_one(link, address):
    """In its address or in its words, with whatever old ways of saying it."""
    assert addresses(link)[0] == address


@pytest.mark.parametrize(
    "html",
    [
        "<a href='/feedback'>Feedback</a>",
        "<a href='/feeding-tubes'>Feeding tubes</a>",
        "<a href='/atomic'>Atomic energy and its long history of promises</a>",
        "<a href='/news'>We feed forty people at our table every day of the week</a>",
        "<a href='javascript:rss()'>RSS</a>",
        "<a href='https://feedly.com/i/subscription/feed/https://a.example/rss'>Feedly</a>",
        "<a>RSS</a>",
        "<link rel='alternate' type='application/json' href='/wp-json/wp/v2/pages/7'>",
        "<link rel='alternate' type='application/json+oembed' href='/oembed?url=x'>",
        "<link rel='alternate' hreflang='cy' href='/cy/'>",
        "<link rel='stylesheet' type='application/rss+xml' href='/x'>",
        "<link rel='alternate' type='application/rss+xml'>",
        "<link rel='alternate' type='application/rss+xml' href='file:///etc/passwd'>",
        "<link rel='alternate' type='application/rss+xml' href='https://a.example/news/'>",
        "",
    ],
)
def test_what_only_looks_like_a_feed_is_none(html):
    """Other words, other services, what machines talk to, and the page itself."""
    try:
        found = addresses(html)
    except UnreadableSource:
        found = []

    assert found == []


def test_each_feed_is_named_once_and_those_of_comments_last():
    """However often it is linked; what the head declares comes before what the page links to."""
    html = (
        RSS % ("/comments/feed/", "Comments")
        + RSS % ("/feed/", "News")
        + "<a href='/rss'>RSS</a><a href='/feed/'>RSS</a><a href='/one/feed/'>Comments on this</a>"
    )

    assert addresses(html) == [
        "https://a.example/feed/",
        "https://a.example/rss",
        "https://a.example/comments/feed/",
        "https://a.example/one/feed/",
    ]


def test_the_pages_own_base_counts():
    """As for every other link of it."""
    assert addresses("<base href='https://b.example/x/'><a href='rss.xml'>RSS</a>") == ["https://b.example/x/rss.xml"]


def test_the_feeds_of_the_corpus_are_found():
    """A blog's own before that of its comments; what its system keeps for machines is none."""
    found = feeds_of((CORPUS / "blog-wordpress.html").read_bytes(), base="https://harbour.example/blog/")

    assert [(link.address, link.title) for link in found] == [
        ("https://harbour.example/blog/feed/", "Harbour Care Unit » Feed"),
        ("https://harbour.example/blog/comments/feed/", "Harbour Care Unit » Comments Feed"),
    ]


def test_a_page_larger_than_any_with_news_still_has_feeds():
    """Only its links are looked at; of a thousand feeds the first fifty are named."""
    links = "".join(f"<a href='/{number}/feed'>x</a>" for number in range(1000))

    assert len(addresses("<p>x</p>" * 30_000 + links)) == 50


@pytest.mark.parametrize(
    ("base", "folder"),
    [
        ("https://a.example/news/", "https://a.example/news/"),
        ("https://a.example/news", "https://a.example/news/"),
        ("https://a.example/news/index.html?x=1#y", "https://a.example/news/"),
    ],
)
def test_feeds_are_looked_for_below_the_page_and_on_the_site(base, folder):
    """At eight places, the nearest first."""
    found = guesses(base)

    assert found[0] == f"{folder}feed/"
    assert set(found) >= {
        f"https://a.example/{name}" for name in ("feed/", "rss.xml", "atom.xml", "feed.xml", "feed.json")
    }
    assert len(found) == len(set(found)) == 8


@pytest.mark.parametrize("base", ["https://a.example", "https://a.example/"])
def test_the_first_page_of_a_site_has_fewer_places(base):
    """Its folder is the site's."""
    assert guesses(base)[0] == "https://a.example/feed/"
    assert len(guesses(base)) == 6


@pytest.mark.parametrize("base", ["", "ftp://a.example/", "file:///etc/", "news.html", "https://", "javascript:x"])
def test_what_is_no_address_has_no_places(base):
    """There is nothing to ask."""
    assert guesses(base) == []


@given(st.text(max_size=200))
def test_any_page_has_feeds_or_none(inside):
    """Whatever stands in its links."""
    html = f"<a href='{inside}'>RSS</a><link rel=alternate type=text/xml href=\"{inside}\">x"
    try:
        found = addresses(html)
    except UnreadableSource:
        return

    assert all(address.lower().startswith(("http://", "https://")) for address in found)
