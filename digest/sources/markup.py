"""Markup: HTML of any make brought to a few plain tags, and read as text; every step takes linear time."""

import re
from collections.abc import Container
from html import unescape

#: Lists and quotations nested deeper than this are flattened: mail clients, and parsers, stumble over more.
DEEPEST = 12

_UNSHOWN = "script|style|template|noscript|iframe|object|svg|math|head|title|textarea|select"
_HIDDEN = re.compile(rf"<({_UNSHOWN})\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<([^<>]*)>|<")
# Each begins with a tag in full, as a search for that is many times quicker than one for a repetition.
_BEGINNINGS = re.compile(r"<p>\s*(?:<p>\s*)*")
_BREAKS = re.compile(r"<br>\s*<br>\s*(?:<br>\s*)+")
_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]*)(?![\w:-])")
_SAME_AS = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4", "td": " ", "th": " ", "tt": "code"}
_BLOCKS = """
    address article aside body caption center dd details dir div dl dt fieldset figcaption figure footer form header hr
    html legend main menu nav pre section summary table tbody tfoot thead tr
"""
_SAME_AS |= dict.fromkeys(_BLOCKS.split(), "p")
# Where one block of cleaned HTML ends and another begins; the other tags stand within a line.
_EDGE = re.compile(r"<(/?)(p|br|ul|ol|li|blockquote|h3|h4)>")
_INLINE = re.compile(r"<(?!/?(?:p|br|ul|ol|li|blockquote|h3|h4)>)[^<>]*>")
_NESTING = frozenset({"ul", "ol", "blockquote", "em", "strong", "b", "i", "code", "h3", "h4"})


def plain_markup(html: str, kept: Container[str]) -> str:
    """Only the kept tags, without attributes (but `href`'s); other blocks become paragraphs.

    Parsers of HTML repair nested and crossed tags at a cost that grows with the square of the nesting, so a
    hostile page is made shallow before one sees it. What is safe is not decided here: that is the sanitizer's work.
    """
    text = _TAG.sub(_Plain(kept), _HIDDEN.sub("", html))
    return _BREAKS.sub("<br><br>", _BEGINNINGS.sub("<p>", text))


class _Plain:
    """Rewrites one tag after another, knowing how deep it stands."""

    def __init__(self, kept: Container[str]) -> None:
        self._kept = kept
        self._open: list[str] = []

    def __call__(self, tag: re.Match[str]) -> str:
        match = _NAME.match(tag[1] or "")
        if match is None:
            return _no_tag(tag)
        name = match[2].lower()
        name = _SAME_AS.get(name, name)
        if name in self._kept:
            return self._kept_tag(name, closing=bool(match[1]), whole=tag[0])
        return " " if name == " " else ""

    def _kept_tag(self, name: str, *, closing: bool, whole: str) -> str:
        if closing:
            return self._closed(name)
        if name in _NESTING:
            if len(self._open) >= DEEPEST:
                return ""
            self._open.append(name)
        return whole if name == "a" else f"<{name}>"

    def _closed(self, name: str) -> str:
        if name in _NESTING:
            if name not in self._open:
                return ""
            # The innermost of that name; what was left open within it is closed with it by the parser.
            del self._open[len(self._open) - 1 - self._open[::-1].index(name)]
        return f"</{name}>"


def _no_tag(found: re.Match[str]) -> str:
    """Nothing for a declaration or a tag of a strange name; a `<` that begins no tag is text, as in "a < b"."""
    if re.match(r"[a-zA-Z!?/]", found[1] or ""):
        return ""
    return found[0].replace("<", "&lt;").replace(">", "&gt;")


def text_of(html: str) -> str:
    """The text of cleaned HTML: blocks parted by a blank line, list items as lines "• …"."""
    text = _Text()
    pieces = _EDGE.split(_INLINE.sub("", html))
    text.words(pieces[0])
    for at in range(1, len(pieces), 3):
        text.edge(pieces[at + 1], closing=bool(pieces[at]))
        text.words(pieces[at + 2])
    return text.whole()


class _Text:
    """Gathers the text of blocks; list items are blocks that stand close together."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._lines: list[str] = []
        self._lead = ""

    def words(self, piece: str) -> None:
        line = " ".join((unescape(piece) if "&" in piece else piece).split())
        if line:
            self._lines.append(line)

    def edge(self, tag: str, *, closing: bool) -> None:
        if tag == "br":
            return
        self._end_block()
        if tag == "li":
            self._lead = "" if closing else "• "

    def _end_block(self) -> None:
        if self._lines:
            self._blocks.append(self._lead + "\n".join(self._lines))
            self._lines.clear()
            self._lead = ""

    def whole(self) -> str:
        """All of it."""
        self._end_block()
        return re.sub(r"(?m)^(• .*)\n\n(?=• )", r"\1\n", "\n\n".join(self._blocks))
