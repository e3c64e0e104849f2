"""RSS and Atom of every make are read, and never more than their bytes."""

from datetime import UTC, date, datetime

import pytest

from digest.errors import UnreadableSource
from digest.sources import feeds

RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>Hill</title><link>https://hill.example/</link><language>en-gb</language>
<item>
  <title>Bread &amp;amp; butter</title>
  <link>/news/1</link>
  <guid isPermaLink="false">hill-1</guid>
  <pubDate>Tue, 16 Dec 2014 10:00:00 +0100</pubDate>
  <dc:creator>Dr Ann Lee</dc:creator>
  <category>Carers</category><category>Carers</category><category>Law</category>
  <description>In short.</description>
  <content:encoded><![CDATA[
    <h1>Head</h1><p onclick="x()">The <a href="more">whole</a> text.</p><script>x()</script>
  ]]></content:encoded>
</item>
<item>
  <title>Only a summary</title>
  <link>https://hill.example/2</link>
  <description>&lt;p&gt;In short.&lt;/p&gt;</description>
  <author>ann@hill.example</author>
</item>
</channel>
</rss>
"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title>Dale</title>
<entry>
  <title type="text">Both dates</title>
  <id>urn:1</id>
  <link href="https://dale.example/1"/>
  <published>2014-12-16T23:30:00-02:00</published>
  <updated>2015-01-01T00:00:00Z</updated>
  <author><name>Ann Lee</name></author><author><name>Bo Rae</name></author>
  <category term="law" label="The law"/>
  <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Two words</p></div></content>
</entry>
<entry><title>Changed</title><id>urn:2</id><updated>2015-01-01T00:00:00Z</updated><summary>One

Two</summary></entry>
</feed>"""


def rss(*items: str, head: str = "") -> bytes:
    return f"{head}<rss version='2.0'><channel><title>x</title>{''.join(items)}</channel></rss>".encode()


def test_rss_is_read():
    """Title, link, guid, instant, people, categories, language, and the content rather than the summary."""
    item, _ = feeds.read(RSS, base="https://hill.example/feed")

    assert item.title == "Bread & butter"
    assert (item.link, item.guid) == ("https://hill.example/news/1", "hill-1")
    assert item.published == datetime(2014, 12, 16, 9, 0, tzinfo=UTC)
    assert (item.people, item.categories, item.language) == (("Dr Ann Lee",), ("Carers", "Law"), "en-GB")
    assert item.body_text == "Head\n\nThe whole text."
    assert item.body_html.startswith("<h3>Head</h3><p>The <a href=")
    assert (item.word_count, item.excerpt) == (4, False)


def test_a_summary_alone_is_an_excerpt():
    """Its length says nothing of the whole, and an address is nobody's name."""
    _, item = feeds.read(RSS)

    assert (item.excerpt, item.word_count, item.published, item.people) == (True, None, None, ())
    assert item.body_html == "<p>In short.</p>"


@pytest.mark.parametrize(
    "author",
    ["ann@hill.museum (Ann Lee)", "Ann Lee &lt;ann@hill.museum&gt;", "Ann Lee", "ann@hill.example.org (Ann Lee)"],
)
def test_an_author_is_a_name_without_an_address(author):
    """However the two are written together, and however long the domain's ending."""
    (item,) = feeds.read(rss(f"<item><title>t</title><description>d</description><author>{author}</author></item>"))

    assert item.people == ("Ann Lee",)


def test_a_summary_beside_a_content_is_the_lead():
    """Unless it only begins the text; what WordPress writes below both is in neither."""
    first_here = "<p>The post <a href='/1'>t</a> appeared first on <a href='/'>Hill</a>.</p>"
    parts = (
        "<description><![CDATA[{}]]></description>"
        "<content:encoded><![CDATA[<p>The whole text.</p>{}]]></content:encoded>"
    )
    items = [
        f"<item><title>t</title>{parts.format(d + first_here, first_here)}</item>"
        for d in ("In short.", "The wh… [&#8230;]")
    ]
    declared = " xmlns:content='http://purl.org/rss/1.0/modules/content/'"

    told, begun = feeds.read(rss(*items).replace(b"<rss", f"<rss{declared}".encode()))

    assert (told.lead, begun.lead) == ("In short.", "")
    assert told.body_text == begun.body_text == "The whole text."


