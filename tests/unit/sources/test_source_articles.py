"""One article on a page of its own is read whole, and nothing that stands around it."""

import json
import time
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import articles

CORPUS = Path(__file__).parents[2] / "corpus" / "pages"
#: What each file comes to: title, date, link, people, language and text; or what is said in their place.
EXPECTED = {
    name: found
    for name, found in json.loads((CORPUS / "expected.json").read_text("utf-8")).items()
    if name.startswith("article-")
}
ADDRESS = "https://www.bridge.example/news/2022/falls?from=home"
TEXT = "<p>" + "A sentence that says something about the lamps in the long lane, and why they went out. " * 6 + "</p>"
#: Seconds that no page may take, on a machine that has other things to do as well.
LONGEST = 12


def article(head: str = "", title: str = "Lamps for the long lane", beside: str = "", text: str = TEXT) -> bytes:
    html = (
        f"<html lang='en-GB'><head>{head}</head><body><main><h1>{title}</h1>{beside}{text}{text}</main></body></html>"
    )
    return html.encode()


def read(data: bytes, base: str | None = "https://a.example/n/1") -> FoundItem:
    (item,) = articles.read(data, base=base)
    return item


def linked(**parts: object) -> str:
    thing = {"@type": "NewsArticle", "headline": "Lamps for the long lane", **parts}
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


def shown(item: FoundItem) -> list[str]:
    when = item.published.isoformat() if item.published else ""
    return [item.title, when, item.link or "", ", ".join(item.people), item.language or "", item.body_text]


@pytest.mark.parametrize("name", EXPECTED)
def test_an_article_is_read_as_it_is_shown(name):
    """Title, date, address, people, language and text, without menus, bylines, comments and related pieces."""
    try:
        found: list[object] = [shown(item) for item in articles.read((CORPUS / name).read_bytes(), base=ADDRESS)]
    except UnreadableSource as refusal:
        found = [refusal.what]

    assert found == EXPECTED[name]


def test_every_article_of_the_corpus_is_expected():
    """Nothing lies there unread."""
    assert {path.name for path in CORPUS.glob("article-*.html")} == set(EXPECTED)


def test_the_text_keeps_its_make():
    """Paragraphs, lists, quotations, headings and links; its words are counted."""
    item = read((CORPUS / "article-university.html").read_bytes(), ADDRESS)

    for kept in ("<p>Falls on stairs", "<h3>What the homes did</h3>", "<ul>", "<li>paint on", "<blockquote>"):
        assert kept in item.body_html
    assert '<a href="https://www.bridge.example/research/stairs/report.pdf">full report</a>' in item.body_html
    assert (item.word_count, item.excerpt) == (201, False)


def test_the_lead_and_its_picture_come_from_the_metadata():
    """The picture with its words, and once, though the text shows it again."""
    item = read((CORPUS / "article-university.html").read_bytes(), ADDRESS)

    assert item.lead == "A strip of yellow paint on each stair halved falls in forty homes over two winters."
    assert [(image.url, image.alt) for image in item.images] == [
        ("https://www.bridge.example/img/falls-wide.jpg", "A stair with a bright yellow edge")
    ]
    assert item.categories == ("Research",)


@pytest.mark.parametrize(
    "head",
    [
        "<title>Lamps for the long lane | The Weir</title>",
        "<title>The Weir - Lamps for the long lane</title><meta property='og:site_name' content='The Weir'>",
        "<meta property='og:title' content='Lamps for the long lane – The Weir'>"
        "<meta property='og:site_name' content='The Weir'>",
        linked(),
    ],
)
@pytest.mark.parametrize("heading", ["Lamps for the long lane", "The Weir"])
def test_a_title_comes_without_the_name_of_its_site(head, heading):
    """From the heading that the metadata repeat, else from these; a heading may well be the site's own name."""
    site = "<meta name='application-name' content='The Weir'>"

    item = read(article(site + head, heading))

    assert item.title == "Lamps for the long lane"


def test_a_title_that_has_a_dash_keeps_what_follows():
    """Nobody said that it is the name of a site."""
    assert read(article("<title>Care homes - a review</title>", "Home")).title in ("Care homes - a review", "Home")
    assert (
        read(article("<title>Care homes - a review</title>", "Care homes - a review")).title == "Care homes - a review"
    )


