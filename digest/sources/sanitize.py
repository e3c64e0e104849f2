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
#: How often tags are taken off a line, lest what is left of two make a third.
_UNWRAPPED = 4

# Controls, soft hyphen, bidi marks, zero-width signs, tags, lone surrogates and non-characters: unseen, or deceiving.
# Between two pictographs the joiner is part of what is seen.
_PICTOGRAPH = "[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
    f"|(?<!{_PICTOGRAPH})\u200d|\u200d(?!{_PICTOGRAPH})"
)
# The same for running text, where the joiners and direction marks of some scripts are part of the spelling.
_UNSEEN_IN_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_HIDDEN_ELEMENT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.IGNORECASE | re.DOTALL)
# The tags of HTML; what else stands in angle brackets may well be meant, as in “List<T>” or “Dear <name>”.
_TAG = re.compile(
    r"</?(?:a|abbr|acronym|article|aside|audio|b|base|big|blockquote|body|br|button|center|cite|code|dd|del|details|dfn|"
    r"div|dl|dt|em|embed|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|"
    r"ins|kbd|label|li|link|main|mark|math|meta|nav|nobr|noscript|object|ol|option|p|param|picture|pre|q|s|samp|script|"
    r"section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|"
    r"thead|time|title|tr|tt|u|ul|var|video|wbr)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")


def fold(text: str) -> str:
    """The text in one line of visible characters, white space folded; not cut."""
    return " ".join((text if text.isprintable() else _UNSEEN.sub("", text)).split())


def letters(text: str) -> str:
    """What two readers would call the same words, however they are spaced and pointed."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def plain_line(text: str) -> str:
    """One line of plain text, at most 300 characters, from text that is not markup."""
    folded = fold(text)
    return folded if len(folded) <= LINE_CAP else folded[: LINE_CAP - 1].rstrip() + "…"


def clean_line(text: str) -> str:
    """One line of plain text, at most 300 characters: markup off, entities decoded, even if escaped once too often."""
    return plain_line(bare_text(text))


def bare_text(text: str) -> str:
    """One line without markup and with entities decoded, cut where no title or summary is so long."""
    # Cut first, so that a hostile one costs nothing; folded first, as a tag may hide behind what is not seen.
    shown = fold(text[: 50 * LINE_CAP])
    if "<" not in shown and "&" not in shown:
        return shown
    once = unescape(_without_tags(shown))
    return _without_tags(fold(_ENTITY.sub(lambda entity: unescape(entity[0]), once)))


def _without_tags(text: str) -> str:
    for _ in range(_UNWRAPPED):
        bare = _TAG.sub("", _HIDDEN_ELEMENT.sub("", text.replace("<![CDATA[", "").replace("]]>", "")))
        if bare == text:
            return text
        text = bare
    # Tags within tags within tags are there to deceive.
    return re.sub(r"[<>]", "", text)


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
        plain_markup(_visible(html), KEPT_TAGS)[:HTML_CAP],
        tags=set(KEPT_TAGS),
        attributes={"a": {"href"}},
        attribute_filter=link,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return _tidied(_visible(cleaned))


def is_too_long(html: str) -> bool:
    """Whether `clean_html` would cut it; pictures written into the HTML do not count."""
    return len(html) > HTML_CAP and len(plain_markup(html, KEPT_TAGS)) > HTML_CAP


def _visible(html: str) -> str:
    # Most text is plain, and that is seen in a third of the time.
    plain = html.replace("\n", "").isprintable()
    return html if plain else _UNSEEN_IN_TEXT.sub(_kept_space, html)


def _kept_space(sign: re.Match[str]) -> str:
    return " " if sign[0].isspace() else ""


def _is_mail(url: str) -> bool:
    return re.fullmatch(r"mailto:[^\s@<>\"?&]+@[^\s@<>\"?&]+", url, re.IGNORECASE) is not None


def _tidied(html: str) -> str:
    """Without empty paragraphs and links that lead nowhere."""
    if "<a" in html:
        html = re.sub(r'<a(?: href="[^"]*")?>\s*</a>', "", re.sub(r"<a>(.*?)</a>", r"\1", html, flags=re.DOTALL))
    return re.sub(r"<(p|h3|h4|li)>(?:\s|&nbsp;|<br>)*</\1>", "", html).strip()


def html_to_text(html: str) -> str:
    """Plain text: blocks parted by a blank line, list items as lines that begin with a bullet, links by their text."""
    return text_of(clean_html(html))


def text_to_html(paragraphs: Iterable[str]) -> str:
    """Plain paragraphs as HTML; those that begin with a bullet become a list."""
    html = "\n".join(_block(paragraph) for paragraph in paragraphs)
    return re.sub(r"(?:<li>.*</li>\n?)+", lambda items: f"<ul>{items[0].replace(chr(10), '')}</ul>\n", html).strip()


def plain_to_html(text: str) -> str:
    """Plain text as HTML: a blank line parts paragraphs, a line that begins with a bullet is one."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace(f"\n{BULLET}", f"\n\n{BULLET}"))
    return text_to_html(part.strip() for part in parts if part.strip())


def _block(paragraph: str) -> str:
    words = fold(paragraph)
    if words.startswith(BULLET):
        return f"<li>{escape(words.removeprefix(BULLET), quote=False)}</li>"
    return f"<p>{escape(words, quote=False)}</p>"


def count_words(text: str) -> int:
    """How many words the text has; a bullet or a dash is none."""
    return sum(word[0].isalnum() or any(map(str.isalnum, word)) for word in text.split())
