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


def test_utf8_that_calls_itself_something_else_is_utf8():
    """A lying declaration harms nobody."""
    assert decode("<?xml version='1.0' encoding='utf-16'?>é".encode()).endswith("é")


def test_an_encoding_in_which_markup_can_hide_is_not_believed():
    """UTF-7 is read as the ASCII it is."""
    assert "+ADw-" in decode(b"<?xml version='1.0' encoding='utf-7'?>+ADw-")


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
