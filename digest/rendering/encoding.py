"""Quoted-printable (RFC 2045 §6.7) in pieces that can be joined: each begins and ends at a line's edge."""

import binascii
import re
from functools import lru_cache

from markupsafe import escape

from digest.rendering.columns import COLUMNS, wrapped_value
from digest.rendering.fragments import one_line

CRLF = b"\r\n"
_LEADING_DOT = re.compile(rb"(?m)^\.[^\r\n]*")
#: RFC 2045 §6.7 (5), without the line's end.
_LONGEST_LINE = 76
#: What stands for itself in text and in HTML, so that nothing has to be done to it: most values of most letters.
_PLAIN = re.compile(r"(?!\.)[!#-%(-;?-~]+(?: [!#-%(-;?-~]+)*")


@lru_cache(maxsize=8192)
def literal(text: str) -> bytes:
    """A constant piece, encoded once for all letters that hold it."""
    return _encoded(text)


def html_value(value: str) -> bytes:
    """A value for a slot of the HTML, in text or in an attribute in quotes."""
    return _plain(value) or _encoded(html_text(value))


def text_value(value: str) -> bytes:
    """A value for a slot of the text part."""
    return _plain(value) or _encoded(plain_text(value))


def both_values(value: str) -> tuple[bytes, bytes]:
    """A value for a slot of the text part, and of the HTML; worked out once where both have it alike."""
    if alike := _plain(value) or _unbroken(value):
        return alike, alike
    return text_value(value), html_value(value)


def html_text(value: str) -> str:
    """The value as it stands in HTML."""
    return str(escape(one_line(value)))


def plain_text(value: str) -> str:
    """The value as it stands in the text part; longer than a line, it is wrapped."""
    value = one_line(value)
    return wrapped_value(value) if len(value) > COLUMNS else value


def _plain(value: str) -> bytes:
    """The value as both parts have it, where it is short and needs nothing done to it; else nothing."""
    return value.encode() + b"=\r\n" if len(value) <= COLUMNS and _PLAIN.fullmatch(value) else b""


def _unbroken(value: str) -> bytes:
    """A long word of plain signs, such as an address with a token in it, as both parts have it; else nothing."""
    if " " in value or not _PLAIN.fullmatch(value):
        return b""
    encoded = value.encode()
    lines = [encoded[at : at + _LONGEST_LINE - 1] for at in range(0, len(encoded), _LONGEST_LINE - 1)]
    return b"=\r\n".join([*lines, b""]) if not any(map(_LEADING_DOT.match, lines)) else b""


def _encoded(text: str) -> bytes:
    if not text:
        return b""
    encoded = binascii.b2a_qp(text.encode().replace(CRLF, b"\n")).replace(b"\n", CRLF)
    if b"." in encoded and (encoded.startswith(b".") or b"\r\n." in encoded):
        encoded = _LEADING_DOT.sub(_spelled_out, encoded)
    # A soft break, so that whatever follows begins a line of its own and no line can grow past 76.
    return encoded if encoded.endswith(CRLF) else _with_room(encoded) + b"=\r\n"


def _spelled_out(line: re.Match[bytes]) -> bytes:
    """A line that began with a dot, which on the wire would be taken for an end or doubled (RFC 5321, 4.5.2)."""
    rest = line[0][1:]
    if len(rest) + 3 <= _LONGEST_LINE:
        return b"=2E" + rest
    return b"=2E=\r\n" + _LEADING_DOT.sub(_spelled_out, rest)


def _with_room(encoded: bytes) -> bytes:
    """The same with room for one more sign on its last line, which is broken where no =XX is torn apart."""
    last = len(encoded) - (encoded.rfind(CRLF) + len(CRLF)) if CRLF in encoded else len(encoded)
    if last < _LONGEST_LINE:
        return encoded
    at = len(encoded) - 3
    while b"=" in encoded[at - 2 : at]:
        at -= 1
    return encoded[:at] + b"=\r\n" + encoded[at:]
