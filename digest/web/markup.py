"""Markup: a letter's HTML broken into lines, so that a person can read it. What is sent has other line ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<[^<>]*>|<")
_STYLE, _STYLE_END = re.compile(r"<style\b", re.IGNORECASE), re.compile(r"</style>", re.IGNORECASE)
_COMMENT, _COMMENT_END = re.compile(r"<!--"), re.compile(r"-->")
_NAME = re.compile(r"</?\s*([a-z][a-z0-9]*)", re.IGNORECASE)
#: Elements that begin a line of their own, and those of them that hold no others.
_OWN_LINE = frozenset(
    [
        *("html", "head", "body", "title", "meta", "link", "style", "div", "table", "thead", "tbody", "tr", "td", "th"),
        *("p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "img", "hr"),
    ]
)
_EMPTY = frozenset(("meta", "link", "img", "hr"))
#: Deeper than this nothing is set in further: narrow screens.
_DEEPEST = 16


@dataclass(slots=True)
class _Lines:
    found: list[str]
    depth: int = 0

    def begin(self, piece: str) -> None:
        self.found.append(f"{'  ' * min(self.depth, _DEEPEST)}{piece}")

    def go_on(self, piece: str) -> None:
        if self.found and not self.found[-1].endswith("-->"):
            self.found[-1] += piece
        elif piece.strip():
            self.begin(piece.lstrip())


def readable(html: str) -> list[str]:
    """The HTML as lines, set in by depth. Nothing in it is left out but spaces between elements."""
    lines = _Lines([])
    for piece in _pieces(html):
        named = _NAME.match(piece)
        name = named[1].lower() if named else ""
        if piece.startswith("<!"):
            lines.begin(piece)
        elif name == "style":
            for each in filter(str.strip, piece.splitlines()):
                lines.begin(each.rstrip())
        elif name not in _OWN_LINE:
            lines.go_on(" ".join(re.split(r"\s+", piece)))
        elif piece.startswith("</"):
            lines.depth = max(0, lines.depth - 1)
            lines.begin(piece)
        else:
            lines.begin(" ".join(piece.split()))
            lines.depth += name not in _EMPTY
    return [line.rstrip() for line in lines.found if line.strip()]


def _pieces(html: str) -> Iterator[str]:
    """Comments, style sheets, tags, and what is between them; in time that grows with the length alone."""
    wholes = {_COMMENT: _COMMENT_END, _STYLE: _STYLE_END}
    at = 0
    while at < len(html):
        begun = next((begin for begin in wholes if begin.match(html, at)), None)
        if begun is not None:
            ended = wholes[begun].search(html, at)
            if ended is None:
                del wholes[begun]  # nor is there an end for any later one
                continue
            end = ended.end()
        elif tag := _TAG.match(html, at):
            end = tag.end()
        else:
            found = html.find("<", at)
            end = found if found >= 0 else len(html)
        yield html[at:end]
        at = end