MEDIA = "xmlns:media='http://search.yahoo.com/mrss/' xmlns:itunes='http://www.itunes.com/DTDs/PodCast-1.0.dtd'"


@pytest.mark.parametrize(
    ("inside", "pictures"),
    [
        ("<enclosure url='/a.jpg' type='image/jpeg'/><enclosure url='/b.mp3' type='audio/mpeg'/>", ["/a.jpg"]),
        ("<media:thumbnail url='/s.jpg'/><media:content url='/l.jpg' medium='image'/>", ["/l.jpg"]),
        ("<media:thumbnail url='/s.jpg' width='75'/><media:thumbnail url='/m.jpg' width='150'/>", ["/m.jpg"]),
        ("<media:content url='/a.jpg' width='9'/><media:content url='/b.jpg' width='x'/>", ["/a.jpg"]),
        (
            "<media:content url='/a.webp?x'/><media:content url='/b.mp4'/><media:content url='/c.png'/>",
            ["/a.webp?x", "/c.png"],
        ),
        ("<media:group><media:content url='/a' type='image/png'/></media:group>", ["/a"]),
        ("<itunes:image href='/a.jpg'/>", ["/a.jpg"]),
        ("<media:content url='javascript:x' medium='image'/><enclosure url='' type='image/png'/>", []),
        ("<media:content medium='image'/><media:thumbnail/><enclosure/>", []),
        ("<media:content url='https://pixel.wp.com/x.gif' medium='image'/>", []),
    ],
)
def test_pictures_beside_the_text_come_first(inside, pictures):
    """The largest where one comes in several sizes; those within the text follow."""
    item = f"<item><title>t</title><description>d&lt;img src='/in.jpg'&gt;</description>{inside}</item>"

    (found,) = feeds.read(rss(item).replace(b"<rss", f"<rss {MEDIA}".encode()), base="https://hill.example/feed")

    assert [image.url.removeprefix("https://hill.example") for image in found.images] == [*pictures, "/in.jpg"]


def test_the_words_of_a_picture_are_not_the_text():
    """They belong to the picture; where there are no others, they are the text."""
    words = "<media:description>A gate</media:description>"
    media = f"<media:content url='https://h.example/a.jpg' medium='image'>{words}</media:content>"
    items = [f"<item><title>t</title>{text}{media}</item>" for text in ("<description>Text.</description>", "")]

    described, bare = feeds.read(rss(*items).replace(b"<rss", f"<rss {MEDIA}".encode()))

    assert (described.body_text, described.images[0].alt) == ("Text.", "A gate")
    assert bare.body_text == "A gate"


def test_a_podcast_keeps_its_description():
    """Its plain twin is not read for it, unless it is alone."""
    twins = "<description>&lt;p&gt;With &lt;b&gt;words&lt;/b&gt;.&lt;/p&gt;</description>", ""
    items = [f"<item><title>t</title>{twin}<itunes:summary>Plain.\n\nWords.</itunes:summary></item>" for twin in twins]

    both, alone = feeds.read(rss(*items).replace(b"<rss", f"<rss {MEDIA}".encode()))

    assert both.body_html == "<p>With <b>words</b>.</p>"
    assert alone.body_text == "Plain.\n\nWords."


def test_a_counted_link_gives_way_to_the_one_behind_it():
    """FeedBurner names the page it leads to."""
    item = "<item><title>t</title><link>https://proxy.example/1</link><fb:origLink>https://h.example/1?utm_id=1</fb:origLink></item>"

    (found,) = feeds.read(rss(item).replace(b"<rss", b"<rss xmlns:fb='http://rssnamespace.org/feedburner/ext/1.0'"))

    assert found.link == "https://h.example/1"