@pytest.mark.parametrize(
    ("head", "beside", "published"),
    [
        (linked(datePublished="2015-05-12T10:00:00Z"), "", datetime(2015, 5, 12, 10, tzinfo=UTC)),
        (linked(datePublished="2015-05-12"), "", date(2015, 5, 12)),
        (
            "<meta property='article:published_time' content='2015-05-12T10:00:00Z'>",
            "",
            datetime(2015, 5, 12, 10, tzinfo=UTC),
        ),
        ("<meta name='DC.date.issued' content='2015-05-12'>", "", date(2015, 5, 12)),
        ("<meta name='citation_publication_date' content='2015/05/12'>", "", date(2015, 5, 12)),
        ("", "<time datetime='2015-05-12'>last week</time>", date(2015, 5, 12)),
        ("", "<p>Published: Tuesday 12 May 2015</p>", date(2015, 5, 12)),
        ("", "<p class='meta'>Posted on 12 May 2015 by Ann Lee</p>", date(2015, 5, 12)),
        ("", "", None),
        (linked(dateModified="2015-05-12"), "", None),
        ("<meta property='article:modified_time' content='2015-05-12T10:00:00Z'>", "", None),
        ("", "<p>Last updated: 12 May 2015</p>", None),
        ("", "<p>It was on 12 May 2015 that the lamps went out, and nobody has seen them lit since.</p>", None),
        ("<meta name='date' content='soon'>", "<p>soon</p>", None),
    ],
)
def test_a_date_is_only_what_the_page_says(head, beside, published):
    """An instant with its zone, else a day; that of a change, or one that the text mentions, is no such date."""
    found = read(article(head, beside=beside)).published

    assert (found, type(found)) == (published, type(published))


def test_a_date_at_the_foot_counts_if_it_says_what_it_is():
    """And stands there alone."""
    page = article(text=TEXT + "<p>Published 12 May 2015</p>", beside="").replace(
        b"<p>Published 12 May 2015</p>", b"", 1
    )

    assert read(page).published == date(2015, 5, 12)


@pytest.mark.parametrize(
    ("head", "beside", "people"),
    [
        (linked(author=[{"@type": "Person", "name": "Ann Lee"}, {"name": "Bo Rae"}]), "", ("Ann Lee", "Bo Rae")),
        (linked(author="Ann Lee"), "", ("Ann Lee",)),
        ("<meta name='author' content='Ann Lee'>", "", ("Ann Lee",)),
        (
            "<meta name='citation_author' content='Ann Lee'><meta name='citation_author' content='Bo Rae'>",
            "",
            ("Ann Lee", "Bo Rae"),
        ),
        ("<meta name='author' content='admin'>", "", ()),
        ("<meta name='author' content='The Weir'><meta property='og:site_name' content='The Weir'>", "", ()),
        ("<meta property='article:author' content='https://social.example/ann'>", "", ()),
        (
            "<meta name='author' content='Press Office'>",
            "<p class='byline'>By Dr Ann Lee and Bo Rae</p>",
            ("Dr Ann Lee", "Bo Rae"),
        ),
        ("", "<p>By Ann Lee</p>", ("Ann Lee",)),
        ("", "<p>By the time we came, the lamps were out.</p>", ()),
        ("", "<a rel='author' href='/ann'>Ann Lee</a>", ("Ann Lee",)),
        ("", "", ()),
    ],
)
def test_people_are_those_who_sign(head, beside, people):
    """Beside the title, in the data or the metadata; neither the site itself, nor whoever runs its machines."""
    assert read(article(head, beside=beside)).people == people


@pytest.mark.parametrize(
    ("head", "link"),
    [
        ("", "https://www.a.example/n/1?x=2"),
        ("<link rel='canonical' href='https://www.a.example/n/1'>", "https://www.a.example/n/1"),
        ("<link rel='canonical' href='/n/one'>", "https://www.a.example/n/one"),
        ("<link rel='canonical' href='https://a.example/n/1'>", "https://a.example/n/1"),
        ("<link rel='canonical' href='https://news.a.example/n/1'>", "https://news.a.example/n/1"),
        ("<meta property='og:url' content='https://www.a.example/n/1'>", "https://www.a.example/n/1"),
        ("<link rel='canonical' href='https://b.example/n/1'>", "https://www.a.example/n/1?x=2"),
        ("<link rel='canonical' href='https://www.a.example/'>", "https://www.a.example/n/1?x=2"),
        ("<link rel='canonical' href='javascript:x'>", "https://www.a.example/n/1?x=2"),
        ("<link rel='canonical' href='https://nota.example/n/1'>", "https://www.a.example/n/1?x=2"),
    ],
)
def test_an_address_may_be_corrected_within_its_site(head, link):
    """By the page's word for itself; not to another's site, nor to the first page of all."""
    assert read(article(head), "https://www.a.example/n/1?x=2").link == link


