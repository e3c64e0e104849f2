"""Pages that list news are read as people read them; what else stands on them is left where it is."""

import json
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.model.source import Selectors
from digest.sources import pages

CORPUS = Path(__file__).parents[2] / "corpus" / "pages"
#: What each file comes to: its items as title, date, link, people, language and text.
EXPECTED = {
    name: items
    for name, items in json.loads((CORPUS / "expected.json").read_text("utf-8")).items()
    if not name.startswith("article-")
}
BASE = "https://site.example/news/"
#: Seconds that no page may take, on a machine that has other things to do as well.
LONGEST = 12

STORIES = (
    ("Lamps for the long lane", "/n/lamps", "12 May 2015", "2015-05-12", "The lane has been dark since last year."),
    ("A bench by the weir", "/n/bench", "3 May 2015", "2015-05-03", "It was paid for by people who like to sit."),
    ("Choir seeks a tenor", "/n/choir", "27 April 2015", "2015-04-27", "Two would be better, but one will do."),
    ("The clock is right again", "/n/clock", "9 April 2015", "2015-04-09", "It had been slow for nine years."),
)
#: What is found of each where the page shows it all.
FOUND = [(title, f"https://site.example{link}", date.fromisoformat(day)) for title, link, _, day, _ in STORIES]
AROUND = """
    <html lang="en-GB"><head><title>News</title></head><body>
    <header><nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav></header>
    <h1>News</h1>%s
    <ul class="pager"><li><a href="?p=2">Next</a></li></ul>
    <div class="side"><h3>Upcoming events</h3><ul><li><a href="/e/1">AGM</a> <span>1 September 2015</span></li>
    <li><a href="/e/2">Fair</a> <span>2 September 2015</span></li></ul></div>
    <footer><p>Page updated 1 June 2015. <a href="/terms">Terms</a></p></footer></body></html>
"""

MAKES = {
    "cards of a content management system": """<div class="views-row"><article role="article" class="teaser"><h3><a
        href="$link" rel="bookmark"><span class="field">$title</span></a></h3><div class="field--date">$day</div>
        <div class="field--body"><p>$text</p></div></article></div>""",
    "microdata with a list of details": """<div itemprop="blogPost" itemscope
        itemtype="https://schema.org/BlogPosting"><div class="page-header"><h2 itemprop="name"><a href="$link"
        itemprop="url">$title</a></h2></div><dl class="article-info"><dt>Details</dt><dd itemprop="author" itemscope
        itemtype="https://schema.org/Person">Written by <span itemprop="name">Ann Lee</span></dd><dd><time
        datetime="$isoT10:00:00+01:00" itemprop="datePublished">Published: $day</time></dd></dl><p>$text</p></div>""",
    "a date in a footer of each item": """<div class="article" itemscope itemtype="http://schema.org/Article"><div
        class="header"><h3><a itemprop="url" href="$link"><span itemprop="headline">$title</span></a></h3></div><div
        itemprop="description"><p>$text</p></div><a class="more" href="$link">Read more</a><div class="footer"><time
        itemprop="datePublished" datetime="$iso">$day</time></div></div>""",
    "a link around everything": """<div class="media"><a href="$link"><p class="date">$day</p><p
        class="title">$title</p><p class="intro">$text</p></a></div>""",
    "a link around everything, without a class": '<a href="$link"><div>$day</div><div>$title</div><div>$text</div></a>',
    "a bold date, a link and a line": "<p><strong>$day</strong> - <a href='$link'>$title</a><br>$text</p>",
    "a bold link, a line and a date": "<p><b><a href='$link'>$title</a></b><br>$text<br><i>$day</i></p>",
    "a date within the title": "<h3>$day: $title</h3><p>$text</p><p><a href='$link'>Read more</a></p>",
    "a date before the title": "<p class='when'>$day</p><h3><a href='$link'>$title</a></h3><p>$text</p>",
    "a date at the end": "<h3><a href='$link'>$title</a></h3><p>$text</p><p>$day</p>",
    "each part in an element of its own": """<div class="h"><h2><a href="$link">$title</a></h2></div><div
        class="d">$day</div><div class="t"><p>$text</p></div>""",
    "sections with a link at their end": """<section><h2>$title</h2><p><em>$day</em></p><p>$text</p><p><a
        href="$link">Find out more</a></p></section>""",
    "terms with two definitions": "<dl><dt>$day</dt><dd><a href='$link'>$title</a></dd><dd>$text</dd></dl>",
    "a line of small print": """<div class="entry"><h2><a href="$link">$title</a></h2><p class="postinfo">Posted on
        Tuesday $day by Rhian Moss in <a href="/c" rel="tag">News</a></p><p>$text</p></div>""",
    "pictures without words": """<figure><a href="$link"><img src="/i.jpg" alt="$title"></a><figcaption><h3>$title</h3>
        <span>$day</span></figcaption></figure>""",
    "a tail of punctuation": "<p>$day: <a href='$link'>$title</a>. $text</p>",
    "two dates, one of a change": """<div class="i"><h3><a href="$link">$title</a></h3><time class="updated"
        datetime="2016-01-01">1 January 2016</time> <time class="published" datetime="$iso">$day</time>
        <p>$text</p></div>""",
    "tags that were never closed": "<p><b>$day</b><br><a href=$link>$title</a><br>$text",
    "rows of a table": "<table><tr><td><a href='$link'>$title</a></td><td>News</td><td>$day</td></tr></table>",
    "a link and a date in brackets": "<ul><li><a href='$link'>$title ($day)</a></li></ul>",
}


