"""A second, stricter reader of messages than `email`: raw bytes, and nothing is forgiven.

Written from RFC 5322, 2045 and 2046; it knows only what our messages should be made of.
"""

import quopri
import re
from dataclasses import dataclass

ONCE = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Precedence",
    "X-Digest-Delivery",
)
#: Programs read these; an encoded-word in them is read by none.
NO_ENCODED_WORD = re.compile(r"(list-.*|message-id|feedback-id|x-.*|date)", re.IGNORECASE)
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+): ([^\r\n]*(?:\r\n[ \t]+[^\r\n]+)*)\r\n")
_QP_LINE = re.compile(rb"(?:[\x20-\x3c\x3e-\x7e]|=[0-9A-F]{2})*=?")


@dataclass(frozen=True)
class Message:
    """What the bytes say."""

    headers: dict[str, str]
    text: str
    html: str


def parse(raw: bytes) -> Message:
    """The message, or an AssertionError that says what is wrong with it."""
    assert raw.endswith(b"\r\n"), "ends without CRLF"
    bare = re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert bare is None, f"a bare CR or LF at {bare and bare.start()}"
    assert b"\0" not in raw, "a NUL"
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")), "a line longer than 998"
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = _headers(head + b"\r\n")
    for name in ONCE:
        assert name in headers, f"no {name}"
    for name, value in headers.items():
        assert not (NO_ENCODED_WORD.fullmatch(name) and "=?" in value), f"an encoded-word in {name}"
    text, html = _alternatives(headers["Content-Type"], body)
    return Message(headers, _part(text, "plain"), _part(html, "html"))


def _headers(head: bytes) -> dict[str, str]:
    fields = [(match[1].decode("ascii"), match[2]) for match in _FIELD.finditer(head)]
    assert b"".join(match[0] for match in _FIELD.finditer(head)) == head, "something between headers"
    # One for each key may stand there (RFC 6376, 4.2).
    names = [name.lower() for name, _ in fields if name != "DKIM-Signature"]
    assert len(names) == len(set(names)), f"a header twice: {sorted(names)}"
    return {name: value.decode("utf-8").replace("\r\n", "") for name, value in fields}


def _alternatives(content_type: str, body: bytes) -> list[bytes]:
    match = re.fullmatch(r'multipart/alternative; boundary="([^"]{1,70})"', content_type)
    assert match, f"not multipart/alternative: {content_type}"
    delimiter = b"--" + match[1].encode()
    preamble, *parts, epilogue = (b"\r\n" + body).split(b"\r\n" + delimiter)
    assert preamble == b"", "a preamble"
    assert epilogue == b"--\r\n", "not closed by its boundary"
    assert len(parts) == 2, f"{len(parts)} parts"
    return parts


def _part(part: bytes, subtype: str) -> str:
    head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = _headers(head + b"\r\n")
    assert headers == {
        "Content-Type": f"text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding": "quoted-printable",
    }
    lines = body.split(b"\r\n")
    for line in lines:
        assert len(line) <= 76, f"a line of {len(line)}: {line!r}"
        assert _QP_LINE.fullmatch(line), f"not quoted-printable: {line!r}"
        assert not line.endswith((b" ", b"\t")), f"white space at a line's end: {line!r}"
    assert not lines[-1].endswith(b"="), "ends in a soft break"
    return quopri.decodestring(body).decode("utf-8").replace("\r\n", "\n")
