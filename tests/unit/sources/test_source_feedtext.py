"""A feed's text is told from other things, and what its parser stumbles over is mended or taken out."""

from xml.dom.minidom import parseString

import pytest

from digest.errors import UnreadableSource
from digest.sources.feedtext import MOST_LABELS, document_of, feed_in, is_feed, root_of


def mended(text: str) -> str:
    return document_of(text).decode().removeprefix("<?xml version='1.0'?>")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("<rss version='2.0'>", "rss"),
        ("\n <?xml version='1.0'?>\n<!-- <feed> --><?x y?><!DOCTYPE rss [ <!ENTITY a 'b'> ]> <rss>", "rss"),
        ("<atom:feed xmlns:atom='x'>", "feed"),
        ("<rdf:RDF>", "rdf"),
        ("<html>", "html"),
        ("text <rss>", ""),
        ("", ""),
        ("<!-- ", ""),
        ("<1>", ""),
    ],
)
def test_the_first_element_is_found(text, root):
    """Below a prolog of any length, without its prefix."""
    assert root_of(text) == root


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("", 0),
        ("<?xml version='1.0'?>\n", 1),
        ("<br />\n<b>Warning</b>: x\n\n<?xml version='1.0'?>\n<!-- a\nb -->\n", 6),
        ("Notice: x in y.php on line 3\r\n", 1),
        ("\ufeff\n", 1),
        (" " * 2000, 0),
    ],
)
def test_a_feed_is_found_below_what_a_server_wrote(above, lines):
    """And its lines are still known."""
    feed = "<rss>\n</rss>"

    assert feed_in(f"{above}{feed}\n<script>count()</script>") == (feed, lines)
    assert is_feed(f"{above}{feed}")


@pytest.mark.parametrize(
    "text", ["x" * 2100 + "<rss></rss>", "<html>&lt;rss&gt;</html>", "<html><pre>rss</pre></html>", ""]
)
def test_what_only_speaks_of_a_feed_is_none(text):
    """Far below, or shown as an example."""
    assert not is_feed(text)
    with pytest.raises(UnreadableSource, match="not an RSS or Atom feed"):
        feed_in(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<t>a & b</t>", "<t>a &amp; b</t>"),
        ("<t>Q&A: x&y;</t>", "<t>Q&amp;A: x&amp;y;</t>"),
        ("<t>caf&eacute;&nbsp;&amp; &lt;</t>", "<t>café\u00a0&amp; &lt;</t>"),
        ("<t>&LT;b&GT; &AMP;</t>", "<t>&lt;b&gt; &amp;</t>"),
        ("<t>&#233;&#xe9; &#; &#x;</t>", "<t>&#233;&#xe9; &amp;#; &amp;#x;</t>"),
        ("<t><![CDATA[a & b &nbsp;]]> & c</t>", "<t><![CDATA[a & b &nbsp;]]> &amp; c</t>"),
        ("<t u='?a=1&b=2'/>", "<t u='?a=1&amp;b=2'/>"),
    ],
)
def test_references_that_xml_does_not_know_are_mended(text, clean):
    """So that one bare sign does not spoil a document; what is marked as text is left alone."""
    assert mended(text) == clean
    assert parseString(document_of(text))


def test_labels_beyond_reason_are_hidden_entry_by_entry():
    """Each entry has its own count."""
    labels = "<category>c</category><dc:subject>s</dc:subject>" * MOST_LABELS

    text = mended(f"<item>{labels}</item><item>{labels}</item>")

    assert text.count("<category>") + text.count("<dc:subject>") == 2 * MOST_LABELS
    assert text.count("<unread>") == text.count("</unread>") == 2 * MOST_LABELS


def test_words_that_are_not_the_text_are_told_apart():
    """Those of a picture, and the plain twin of a description; keywords and places are not read at all."""
    text = mended(
        "<media:description type='plain'>x</media:description><itunes:summary/><itunes:keywords>k</itunes:keywords>"
    )

    assert text == "<shown>x</shown><told/><unread>k</unread>"
    assert mended("<gml:pos>1</gml:pos><position>2</position>") == "<unread>1</unread><position>2</position>"


def test_addresses_of_authors_are_taken_out():
    """They are not kept, and their parser would cut them in the wrong place."""
    assert mended("<author>ann@hill.museum (Ann)</author><x>b@c.d</x>") == "<author> (Ann)</author><x>b@c.d</x>"


@pytest.mark.parametrize(
    "bomb", ["<rss", "<!DOCTYPE ", "<?xml ", "</rss", "&", "&a", "<![CDATA[", "<category", "\n", "<!--"]
)
def test_no_text_takes_long(bomb):
    """Whatever is repeated without end."""
    text = f"<rss>{bomb * 100_000}</rss>"

    assert is_feed(text)
    assert document_of(text)
    assert not is_feed(bomb * 100_000) or "rss" in bomb