def page(inside: str, around: str = AROUND) -> bytes:
    return (around % inside).encode()


def listed(make: str) -> bytes:
    """A page in which every story is marked up in the same way."""
    stories = (
        make.replace("$title", title)
        .replace("$link", link)
        .replace("$iso", iso)
        .replace("$day", day)
        .replace("$text", text)
        for title, link, day, iso, text in STORIES
    )
    return page("".join(stories))


def day_of(item: FoundItem) -> date | None:
    when = item.published
    return date(when.year, when.month, when.day) if when else None


def shown(item: FoundItem) -> list[str]:
    when = item.published.isoformat() if item.published else ""
    return [item.title, when, item.link or "", ", ".join(item.people), item.language or "", item.body_text]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_is_read_as_it_is_shown(name):
    """Every item with its title, date, link, people, language and text, in the page's order, and nothing else."""
    items = pages.read((CORPUS / name).read_bytes(), base=BASE)

    assert [shown(item) for item in items] == EXPECTED[name]


def test_every_page_of_the_corpus_is_expected():
    """Nothing lies there unread."""
    there_are = {path.name for path in CORPUS.glob("*.html") if not path.name.startswith("article-")}

    assert there_are == set(EXPECTED)


@pytest.mark.parametrize("make", MAKES)
def test_however_a_page_is_made_its_items_are_found(make):
    """With their titles, links and days, and neither the menu nor the events nor the footer."""
    items = pages.read(listed(MAKES[make]), base=BASE)

    assert [(item.title, item.link, day_of(item)) for item in items] == FOUND


@pytest.mark.parametrize("make", [make for make, html in MAKES.items() if "$text" in html])
def test_the_text_of_an_item_is_only_its_text(make):
    """Without its title, its date, its people, its tags and the words of its link."""
    items = pages.read(listed(MAKES[make]), base=BASE)

    assert [item.body_text for item in items] == [text for *_, text in STORIES]


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<p>Ring 01234 567890.</p><ul><li>Office: 3 Mill Lane</li><li>Open 9 to 5</li></ul>",
        "<ul>" + "".join(f"<li><a href='/{number}'>Item number {number}</a></li>" for number in range(20)) + "</ul>",
        "".join(f"<p>On {day} May 1950 the hall opened, and on 3 June 1951 it was shut.</p>" for day in range(1, 6)),
        "<article><h2>One story</h2><time datetime='2024-05-05'>5 May 2024</time><p>Words.</p></article>",
        "<h3>What is it?</h3><p>A question.</p><h3>And this?</h3><p>Another one.</p><h3>This?</h3><p>The last.</p>",
        "<table>" + "".join(f"<tr><td>Room {number}</td><td>£{number}0</td></tr>" for number in range(9)) + "</table>",
    ],
)
def test_a_page_without_news_is_refused_with_a_way_out(inside):
    """Menus, tables, questions and running text are no list of news, be there dates in them or not."""
    with pytest.raises(UnreadableSource, match="no list of news") as refusal:
        pages.read(page(inside, "<html><body><nav><a href='/'>Home</a></nav>%s</body></html>"), base=BASE)

    assert "feed" in refusal.value.remedy
    assert "selectors" in refusal.value.remedy


