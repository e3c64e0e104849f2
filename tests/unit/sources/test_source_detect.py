"""What kind of source some bytes are is seen from the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UnreadableSource
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
    ],
)
def test_an_html_page_is_refused_with_a_remedy(page):
    """For now: its feed, or its text, can be read."""
    with pytest.raises(UnreadableSource, match="HTML page") as refusal:
        detect.read(page)

    assert "feed" in refusal.value.remedy


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