def test_a_guid_with_tracking_is_the_same_item():
    """Whatever campaign the feed is part of today."""
    guid = "<item><title>t</title><guid>https://h.example/1?utm_campaign={}</guid></item>"

    (monday,), (friday,) = feeds.read(rss(guid.format("mon"))), feeds.read(rss(guid.format("fri")))

    assert monday.identity == friday.identity
    assert monday.link == "https://h.example/1"


def test_a_feed_tells_its_name():
    """In one line, escaped or not."""
    assert feeds.feed_name(RSS) == "Hill"
    assert feeds.feed_name(ATOM.replace(b"Dale", b"Hill &amp;amp;\n dale")) == "Hill & dale"
    assert feeds.feed_name(b"<rss version='2.0'><channel></channel></rss>") == ""


def test_the_server_may_name_the_encoding():
    """Where neither the bytes nor the document do."""
    data = rss("<item><title>Уход</title><description>d</description></item>").decode().encode("koi8-r")

    assert feeds.read(data, charset="koi8-r")[0].title == "Уход"


def test_a_parser_that_stumbles_is_no_crash(monkeypatch):
    """Whatever a feed makes of it, the source is told in words."""

    def stumble(*_: object, **__: object) -> None:
        raise KeyError("where")

    monkeypatch.setattr("feedparser.parse", stumble)

    with pytest.raises(UnreadableSource, match="stumble"):
        feeds.read(RSS)


def test_atom_is_read():
    """What was published counts before what was changed, in UTC; every author is named."""
    both, changed = feeds.read(ATOM)

    assert both.published == datetime(2014, 12, 17, 1, 30, tzinfo=UTC)
    assert (both.people, both.categories, both.language) == (("Ann Lee", "Bo Rae"), ("The law",), "de")
    assert (both.body_html, both.word_count) == ("<p>Two words</p>", 2)
    assert changed.published == datetime(2015, 1, 1, tzinfo=UTC)
    assert (changed.body_text, changed.link) == ("One\n\nTwo", None)


def test_a_day_without_a_time_stays_a_day():
    """No midnight is made up for it."""
    (item,) = feeds.read(
        b"<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><item><title>t</title>"
        b"<description>d</description><dc:date>2014-12-16</dc:date></item></channel></rss>"
    )

    assert item.published == date(2014, 12, 16)
    assert not isinstance(item.published, datetime)