def test_a_teaser_is_an_excerpt_and_a_whole_post_is_none():
    """By its length, its ellipsis, or a link that leads on; the length of what is not there is not known."""
    whole = "<p>" + "word " * 150 + "</p>"
    cut = "<p>" + "word " * 150 + "…</p>"
    led = whole + "<p><a href='/3'>Continue reading</a></p>"
    posts = (
        f"<article><h2><a href='/{number}'>Post {number}</a></h2>{text}</article>"
        for number, text in enumerate(("<p>Short.</p>", whole, cut, led))
    )

    items = pages.read(page("".join(posts)), base=BASE)

    assert [(item.excerpt, item.word_count) for item in items] == [
        (True, None),
        (False, 150),
        (True, None),
        (True, None),
    ]


def test_a_headline_alone_is_no_excerpt():
    """There is nothing of which it could be the beginning."""
    items = pages.read(listed("<li><a href='$link'>$title</a> $day</li>"), base=BASE)

    assert {(item.excerpt, item.body_text, item.word_count) for item in items} == {(False, "", None)}


def test_an_item_without_a_day_stays_without_one():
    """A month, an age, a day without a year and a date that can mean two days are not made into one."""
    whens = ("May 2015", "2 days ago", "3 May", "04/05/2015")
    rows = (
        f"<li><h3><a href='/{number}'>A title {number}</a></h3> <span class='date'>{when}</span></li>"
        for number, when in enumerate((*whens, "7 May 2015"))
    )
    html = f"<html lang='en'><body><ul>{''.join(rows)}</ul></body></html>"

    items = pages.read(html.encode(), base=BASE)

    assert [item.published for item in items] == [None, None, None, None, date(2015, 5, 7)]


def test_one_date_settles_the_order_of_all():
    """Where a page has a 27/04/2015, its 03/05/2015 is in May, whatever its language is called."""
    rows = "<li><a href='/1'>First title</a> 03/05/2015</li><li><a href='/2'>Second title</a> 27/04/2015</li>"

    items = pages.read(f"<html lang='en'><body><ul>{rows}</ul></body></html>".encode(), base=BASE)

    assert [item.published for item in items] == [date(2015, 5, 3), date(2015, 4, 27)]


def test_pictures_come_with_their_words():
    """From where they wait to be shown, too; not those that stand for a person or count readers."""
    card = """<article><a href="$link"><img src="data:image/gif;base64,R0" data-src="/img/a.jpg" alt="A lamp"></a>
        <h3><a href="$link">$title</a></h3><img src="/p.gif" width="1" height="1"><p>$text</p></article>"""

    items = pages.read(listed(card), base=BASE)

    assert [(image.url, image.alt) for image in items[0].images] == [("https://site.example/img/a.jpg", "A lamp")]


def test_what_the_page_tells_as_data_is_completed_by_what_it_shows():
    """Dates and names from the data, the text from the page, joined by their addresses."""
    told = [
        {"@type": "NewsArticle", "headline": title, "url": link, "datePublished": iso, "author": {"name": "Ann Lee"}}
        for title, link, _, iso, _ in STORIES
    ]
    script = f'<script type="application/ld+json">{json.dumps(told)}</script>'
    cards = "".join(
        f"<div class='c'><h3><a href='{link}'>{title}</a></h3><p>{text}</p></div>" for title, link, *_, text in STORIES
    )

    items = pages.read(page(script + cards), base=BASE)

    assert [(item.title, item.link, item.published) for item in items] == FOUND
    assert {item.people for item in items} == {("Ann Lee",)}
    assert [item.body_text for item in items] == [text for *_, text in STORIES]


