"""Quoted-printable (RFC 2045 §6.7) in pieces that can be joined: each begins and ends at a line's edge."""

import binascii
import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape

from digest.rendering.columns import COLUMNS, wrapped_value
from digest.rendering.fragments import one_line
from digest.rendering.moulds import Mould, mould, shape

CRLF = b"\r\n"
#: What no line may begin with: on the wire a dot would be taken for the end or doubled (RFC 5321, 4.5.2), and mailbox
#: files have ">From " for "From ", which breaks a signature (RFC 4155; RFC 6376, 5.3).
_FORBIDDEN = re.compile(rb"(?m)^(?:\.|From )[^\r\n]*")
#: The encoder counts a space at a line's end as one sign and writes three.
_SPACE_PAST_THE_END = re.compile(rb"(?m)^([^\r\n]{74,})(=(?:20|09)\r\n)")
#: Signatures read a run of white space as one space, and a tab as a space (RFC 6376, 3.4.4): where no line has any, a
#: letter is already what they read.
_SPACE_BEFORE_ANOTHER = re.compile(rb" (?= )")
#: RFC 2045 §6.7 (5), without the line's end.
_LONGEST_LINE = 76
#: Greetings are as short, and no token is.
_SHORT = 30
#: A mould takes as long to make as some sentences to encode: it is worth it for a shape that has come so often.
_WORTH = 4
_DOT = ord(".")
_SOFT_END = b"=" + CRLF
#: What stands for itself in text and in HTML, so that nothing has to be done to it: most values of most letters.
_PLAIN = re.compile(r"(?!\.|From )[!#-%(-;?-~]+(?: [!#-%(-;?-~]+)*")
_OF_WORDS = bytes(sign for sign in range(ord("!"), ord("~") + 1) if chr(sign) not in "\"&'<=>")


@lru_cache(maxsize=8192)
def literal(text: str) -> bytes:
    """A constant piece, encoded once for all letters that hold it."""
    return encoded(text)


def html_value(value: str) -> bytes:
    """A value for a slot of the HTML, in text or in an attribute in quotes."""
    return _plain(value) or encoded(html_text(value))


def text_value(value: str) -> bytes:
    """A value for a slot of the text part."""
    return _plain(value) or encoded(plain_text(value))


def both_values(value: str) -> tuple[bytes, bytes]:
    """A value for a slot of the text part, and of the HTML."""
    return _short(value) if len(value) <= _SHORT else _long(value)


@lru_cache(maxsize=4096)
def _short(value: str) -> tuple[bytes, bytes]:
    """Kept: many have the same first name, or none."""
    return _of_shape(value) if " " in value else _sentence(value)


def _long(value: str) -> tuple[bytes, bytes]:
    if " " in value:
        return _of_shape(value)
    # A word of plain signs, such as an address with a token in it, that has one line or two, none of them with a dot
    # first. One function, as this runs for most values of every letter.
    word = value.encode("utf-8", "surrogatepass")
    if word.translate(None, _OF_WORDS) or word[0] == _DOT:
        return _sentence(value)
    if len(word) < _LONGEST_LINE:
        alike = word + _SOFT_END
        return alike, alike
    first, rest = word[: _LONGEST_LINE - 1], word[_LONGEST_LINE - 1 :]
    if rest[0] == _DOT or not 1 < len(rest) < _LONGEST_LINE:
        return _sentence(value)
    alike = first + _SOFT_END + rest + _SOFT_END
    return alike, alike


def _of_shape(value: str) -> tuple[bytes, bytes]:
    """A sentence. Many differ in a name, a day or an address, and in nothing that matters here."""
    sentence = value.encode("utf-8", "surrogatepass")
    # What cannot be seen is taken out or becomes a space, which may make another sentence of it.
    its_shape = shape(sentence) if value.isprintable() else None
    if its_shape is None:
        return _sentence(value)
    known = _known(its_shape)
    if known.moulds is None:
        known.seen += 1
        if known.seen < _WORTH:
            return _sentence(value)
        known.moulds = mould(its_shape, text_value), mould(its_shape, html_value)
    text, html = known.moulds
    return text.filled(sentence), html.filled(sentence)


@dataclass(slots=True)
class _Known:
    """A shape that came before."""

    seen: int = 0
    moulds: tuple[Mould, Mould] | None = None


@lru_cache(maxsize=4096)
def _known(_shape: bytes) -> _Known:
    return _Known()


def _sentence(value: str) -> tuple[bytes, bytes]:
    """Whatever it is, looked through from first to last."""
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


def encoded(text: str) -> bytes:
    """A piece that is not worth keeping."""
    if not text:
        return b""
    # A return without a feed is a line's end too: left as it is, some servers would take what follows for commands.
    lines = text.encode().replace(CRLF, b"\n").replace(b"\r", b"\n")
    whole = binascii.b2a_qp(lines).replace(b"\n", CRLF)
    if b"\n" in whole:
        whole = _SPACE_PAST_THE_END.sub(rb"\1=\r\n\2", whole)
    # A soft break, so that whatever follows begins a line of its own and no line can grow past 76.
    ended = whole if whole.endswith(CRLF) else _with_room(whole) + _SOFT_END
    if b"  " in ended or b"\t" in ended:
        ended = _SPACE_BEFORE_ANOTHER.sub(b" =\r\n", ended).replace(b"\t", b"=\r\n=09=\r\n")
    return _FORBIDDEN.sub(_spelled_out, ended) if _is_suspect(ended) else ended


def _is_suspect(encoded: bytes) -> bool:
    """Whether a line may begin with what it must not; asked first, as it hardly ever does."""
    return encoded.startswith((b".", b"From ")) or b"\r\n." in encoded or b"\r\nFrom " in encoded


def _spelled_out(line: re.Match[bytes]) -> bytes:
    """The line with its first sign as a number."""
    first, rest = b"=%02X" % line[0][0], line[0][1:]
    if len(first) + len(rest) <= _LONGEST_LINE:
        return first + rest
    return first + b"=\r\n" + _FORBIDDEN.sub(_spelled_out, rest)


def _with_room(encoded: bytes) -> bytes:
    """The same with room for one more sign on its last line, which is broken where no =XX is torn apart."""
    last = len(encoded) - (encoded.rfind(CRLF) + len(CRLF)) if CRLF in encoded else len(encoded)
    if last < _LONGEST_LINE:
        return encoded
    at = len(encoded) - 3
    while b"=" in encoded[at - 2 : at]:
        at -= 1
    return encoded[:at] + b"=\r\n" + encoded[at:]
