"""Fragments: pieces of text and HTML that others wrote, made harmless and well-formed."""

import re

import nh3
from markupsafe import Markup

#: What a letter can show within a piece of text.
TAGS = frozenset(["p", "ul", "ol", "li", "blockquote", "a", "em", "strong", "b", "i", "code", "sub", "sup", "br"])
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
#: Elements nested deeper than this are flattened: mail programs, and the compilers of letters, stumble over more.
DEEPEST = 12
_TAG = re.compile(r'<(/?)([a-z0-9]+)(?: [a-z-]+="[^"]*")*>')
#: Controls, halves of pairs that cannot be encoded, and signs that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def fragment(html: str, *, tags: frozenset[str] = TAGS) -> Markup:
    """The HTML with nothing left but text, the given tags and links of web, mail or telephone; every tag is closed."""
    cleaned = nh3.clean(
        several_lines(html),
        tags=set(tags),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    return Markup(_TAG.sub(_Shallow(), cleaned))  # noqa: S704  this is the place that makes it safe


def is_kept(address: str) -> bool:
    """Whether a link to it stays in a fragment: of the web, mail or telephone, or without any scheme."""
    scheme = _SCHEME.match(address.strip())
    return scheme is None or scheme[1].lower() in _SCHEMES


class _Shallow:
    """Takes away, of tags that are well-formed, those too deep within others, with what closes them."""

    def __init__(self) -> None:
        #: For each element that is open, whether its tags stay, and how many of them do.
        self._open: list[bool] = []
        self._depth = 0

    def __call__(self, tag: re.Match[str]) -> str:
        if tag[2] == "br":
            return tag[0]
        if tag[1]:
            stays = self._open.pop() if self._open else True
            self._depth -= stays
        else:
            stays = self._depth < DEEPEST
            self._open.append(stays)
            self._depth += stays
        return tag[0] if stays else ""


def one_line(text: str) -> str:
    """The text on one line, without controls."""
    if text.isprintable() and "  " not in text:
        return text.strip()  # most are, and this runs for every value of every letter
    return _SPACE.sub(" ", _CONTROLS.sub("", _SPACE.sub(" ", text))).strip()


def several_lines(text: str) -> str:
    """The text with its lines, without controls."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def web_address(url: str) -> str:
    """The address if it is one of the web, else nothing."""
    url = one_line(url).replace(" ", "%20")
    return url if url.lower().startswith(("https://", "http://")) else ""