@pytest.mark.parametrize(
    "data",
    [
        "{",
        "[" * 100_000,
        "null",
        "[[[1]]]",
        '{"@graph": "x", "@type": 7}',
        '[{"@type": "Article", "headline": {}, "url": 3}]',
    ],
)
def test_broken_data_do_not_hide_the_page(data):
    """What cannot be understood is passed over."""
    script = f'<script type="application/ld+json">{data}</script>'

    items = pages.read(page(script).replace(b"</h1>", b"</h1>" + listed(MAKES["a date at the end"])), base=BASE)

    assert [item.title for item in items] == [title for title, *_ in STORIES]


def test_an_item_that_is_shown_twice_is_read_once():
    """At the top and again in the list, as its address tells."""
    top = "<div class='hero'><h2><a href='/n/lamps'>Lamps for the long lane</a></h2><p>12 May 2015</p></div>"
    rows = "".join(f"<li><h3><a href='{link}'>{title}</a></h3>{day}</li>" for title, link, day, *_ in STORIES)

    items = pages.read(page(f"{top}<ul>{rows}</ul>"), base=BASE)

    assert [item.link for item in items] == [link for _, link, _ in FOUND]


def test_the_newest_may_stand_alone_before_the_list():
    """Larger than the rest, and made differently."""
    top = "<div class='hero'><h2><a href='/n/lamps'>Lamps for the long lane</a></h2><p class='on'>12 May 2015</p></div>"
    rows = "".join(
        f"<div><h3><a href='{link}'>{title}</a></h3><i>{day}</i></div>" for title, link, day, *_ in STORIES[1:]
    )

    items = pages.read(page(f"{top}<div class='grid'>{rows}</div>"), base=BASE)

    assert [(item.title, item.link, item.published) for item in items] == FOUND


def test_a_page_is_harmless_however_it_means_it():
    """Scripts, handlers and strange addresses stay out of titles, texts and links."""
    rows = """<li><h3><a href="javascript:alert(1)">One &lt;b&gt;<script>x()</script></a></h3><time>3 May 2015</time>
        <p onclick="x()">Text <a href="data:text/html,x">here</a>.</p></li><li><h3><a href="/2">Two</a></h3>
        <time>4 May 2015</time><p>Text <img src=x onerror=x()> <svg><a href="/x">y</a></svg>there.</p></li>"""

    one, two = pages.read(page(f"<ul>{rows}</ul>"), base=BASE)

    assert (one.title, one.link, one.body_html) == ("One <b>", None, "<p>Text here.</p>")
    assert (two.title, two.link, two.body_text) == ("Two", "https://site.example/2", "Text there.")


@pytest.mark.parametrize(
    "sign", ["&#1;", "&#x0b;", "&#31", "&#xFFFE;", "&#65535;", "&#xD800;", "&#0;", "\x01", "\ufffe", "&#999999999;"]
)
def test_signs_that_nobody_sees_are_left_out(sign):
    """Written as themselves or as numbers; the item is read without them."""
    html = f"<h3><a href='/1'>First{sign} title</a> {sign}</h3><p>3 May 2015</p><p>Some{sign} text.</p>"

    first, _ = pages.read(page(html + "<h3><a href='/2'>Second title</a></h3><p>4 May 2015</p>"), base=BASE)

    assert first.title.replace("\ufffd", "").strip() == "First title"
    assert first.body_text.replace("\ufffd", "").endswith("Some text.")


def test_a_page_from_a_file_needs_no_address():
    """Its links are those that name their host."""
    first = "<li><a href='https://a.example/1'>First title</a> 3 May 2015</li>"
    rows = first + "<li><a href='2'>Second title</a> 4 May 2015</li>"

    items = pages.read(f"<html><body><ul>{rows}</ul></body></html>".encode())

    assert [item.link for item in items] == ["https://a.example/1"]


