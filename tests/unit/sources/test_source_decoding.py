"""Bytes become text by what they are, not by what they say they are."""

import pytest

from digest.errors import UnreadableSource
from digest.sources.decoding import decode, line_at


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("café".encode(), "café"),
        (b"\xef\xbb\xbf" + "café".encode(), "café"),
        ("café".encode("utf-16"), "café"),
        (b"\xff\xfe\x00\x00" + "é".encode("utf-32-le"), "é"),
        (b"\x93caf\xe9\x94", "“café”"),
        (
            "<?xml version='1.0' encoding='iso-8859-2'?>š".encode("iso-8859-2"),
            "<?xml version='1.0' encoding='iso-8859-2'?>š",
        ),
    ],
)
def test_text_is_decoded(data, text):
    """A byte order mark, UTF-8, what XML declares, Windows-1252: in this order."""
    assert decode(data) == text


@pytest.mark.parametrize(
    ("text", "encoding", "hint"),
    [
        ("Уход на дому", "koi8-r", "KOI8-R"),
        ("在宅介護①", "cp932", "Shift_JIS"),
        ("居家护理", "gb18030", "gb2312"),
        ("Péče o blízké", "iso-8859-2", ' "ISO-8859-2" '),
        ("“Café”", "cp1252", "iso-8859-1"),
    ],
)
def test_the_server_may_name_the_encoding(text, encoding, hint):
    """What the web means by the name, where that is more than it says."""
    assert decode(text.encode(encoding), hint) == text


@pytest.mark.parametrize(
    "hint", ["utf-7", "utf-16", "rot13", "zlib", "idna", "unicode_escape", "x" * 999, "\x00", "utf-8"]
)
def test_a_server_that_names_no_honest_encoding_is_not_believed(hint):
    """Nor one whose word does not fit the bytes."""
    assert decode("“café”".encode("cp1252"), hint) == "“café”"
    assert decode("“café”".encode(), hint) == "“café”"


def test_the_server_is_believed_before_the_document():
    """As it may have written it anew."""
    data = "<?xml version='1.0' encoding='iso-8859-2'?>Уход".encode("koi8-r")

    assert decode(data, "koi8-r").endswith("Уход")


@pytest.mark.parametrize(
    "head", ["<meta charset=koi8-r>", "<META content='text/html; charset=KOI8-R' http-equiv='Content-Type'>"]
)
def test_html_declares_its_encoding_too(head):
    """Near its beginning."""
    data = f"<html><head>{head}</head>Уход</html>".encode("koi8-r")

    assert "Уход" in decode(data)
    assert "Уход" not in decode(b" " * 5000 + data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_markup(encoding):
    """Some programs forget the mark."""
    assert decode("<rss>Café</rss>".encode(encoding)) == "<rss>Café</rss>"


def test_utf8_in_which_a_letter_was_cut_is_still_utf8():
    """One broken letter does not spoil the others."""
    whole = "Größere Städte öffnen früher, kleinere später."

    assert decode(whole.encode() + b"\xc3") == whole + "\ufffd"
    assert decode(b"\xef\xbb\xbf" + whole.encode() + b"\xc3 x") == whole + "\ufffd x"
    assert decode("Größe".encode("cp1252")) == "Größe"


def test_utf8_that_calls_itself_something_else_is_utf8():
    """A lying declaration harms nobody."""
    assert decode("<?xml version='1.0' encoding='utf-16'?>é".encode()).endswith("é")


def test_an_encoding_in_which_markup_can_hide_is_not_believed():
    """UTF-7 is read as the ASCII it is."""
    assert "+ADw-" in decode(b"<?xml version='1.0' encoding='utf-7'?>+ADw-")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xff\xd8\xff", "a picture"),
    ],
)
def test_what_is_known_by_its_beginning_is_called_so(data, what):
    """Whoever sent it knows where to look."""
    with pytest.raises(UnreadableSource, match=what):
        decode(data + b" and so on")


@pytest.mark.parametrize(
    "data", [b"GIF89a\x00\x01", b"text\n\x00", bytes(range(1, 9)), b"\x81\x8d\x8f", b"\xff\xfe\x00\xd8"]
)
def test_what_is_no_text_is_refused(data):
    """Pictures and programs are told so in plain words."""
    with pytest.raises(UnreadableSource, match="UTF-8"):
        decode(data)


def test_a_nul_is_named_by_its_line():
    """Whoever has the file open can go there."""
    with pytest.raises(UnreadableSource) as refusal:
        decode(b"one\r\ntwo\rthree\n\x00")

    assert refusal.value.line == 4


def test_lines_are_counted_as_editors_count():
    """CRLF is one line's end, and so are CR and LF alone."""
    assert line_at("a\r\nb\rc\nd", 7) == 4
