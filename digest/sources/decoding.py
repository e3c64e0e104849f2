"""Decoding: bytes to text, without trusting what they say of themselves."""

import codecs
import re

from digest.errors import UnreadableSource

SAVE_AS_TEXT = "Save it as plain text in UTF-8."

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# What feeds honestly declare. Python knows stranger codecs, in which markup can hide from a look at its text.
_HONEST = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|"
    r"big5|gb(?:2312|k|18030)",
    re.IGNORECASE,
)


def decode(data: bytes) -> str:
    """The text of the bytes: by its byte order mark, else UTF-8, else what XML declares, else Windows-1252."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], (encoding,))
    return _decoded(data, ("utf-8", *_declared(data), "cp1252"))


def _declared(data: bytes) -> tuple[str, ...]:
    match = _DECLARED.match(data)
    name = match[1].decode("ascii") if match else ""
    return (name,) if _HONEST.fullmatch(name) else ()


def _decoded(data: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        refuse_binary(text)
        return text
    raise UnreadableSource("it is not text in any known encoding.", remedy=SAVE_AS_TEXT)


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