def test_the_charset_that_the_server_names_counts():
    """Where the bytes are not UTF-8 and the page does not say what they are."""
    html = "<ul><li><a href='/1'>Kävely</a> 3.5.2015</li><li><a href='/2'>Łódź</a> 4.5.2015</li></ul>"

    items = pages.read(html.encode("iso-8859-2"), base=BASE, charset="iso-8859-2")

    assert [item.title for item in items] == ["Kävely", "Łódź"]


class TestSelectors:
    """Somebody has said where the parts are."""

    PAGE = """<html lang="en"><body><div class="menu"><div class="x">Not news</div></div>
        <div class="x"><span class="k">News</span><b class="t">First title</b><p class="w">Seen on 3 May 2015 by all</p>
        <a href="/tag">tag</a><a class="go" href="/1">→</a><div class="body"><p>Text one.</p></div><div>Noise.</div>
        <i>Ann Lee</i></div>
        <div class="x"><span class="k">News</span><b class="t">Second title</b><p class="w">soon</p>
        <a href="/tag">tag</a><a class="go" href="/2">→</a><div class="body"><p>Text two.</p></div><div>Noise.</div>
        </div>        </body></html>""".encode()

    def test_are_taken_at_their_word(self):
        """Each part is where its selector says, and nowhere else."""
        selectors = Selectors(item="body > .x", title=".t", link=".go", date=".w", text=".body", people="i")

        one, two = pages.read(self.PAGE, base=BASE, selectors=selectors)

        assert shown(one) == ["First title", "2015-05-03", "https://site.example/1", "Ann Lee", "en", "Text one."]
        assert shown(two) == ["Second title", "", "https://site.example/2", "", "en", "Text two."]

    def test_leave_the_rest_to_be_found(self):
        """By its looks: the arrow leads on, and the rest is text."""
        one, two = pages.read(self.PAGE, base=BASE, selectors=Selectors(item="body > .x", title=".t"))

        assert [item.link for item in (one, two)] == ["https://site.example/1", "https://site.example/2"]
        assert one.body_text.endswith("Text one.\n\nNoise.\n\nAnn Lee")

    def test_take_the_first_link_for_want_of_a_better(self):
        """Somebody has said what an item is, so what it links to is its own."""
        html = b"<p class=x><b>Title</b> and <a href=/1>some words</a> and <a href=/2>more words</a>.</p>"

        (item,) = pages.read(html, base=BASE, selectors=Selectors(item=".x", title="b"))

        assert item.link == "https://site.example/1"

    def test_give_no_item_the_link_of_all(self):
        """What most of them lead to is the address of none."""
        both = pages.read(self.PAGE, base=BASE, selectors=Selectors(item="body > .x", title=".t", link="a"))

        assert [(item.title, item.link) for item in both] == [("First title", None), ("Second title", None)]

    def test_find_a_single_item_too(self):
        """One that is all there is today."""
        (item,) = pages.read(self.PAGE, base=BASE, selectors=Selectors(item="body > div:last-child", title="b"))

        assert item.title == "Second title"

    @pytest.mark.parametrize("css", ["..x", "p >", "a:hoover(", "::", "x y z (", "", "//div", "[a", "x" * 5000 + "("])
    def test_that_are_none_are_named(self, css):
        """So that it can be corrected."""
        with pytest.raises(UnreadableSource, match="is no CSS selector") as refusal:
            pages.read(self.PAGE, base=BASE, selectors=Selectors(item=css))

        assert refusal.value.remedy

    @pytest.mark.parametrize(
        ("selectors", "said"),
        [
            (Selectors(item=".y"), "“.y” for an item finds nothing"),
            (Selectors(item="body > .x", title=".no"), "“.no” finds no title"),
            (Selectors(item="body > .x", title=".t", date="time"), "“time” finds no date"),
            (Selectors(item="body > .x", title=".t", people=".who"), "“.who” finds no people"),
            (Selectors(item=".menu"), "nothing that the selector “.menu” finds has a title"),
        ],
    )
    def test_that_find_nothing_are_named(self, selectors, said):
        """A page that was made anew is noticed, and what to do is said."""
        with pytest.raises(UnreadableSource, match=said) as refusal:
            pages.read(self.PAGE, base=BASE, selectors=selectors)

        assert refusal.value.remedy


