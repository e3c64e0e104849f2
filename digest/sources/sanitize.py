"""Cleaning: text, links and HTML from outside, made fit to be kept and shown."""

import re
from collections.abc import Iterable
from html import escape, unescape
from urllib.parse import quote, urljoin, urlsplit

import nh3

from digest.sources.markup import plain_markup, text_of

#: A title or a name longer than this is cut; no honest one is.
LINE_CAP = 300
#: The longest address that browsers and mail clients agree to follow.
LINK_CAP = 2000
#: HTML is cleaned up to this many characters; a thesis has fewer, and a long run of entities costs their square.
HTML_CAP = 300_000
#: The tags that may stay. `img` is not among them: a picture would tell its owner who reads.
KEPT_TAGS = frozenset({"p", "br", "ul", "ol", "li", "a", "em", "strong", "b", "i", "blockquote", "h3", "h4", "code"})
BULLET = "• "

# Controls, soft hyphen, bidi marks, zero-width signs, tags, lone surrogates and non-characters: unseen, or deceiving.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
# The same for running text, where the joiners and direction marks of some scripts are part of the spelling.
_UNSEEN_IN_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_HIDDEN_ELEMENT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def fold(text: str) -> str:
    """The text in one line of visible characters, white space folded; not cut."""
    return " ".join(_UNSEEN.sub("", text).split())


def plain_line(text: str) -> str:
    """One line of plain text, at most 300 characters, from text that is not markup."""
    folded = fold(text)
    return folded if len(folded) <= LINE_CAP else folded[: LINE_CAP - 1].rstrip() + "…"


def clean_line(text: str) -> str:
    """One line of plain text, at most 300 characters: markup off, entities decoded once."""
    # Cut first: no title needs more, and a hostile one costs nothing.
    shown = _TAG.sub("", _HIDDEN_ELEMENT.sub("", text[: 50 * LINE_CAP]))
    return plain_line(unescape(shown))


def clean_link(url: str, base: str | None = None) -> str | None:
    """An absolute http or https address, or None when it is not one that may be shown."""
    bare = url.strip()
    if not bare or len(bare) > LINK_CAP or "\\" in bare or fold(bare).replace(" ", "") != bare.replace(" ", ""):
        return None
    try:
        whole = urljoin(base, bare) if base and not urlsplit(bare).scheme else bare
        return _escaped(whole) if _is_web(whole) else None
    except ValueError:
        return None


def _is_web(url: str) -> bool:
    """Whether it names a host by http or https, without credentials. ValueError for a bad port or IPv6 address."""
    parts = urlsplit(url)
    # Reading the port checks it.
    named = bool(parts.hostname) and parts.port != 0
    return named and parts.scheme in ("http", "https") and "@" not in parts.netloc and " " not in parts.netloc


def _escaped(url: str) -> str:
    return re.sub(r"[ \"<>`{}|^]", lambda sign: quote(sign[0]), url)


def clean_html(html: str, base: str | None = None) -> str:
    """The HTML with only harmless tags and absolute links; what it looks like is left to the newsletter."""

    def link(tag: str, attribute: str, value: str) -> str | None:
        return value if _is_mail(value) else clean_link(value, base)

    cleaned = nh3.clean(
        plain_markup(_UNSEEN_IN_TEXT.sub(_kept_space, html), KEPT_TAGS)[:HTML_CAP],
        tags=set(KEPT_TAGS),
        attributes={"a": {"href"}},
        attribute_filter=link,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return _tidied(_UNSEEN_IN_TEXT.sub(_kept_space, cleaned))


def is_too_long(html: str) -> bool:
    """Whether `clean_html` would cut it; pictures written into the HTML do not count."""
    return len(html) > HTML_CAP and len(plain_markup(html, KEPT_TAGS)) > HTML_CAP


def _kept_space(sign: re.Match[str]) -> str:
    return " " if sign[0].isspace() else ""


def _is_mail(url: str) -> bool:
    return re.fullmatch(r"mailto:[^\s@<>\"?&]+@[^\s@<>\"?&]+", url, re.IGNORECASE) is not None


def _tidied(html: str) -> str:
    """Without empty paragraphs and links that lead nowhere."""
    linked = re.sub(r'<a(?: href="[^"]*")?>\s*</a>', "", re.sub(r"<a>(.*?)</a>", r"\1", html, flags=re.DOTALL))
    return re.sub(r"<(p|h3|h4|li)>(?:\s|&nbsp;|<br>)*</\1>", "", linked).strip()


def html_to_text(html: str) -> str:
    """Plain text: blocks parted by a blank line, list items as lines that begin with a bullet, links by their text."""
    return text_of(clean_html(html))


def text_to_html(paragraphs: Iterable[str]) -> str:
    """Plain paragraphs as HTML; those that begin with a bullet become a list."""
    html = "\n".join(_block(paragraph) for paragraph in paragraphs)
    return re.sub(r"(?:<li>.*</li>\n?)+", lambda items: f"<ul>{items[0].replace(chr(10), '')}</ul>\n", html).strip()


def _block(paragraph: str) -> str:
    words = fold(paragraph)
    if words.startswith(BULLET):
        return f"<li>{escape(words.removeprefix(BULLET), quote=False)}</li>"
    return f"<p>{escape(words, quote=False)}</p>"


def count_words(text: str) -> int:
    """How many words the text has; a bullet or a dash is none."""
    return sum(any(sign.isalnum() for sign in word) for word in text.split())