def test_an_article_from_a_file_has_the_address_that_it_gives_itself():
    """Or none."""
    assert read(article(), None).link is None
    assert read(article("<link rel='canonical' href='https://a.example/n/1'>"), None).link == "https://a.example/n/1"


def test_the_data_may_have_more_of_the_text_than_the_page():
    """Where a script brings it, and the page has only its beginning."""
    body = "One paragraph of it.\n\n" + "And many words of another. " * 30

    item = read(article(linked(articleBody=body), text="<p>One paragraph of it.</p>"))

    assert item.body_text.startswith("One paragraph of it.\n\nAnd many words")
    assert item.word_count == 4 + 150


def test_a_title_may_stand_anywhere():
    """Even after the end of the body."""
    page = b"<html><head></head><body></body><h1>Lamps</h1>" + TEXT.encode() + b"</html>"

    assert read(page).title == "Lamps"


def test_another_piece_in_the_data_is_not_taken_for_this_one():
    """What the page leads to has other titles and other addresses."""
    others = "".join(
        linked(headline=f"Another {number}", url=f"https://a.example/n/{number}", datePublished="2001-01-01")
        for number in (8, 9)
    )

    item = read(article(others))

    assert (item.title, item.published) == ("Lamps for the long lane", None)


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body></body></html>",
        b"<html><body><noscript>Switch on scripts.</noscript><div id=root></div><script>x()</script></body></html>",
        b"<html><body><nav><a href=/>Home</a><a href=/news>All of our news</a></nav><h1>Title</h1></body></html>",
        b"<html><body><h1>A title of seven words and no more</h1><img src=x.jpg></body></html>",
    ],
)
def test_a_page_without_a_text_is_refused_in_plain_words(data):
    """With what to do about it."""
    with pytest.raises(UnreadableSource, match="no text of an article") as refusal:
        articles.read(data, base=ADDRESS)

    assert "feed" in refusal.value.remedy


def test_a_text_is_harmless():
    """Nothing in it runs, and nothing in it tells who reads it."""
    item = read(
        article(
            text=TEXT
            + "<p onclick=x()>More <a href='javascript:x()'>of</a> it.<script>x()</script></p><img src=/t.gif>"
        )
    )

    assert "More of it." in item.body_html
    for gone in ("onclick", "javascript", "script", "<img"):
        assert gone not in item.body_html


BOMBS = {
    "open elements": "<div>" * 100_000,
    "many paragraphs": "<p>Some words.</p>" * 9_000,
    "deep paragraphs": "<div>" * 200 + "<p>Some <a href=/x>words</a>" * 6_000,
    "many links": "<a href=/x>more</a>" * 19_000,
    "one long text": "words " * 800_000,
    "many headings": "<h1>Lamps</h1>" * 9_000,
    "many dates": "<time>3 May 2014</time>" * 9_000,
    "many authors": "<p class=author>Ann Lee</p>" * 9_000,
    "crossed elements": "<b><p></b>" * 9_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_article_takes_long(bomb):
    """A hostile page is read or refused in time that grows with its size alone."""
    page = article(text=BOMBS[bomb])[:5_000_000]
    begun = time.process_time()
    with suppress(UnreadableSource):
        articles.read(page, base=ADDRESS)

    assert time.process_time() - begun < LONGEST


TAGS = [
    "div",
    "p",
    "a",
    "h1",
    "ul",
    "li",
    "table",
    "td",
    "article",
    "main",
    "blockquote",
    "b",
    "head",
    "body",
    "form",
    "pre",
]


@settings(max_examples=100, deadline=5_000)
@given(
    st.lists(
        st.sampled_from([*(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS), "Some words of it. "]),
        max_size=60,
    )
)
def test_any_nesting_is_read_or_refused(parts):
    """However tags are opened, crossed and left open, an item or an error in words comes of it."""
    try:
        (item,) = articles.read("".join(parts).encode(), base=ADDRESS)
    except UnreadableSource:
        return

    assert item.body_text
