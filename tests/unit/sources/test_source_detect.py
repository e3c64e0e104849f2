"""What kind of source some bytes are is seen from the bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UnreadableSource
from digest.model.source import Selectors
from digest.sources import detect

NEWS = "One\n\n3 March 2025\n\nCafé text.\n"
RSS = "<rss version='2.0'><channel><item><title>One</title><description>d</description></item></channel></rss>"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (NEWS, "capture"),
        ("[Picture]\n\n" + NEWS, "capture"),
        ('[{"title": "One", "body": "x"}]', "json"),
        (
            ' {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "One", "summary": "x"}]}',
            "json",
        ),
        (RSS, "feed"),
        ("\n<?xml version='1.0'?>\n<!-- <html> -->" + RSS, "feed"),
        (RSS.replace("rss", "RSS"), "feed"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_kind_is_seen_and_read(text, kind, encoding):
    """Whatever the encoding; readers can also be asked for by name."""
    data = text.encode(encoding)

    assert detect.kind_of(data) == kind
    assert detect.read(data)[0].title == "One"
    assert detect.kinds()[kind](data) == detect.read(data)


def test_text_of_windows_is_read():
    """Pages are still saved in Windows-1252."""
    assert detect.read(NEWS.encode("cp1252"))[0].body_text == "Café text."


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><title>x</title>",
        b"\xef\xbb\xbf\r\n<html lang='en'>",
        b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x' 'y'><html xmlns='z'/>",
        b"<!-- saved --><head></head>",
        b"<p>Some text",
        b"Warning: something in page.php\n<!DOCTYPE html><html></html>",
        b"<html><body><pre>&lt;rss&gt;</pre></body></html>",
    ],
)
def test_an_html_page_is_a_page(page):
    """Whatever stands above it, and whatever it shows."""
    assert detect.kind_of(page) == "page"


@pytest.mark.parametrize(
    "xml", [b"<x/>", b"<?xml version='1.0'?><opml><head/><body/></opml>", b"<svg><title>x</title></svg>"]
)
def test_other_xml_is_no_page(xml):
    """The reader of feeds says that it is no feed."""
    assert detect.kind_of(xml) == "feed"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("title,link\nOne,https://h.example/\n", "csv"),
        ('\ufeff"Title";"Body"\n"One";"Two"\n', "csv"),
        ("link\ttitle\n", "csv"),
        ("Title\n\n3 March 2025\n\nText.\n", "capture"),
        ("Titles, links and more\n\n3 March 2025\n\nText.\n", "capture"),
        ("<br />\n<b>Warning</b>: x in <b>y.php</b><br />\n<?xml version='1.0'?>" + RSS, "feed"),
        ("<html><p>Notice</p></html>" + RSS, "feed"),
        ("x" * 3000 + RSS, "capture"),
    ],
)
def test_look_alikes_are_told_apart(data, kind):
    """A table by its heading, a feed below a server's warnings by its first element."""
    assert detect.kind_of(data.encode()) == kind


def test_a_kind_that_is_asked_for_is_read():
    """Even if the bytes look like another; a kind that is none is found out."""
    table = b"title,link\nOne,https://h.example/1\n"

    assert detect.read(table, kind="csv") == detect.read(table) == detect.read(table, kind="desk")
    with pytest.raises(UnreadableSource, match="not an RSS"):
        detect.read(table, kind="feed")


def test_the_server_may_name_the_encoding():
    """It is believed where the bytes are not UTF-8."""
    feed = RSS.replace("One", "Уход").encode("koi8-r")

    assert detect.read(feed, charset="KOI8-R")[0].title == "Уход"
    assert detect.kind_of(feed, "koi8-r") == "feed"


def test_a_page_is_read_as_a_page():
    """By selectors, where there are some."""
    page = b"<html><body><div class='n'><a href='/1'>One of the news</a><p>Some words on it.</p></div></body></html>"

    (item,) = detect.read(page, base="https://h.example/", kind="page", selectors=Selectors(item=".n"))

    assert (item.title, item.link) == ("One of the news", "https://h.example/1")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("<rss version='2.0'><channel><title>Hill &amp;amp; dale</title></channel></rss>", "Hill & dale"),
        ("<rss version='2.0'><channel></channel></rss>", ""),
        ('{"version": "https://jsonfeed.org/version/1.1", "title": "Hill <b>news</b>", "items": []}', "Hill news"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', ""),
        ("[]", ""),
        ("<html><head><title lang='en'>\nHill &mdash;\nnews</title></head></html>", "Hill — news"),
        ("<html></html>", ""),
        (NEWS, ""),
        ("<rss>", ""),
        ("", ""),
        ("{", ""),
    ],
)
def test_a_source_says_what_it_is_called(data, name):
    """Or it does not; what cannot be read has no name."""
    assert detect.name_of(data.encode()) == name


@pytest.mark.parametrize(
    "data", [b"", b" \n ", b"\x00", b"%PDF-1.4\n\x00\x01", b"\x89PNG\r\n\x1a\n\x00", b"<x/>", b"PK\x03\x04\x00"]
)
def test_what_has_no_items_is_refused(data):
    """Nothing, pictures, archives, other XML."""
    with pytest.raises(UnreadableSource):
        detect.read(data)


@given(
    st.one_of(
        st.binary(),
        st.sampled_from([b"<rss>", b"[", b"{", b"<", b"\xff\xfe"]).flatmap(lambda s: st.binary().map(s.__add__)),
    )
)
def test_any_bytes_are_read_or_refused(data):
    """Never another error."""
    try:
        items = detect.read(data)
    except UnreadableSource:
        return

    assert all(item.title for item in items)


ENTRIES = [{"link": f"https://h.example/{n}", "title": f"Piece {n}"} for n in range(3)]
FEED_ITEMS = [f"<item><guid>x</guid><title>{e['title']}</title><link>{e['link']}</link></item>" for e in ENTRIES]
DOCUMENTS = {
    "feed": f"<rss version='2.0'><channel>{''.join(FEED_ITEMS)}</channel></rss>",
    "json": json.dumps([{"guid": "x", **entry} for entry in ENTRIES]),
    "JSON Feed": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": "x", "url": entry["link"], "title": entry["title"]} for entry in ENTRIES],
        }
    ),
    "csv": "\n".join(["guid,link,title", *(f"x,{entry['link']},{entry['title']}" for entry in ENTRIES)]),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_one_identifier_for_all_is_none_whatever_the_kind(document):
    """Each item is still itself, known by its link."""
    items = detect.read(document.encode())

    assert [item.guid for item in items] == [None, None, None]
    assert len({item.identity for item in items}) == 3