def test_a_date_in_another_alphabet_is_read():
    """As far as the parser knows its months."""
    when = "Κυρ, 11 Ιαν 2015 12:00:00 GMT"
    (item,) = feeds.read(rss(f"<item><title>t</title><description>d</description><pubDate>{when}</pubDate></item>"))

    assert item.published == datetime(2015, 1, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize("when", ["soon", "", "99 Foo 2014", "Mon, 01 Jan 0001 00:00:00 GMT", "9" * 5000])
def test_a_date_that_is_none_is_unknown(when):
    """It is not made up, and harms nobody."""
    (item,) = feeds.read(rss(f"<item><title>t</title><description>d</description><pubDate>{when}</pubDate></item>"))

    assert item.published is None


def test_a_feed_without_entries_has_none():
    """A new blog is no error."""
    assert feeds.read(rss()) == []


def test_an_entry_without_a_title_gets_its_first_words():
    """RSS allows either to be missing."""
    (item,) = feeds.read(rss(f"<item><description>&lt;p&gt;{'some words ' * 20}&lt;/p&gt;</description></item>"))

    assert item.title.startswith("some words")
    assert len(item.title) <= 81
    assert item.title.endswith("…")


@pytest.mark.parametrize(
    ("items", "what"),
    [
        (["<item></item>", "<item></item>"], "entry 1"),
        (["<item><title>t</title></item>"], "neither a text nor a link"),
        (["<item><title>t</title><link>javascript:x</link></item>"], "neither a text nor a link"),
        (["<item><title>t</title><description>" + "x" * 400_000 + "</description></item>"], "longer than"),
    ],
)
def test_a_feed_of_which_nothing_can_be_made_says_why(items, what):
    """By the number of its first entry."""
    with pytest.raises(UnreadableSource, match=what):
        feeds.read(rss(*items))


def test_an_entry_that_is_not_whole_is_passed_over():
    """One slip of its makers does not hold up all news to come."""
    found = feeds.read(rss("<item></item>", "<item><title>a</title><description>d</description></item>"))

    assert [item.title for item in found] == ["a"]


def test_a_picture_written_into_the_text_does_not_make_it_too_long():
    """What cleaning takes out is not counted."""
    picture = f"&lt;img src='data:image/png;base64,{'A' * 400_000}'&gt;"

    (item,) = feeds.read(rss(f"<item><title>t</title><description>{picture}text</description></item>"))

    assert item.body_text == "text"


@pytest.mark.parametrize(
    "item",
    [
        "<item><title>a\r\nBcc: b</title><link>https://e.example/\r\nx</link><description>d</description></item>",
        "<item><title>t</title><link>https://e.example/a\x02</link><description>d\x0b</description></item>",
        "<item><title>t&nbsp;&copy;&</title><description>d</description></item>",
        "<item><title>&lt;script&gt;x&lt;/script&gt;t</title><description>d<p>e</description></item>",
    ],
)
def test_faults_of_the_world_are_forgiven(item):
    """Line breaks, controls, unknown entities and unclosed tags: the item is read and clean."""
    (found,) = feeds.read(rss(item))

    assert "\n" not in found.title + (found.link or "")
    assert "script" not in found.title
    assert found.body_text[0] == "d"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"just text", 1),
        (b"<html><body>x</body></html>", 1),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 1),
        (b"<opml version='2.0'></opml>", 1),
        (b"<rss version='2.0'>\n<channel>\n<item><title>x</title>", 3),
        (RSS[:-40], 21),
        (b"<?xml version='1.0'?>\n<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n" + rss(), 2),
        (b"\n\n<!DOCTYPE r [\n<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + rss(), 3),
        (b"<rss version='2.0'>\n<channel><a b='</rss>", 2),
        (b"/etc/hostname", 1),
        (b"http://127.0.0.1:9/feed", 1),
    ],
)
def test_what_is_no_whole_feed_is_refused(data, line):
    """Pages, paths, addresses, cut-off feeds and feeds with entities of their own; the line is named."""
    with pytest.raises(UnreadableSource) as refusal:
        feeds.read(data)

    assert refusal.value.line == line
    assert refusal.value.remedy


def test_entities_hidden_in_utf16_are_refused():
    """The look at the text comes after the decoding."""
    bomb = "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE r [<!ENTITY a 'a'>]>" + rss().decode()

    with pytest.raises(UnreadableSource, match="entities"):
        feeds.read(bomb.encode("utf-16"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1", "windows-1252"])
def test_a_feed_is_read_in_its_encoding(encoding):
    """Whatever it is, and whatever it calls itself when it is UTF-8."""
    text = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    data = rss("<item><title>Café</title><description>d</description></item>", head=text).decode()

    assert feeds.read(data.encode(encoding))[0].title == "Café"
    assert feeds.read(data.encode())[0].title == "Café"


@pytest.mark.parametrize("bomb", ["<item>", "<a>", "<a b='", "<", "<![CDATA[", "&", "<!-- ", "<item><title>&nbsp;"])
def test_no_feed_takes_long(bomb):
    """A hostile feed is read or refused in time that grows with its size alone."""
    try:
        items = feeds.read(rss(bomb * 5_000))
    except UnreadableSource:
        return

    assert len(items) <= 5_000


def test_a_doctype_without_entities_is_harmless():
    """RSS 0.91 had one."""
    doctype = "<!DOCTYPE rss PUBLIC '-//Netscape Communications//DTD RSS 0.91//EN' 'http://my.netscape.com/rss.dtd'>"

    assert feeds.read(rss(head=doctype)) == []
