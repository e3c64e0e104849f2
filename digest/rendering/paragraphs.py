"""Paragraphs: sanitized HTML read as a row of paragraphs and bullets, to be cut or written as text."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby
from typing import Literal

Kind = Literal["p", "ul", "ol", "heading"]
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | {"p", "ul", "ol", "li", "blockquote"}


class Tag(str):
    """An inline tag as it was written."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The element: "a"."""
        return self.strip("</>").split()[0]

    @property
    def closes(self) -> bool:
        """True for an end tag."""
        return self.startswith("</")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph or bullet: its text, with a `Tag` between where there is one."""

    kind: Kind
    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its words."""
        return "".join(t for t in self.tokens if not isinstance(t, Tag)).strip()

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


#: So much is read at a time; whoever takes the first paragraphs alone waits for no more.
_CHUNK = 4_000


def read(html: str) -> list[Paragraph]:
    """The paragraphs of sanitized HTML, in order; nested lists become one row of bullets."""
    return list(read_along(html))


def read_along(html: str) -> Iterator[Paragraph]:
    """The same, one after the other, read no further than they are taken."""
    reader = _Reader()
    for at in range(0, len(html), _CHUNK):
        reader.feed(html[at : at + _CHUNK])
        yield from reader.taken()
    reader.close()
    reader.end_paragraph()
    yield from reader.taken()


def as_html(paragraphs: Iterable[Paragraph]) -> str:
    """The paragraphs as HTML."""
    return "".join(_group_html(kind, list(group)) for kind, group in groupby(paragraphs, lambda p: p.kind))


def as_text(paragraphs: Iterable[Paragraph]) -> str:
    """The paragraphs as plain text: parted by blank lines, bullets as "• …"."""
    groups = (_group_text(kind, group) for kind, group in groupby(paragraphs, lambda p: p.kind))
    return "\n\n".join(groups)


def in_brackets(address: str) -> str:
    """How a link's address stands behind its words where nothing better is known."""
    return f"({plainly(address)})"


def plainly(address: str) -> str:
    """An address as people write it."""
    return address.removeprefix("mailto:").removeprefix("tel:")


def with_links(paragraph: Paragraph, told: Callable[[str], str] = in_brackets) -> Paragraph:
    """The same with each link's address, as it is told, after its words, for plain text."""
    return Paragraph(paragraph.kind, tuple(_spelled_out(paragraph.tokens, told)))


class _Reader(HTMLParser):
    """Collects paragraphs; inline tags that span paragraphs are closed and opened again."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[Paragraph] = []
        self._lists: list[Kind] = []
        self._heading = False
        self._open: list[tuple[str, Tag]] = []
        self._tokens: list[str] = []

    def taken(self) -> list[Paragraph]:
        """The paragraphs that have ended since they were last taken."""
        ended, self.paragraphs = self.paragraphs, []
        return ended

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_paragraph()
            self._heading = tag in _HEADINGS
            if tag in ("ul", "ol"):
                self._lists.append("ul" if tag == "ul" else "ol")
        elif tag == "br":
            self._tokens += [Tag("<br>"), " "]
        else:
            self._open.append((tag, Tag(self.get_starttag_text() or f"<{tag}>")))
            self._tokens.append(self._open[-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_paragraph()
            self._heading = False
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
        elif self._open and self._open[-1][0] == tag:
            self._open.pop()
            self._tokens.append(Tag(f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        self._tokens.append(" ".join(f"|{data}|".split())[1:-1])

    def end_paragraph(self) -> None:
        tokens = (*self._tokens, *(Tag(f"</{tag}>") for tag, _ in reversed(self._open)))
        paragraph = Paragraph(self._kind(), tokens)
        if paragraph.text:
            self.paragraphs.append(paragraph)
        self._tokens = [start for _, start in self._open]

    def _kind(self) -> Kind:
        if self._heading:
            return "heading"
        return self._lists[-1] if self._lists else "p"


def _group_html(kind: Kind, group: list[Paragraph]) -> str:
    tag = "p" if kind in ("p", "heading") else "li"
    inner = "".join(f"<{tag}>{_inner_html(p)}</{tag}>" for p in group)
    return inner if tag == "p" else f"<{kind}>{inner}</{kind}>"


def _inner_html(paragraph: Paragraph) -> str:
    return "".join(t if isinstance(t, Tag) else escape(t, quote=False) for t in paragraph.tokens).strip()


def _group_text(kind: Kind, group: Iterable[Paragraph]) -> str:
    if kind in ("p", "heading"):
        return "\n\n".join(p.text for p in group)
    return "\n".join(f"{'•' if kind == 'ul' else f'{n}.'} {p.text}" for n, p in enumerate(group, 1))


def _spelled_out(tokens: Iterable[str], told: Callable[[str], str]) -> Iterator[str]:
    address = ""
    for token in tokens:
        yield token
        if not isinstance(token, Tag):
            continue
        if token.name == "a" and not token.closes:
            address = unescape(token.partition('href="')[2].partition('"')[0])
        elif token.closes and token.name == "a" and address:
            yield f" {told(address)}"
            address = ""
