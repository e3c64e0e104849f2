"""Decoding: bytes to text, without trusting what they say of themselves."""

import codecs
import re
from collections.abc import Iterator

from digest.errors import UnreadableSource

SAVE_AS_TEXT = "Save it as plain text in UTF-8."

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# UTF-16 without its mark: the first sign of markup, and what follows it.
_UNMARKED = ((re.compile(rb"<\0[?!a-zA-Z]\0"), "utf-16-le"), (re.compile(rb"\0<\0[?!a-zA-Z]"), "utf-16-be"))
#: How common files that are no text begin.
_NO_TEXT = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive, or an office document",
    b"\x1f\x8b": "compressed by gzip",
    b"\x89PNG": "a picture",
    b"GIF8": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# At the beginning of XML, and anywhere near the beginning of HTML.
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_META = re.compile(rb"""<meta\b[^<>]{0,200}?\bcharset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_META_WITHIN = 4096
# What feeds honestly declare. Python knows stranger codecs, in which markup can hide from a look at its text.
_HONEST = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|"
    r"big5|gb(?:2312|k|18030)",
    re.IGNORECASE,
)
# What the web means by a name, where that is more than the name says.
_MEANT = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}


def decode(data: bytes, hint: str = "") -> str:
    """The text of the bytes: by its byte order mark, else UTF-8, else by name, else Windows-1252.

    The names are what the server said (`hint`) and then what the document declares of itself. UTF-8 in which
    a few letters were cut in two is still UTF-8.
    """
    _refuse_known(data)
    for encoding, errors in _encodings(data, hint):
        try:
            text = data.decode(encoding, errors).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
        refuse_binary(text)
        return text
    raise UnreadableSource("it is not text in any known encoding.", remedy=SAVE_AS_TEXT)


def _encodings(data: bytes, hint: str) -> Iterator[tuple[str, str]]:
    """In the order in which they are tried, with what becomes of broken letters."""
    certain = [name for mark, name in _MARKS if data.startswith(mark)]
    certain += [name for pattern, name in _UNMARKED if pattern.match(data)]
    if certain and certain[0] != "utf-8":
        yield certain[0], "strict"
        return
    yield "utf-8", "strict"
    if _is_mostly_utf8(data):
        yield "utf-8", "replace"
    yield from ((name, "strict") for name in (*_named(data, hint), "cp1252"))


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether its letters beyond ASCII are whole in UTF-8 far more often than not; by chance few are."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return whole > 2 * broken


def _named(data: bytes, hint: str) -> list[str]:
    match = _DECLARED.match(data) or _META.search(data, 0, _META_WITHIN)
    declared = match[1].decode("ascii") if match else ""
    given = [name.strip(" \"'").lower() for name in (hint, declared)]
    return [each for name in given if _HONEST.fullmatch(name) for each in (_MEANT.get(name, name), name)]


def _refuse_known(data: bytes) -> None:
    """Raise for a file that its first bytes give away as something else."""
    for beginning, what in _NO_TEXT.items():
        if data.startswith(beginning):
            raise UnreadableSource(f"it is {what}, not text.", remedy=SAVE_AS_TEXT)


def refuse_binary(text: str) -> None:
    """Raise UnreadableSource, naming the line, when the text has a NUL or is full of control characters.

    A stray one is no reason to refuse a page: cleaning takes it out.
    """
    controls = _CONTROLS.findall(text)
    first = text.find("\0")
    if first < 0 and len(controls) * 50 > len(text):
        first = text.index(controls[0])
    if first >= 0:
        raise UnreadableSource("it is no text.", line=line_at(text, first), remedy=SAVE_AS_TEXT)


def line_at(text: str, position: int) -> int:
    """The line a position stands in, counted from 1, as editors count."""
    return len(re.findall(r"\r\n|\r|\n", text[:position])) + 1
