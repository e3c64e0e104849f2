"""Fragments: pieces of text and HTML that others wrote, made harmless and well-formed."""

import re

import nh3
from markupsafe import Markup

#: What a letter can show within a piece of text.
TAGS = frozenset(["p", "ul", "ol", "li", "blockquote", "a", "em", "strong", "b", "i", "code", "sub", "sup", "br"])
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https", "mailto"}
#: Controls, halves of pairs that cannot be encoded, and signs that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"\s+")


def fragment(html: str, *, tags: frozenset[str] = TAGS) -> Markup:
    """The HTML with nothing left but text, the given tags and web or mail links; every tag is closed."""
    return Markup(  # noqa: S704  this is the place that makes it safe
        nh3.clean(
            several_lines(html),
            tags=set(tags),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            url_schemes=_SCHEMES,
            link_rel=None,
        )
    )


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