BOMBS = {
    "open elements": "<div>" * 100_000,
    "open links": "<a>" * 1_600_000,
    "items without end": "<li>3 May 2014 <a href=/x>Title here</a></li>" * 6_000,
    "headings that are dates": "<h2>3 May 2014</h2>" * 19_000,
    "deep items": ("<div>" * 240 + "<h2><a href=/x>T</a></h2><p>3 May 2014</p>" * 60 + "</div>" * 240) * 30,
    "a tag of many attributes": "<p " + "".join(f"a{number}=1 " for number in range(300_000)) + ">",
    "attributes behind a stray quote": '<p a=b"' + " c" * 500_000 + '">',
    "a class of many names": f"<div class='{'menu- ' * 800_000}'>x</div>",
    "an attribute that never ends": '<a href="' + "x" * 4_000_000,
    "comments that never end": "<!--" * 1_000_000,
    "entities": "&amp;" * 900_000,
    "entities of its own": "<!DOCTYPE html [" + "<!ENTITY a 'aaaa'>" * 200_000 + "]><p>&a;</p>",
    "one long text": "<article><h2><a href=/1>One</a></h2>"
    + "x " * 1_500_000
    + "</article><article><h2>Two</h2></article>",
    "nested articles": "<article><h2><a href=/1>One</a></h2>" * 120 + "x " * 500_000,
    "related posts": "<b></b><h2>Related posts</h2>" * 9_000,
    "crossed elements": "<b><a></b></a>" * 200_000,
    "deep data": '<script type="application/ld+json">' + '{"@graph":[' * 100_000 + "</script>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_page_takes_long(bomb):
    """A hostile page is read or refused in time that grows with its size alone."""
    begun = time.process_time()
    try:
        items = pages.read(BOMBS[bomb].encode()[:5_000_000], base=BASE)
    except UnreadableSource:
        items = []

    assert time.process_time() - begun < LONGEST
    assert len(items) <= 1_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no HTML page|no list of news"),
        (b"<!-- nothing -->", "no HTML page"),
        (b"<div>" * 300, "deeper than 256"),
        (b"<p>x" * 30_000, "more than 20,000 parts"),
        (b"\x00\x01\x02" * 100, "no text"),
        (b"%PDF-1.4 ", "a PDF"),
    ],
)
def test_what_is_no_page_is_refused_in_words(data, said):
    """Never in the parser's."""
    with pytest.raises(UnreadableSource, match=said) as refusal:
        pages.read(data, base=BASE)

    assert refusal.value.remedy


TAGS = [
    "div",
    "p",
    "a href=/1",
    "h2",
    "li",
    "ul",
    "table",
    "tr",
    "td",
    "article",
    "time",
    "b",
    "dl",
    "dt",
    "dd",
    "main",
    "br",
]
WORDS = st.sampled_from(
    ["3 May 2014", "Title of it", "Read more", "Related posts", " ", "<", "&", "…", "by Ann Lee", "2014"]
)
OPENED = st.sampled_from(TAGS).map(lambda tag: f"<{tag}>")
CLOSED = st.sampled_from(TAGS).map(lambda tag: f"</{tag.split()[0]}>")


@settings(max_examples=150, deadline=5_000)
@given(st.lists(st.one_of(OPENED, CLOSED, WORDS), max_size=80))
def test_any_nesting_is_read_or_refused(parts):
    """However tags are opened, crossed and left open, nothing but items or an error in words comes of it."""
    try:
        items = pages.read("".join(parts).encode(), base=BASE)
    except UnreadableSource:
        return

    assert all(item.title and (item.link or item.body_text) for item in items)


@settings(max_examples=60, deadline=5_000)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    """Be they text or not."""
    with suppress(UnreadableSource):
        pages.read(b"<ul><li>" + data, base=BASE)
