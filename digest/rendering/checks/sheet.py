"""The sheet: all blocks of an issue that somebody gets, laid out as one tree, each part of it knowing its block.

One tree for all of them, since what a piece of text looks like depends on what stands around it; and one for all
variants, since each is made of some of these blocks.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from lxml import etree, html

from digest.model.issue import IssueContent
from digest.model.item import ItemId
from digest.rendering import encoding
from digest.rendering.blocks import Block, Blocks, Piece, Slot

_MARK = re.compile(r"at:(\d+)")
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
#: What runs on within a line; everything else begins a paragraph.
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s"}
    | {"small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"}
)


class Origin(Enum):
    """Whose words they are."""

    TEMPLATE = auto()
    EDITOR = auto()
    SOURCE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something stands."""

    #: As an editor would call it: an article's title, "the introduction".
    place: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Words:
    """A run of text, and the element it stands in."""

    text: str
    within: html.HtmlElement
    spot: Spot


@dataclass(frozen=True)
class Sheet:
    """The blocks in one language, with values in their slots as a reader might have them."""

    content: IssueContent
    #: Those that somebody gets.
    blocks: Blocks
    #: Of the blocks that a variant gives values for.
    values: Mapping[str, str]

    @cached_property
    def root(self) -> html.HtmlElement:
        """The whole tree, as mail programs parse it. Conditional comments, which only Outlook reads, are not in it."""
        keys = list(self.blocks)
        marked = "".join(f"<!--at:{n}-->{self.filled(self.blocks[key].html)}" for n, key in enumerate(keys))
        # A letter may be as long as it likes; a depth that no mail program bears is cut by the parser itself.
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        return html.document_fromstring(marked.encode("utf-8", "replace"), parser=parser)

    @cached_property
    def decided(self) -> dict[bool, Mapping[html.HtmlElement, Mapping[str, str]]]:
        """What `cascade.decided` has found out, by dark: three checks ask, and it takes longer than all else."""
        return {}

    @cached_property
    def elements(self) -> tuple[tuple[html.HtmlElement, Spot], ...]:
        """All elements, in the order of the document."""
        return tuple((thing, spot) for thing, spot in self._walk() if not isinstance(thing, Words))

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """All text that is not blank, but that of style sheets, in order."""
        return tuple(thing for thing, _ in self._walk() if isinstance(thing, Words))

    @cached_property
    def paragraphs(self) -> tuple[tuple[str, Spot], ...]:
        """The same text by paragraphs, titles and cells, whatever stands in them in bold or as a link."""
        found: list[tuple[list[str], Spot]] = []
        inside: html.HtmlElement | None = None
        for thing, spot in self._walk():
            if not isinstance(thing, Words):
                inside = inside if thing.tag in _INLINE else None
                continue
            around = self._around(thing.within)
            if inside is not around or found[-1][1] is not spot:
                found.append(([], spot))
                inside = around
            found[-1][0].append(thing.text)
        return tuple(("".join(runs), spot) for runs, spot in found)

    def _around(self, element: html.HtmlElement) -> html.HtmlElement:
        """What begins the paragraph that an element stands in."""
        above: list[html.HtmlElement] = []
        while element not in self._begun and element.tag in _INLINE and element.getparent() is not None:
            above.append(element)
            element = element.getparent()
        begun = self._begun.get(element, element)
        self._begun.update(dict.fromkeys(above, begun))
        return begun

    @cached_property
    def _begun(self) -> dict[html.HtmlElement, html.HtmlElement]:
        return {}

    @cached_property
    def sheets(self) -> tuple[str, ...]:
        """The style sheets that stayed in the head."""
        return tuple(element.text or "" for element, _ in self.elements if element.tag == "style")

    def filled(self, pieces: tuple[Piece, ...]) -> str:
        """Pieces with values in their slots; an empty one where there is none."""
        return "".join(encoding.html_text(self.values.get(p.name, "")) if isinstance(p, Slot) else p for p in pieces)

    def texts(self) -> Iterator[tuple[str, Spot]]:
        """The text part by paragraphs, with nothing in the slots."""
        for key, block in self.blocks.items():
            whole = "".join(piece for piece in block.text if isinstance(piece, str))
            yield from ((paragraph, self.spot(key)) for paragraph in _BLANK_LINES.split(whole))

    def spot(self, key: str) -> Spot:
        """Where a block stands."""
        kind, _, rest = key.partition(":")
        name, _, _ = rest.partition(":")
        if kind in ("item", "note", "contents"):
            return Spot(place=self._titles.get(name, key), origin=Origin.SOURCE)
        if kind in ("topic", "contents-topic"):
            return Spot(place=self._topics.get(rest, key), origin=Origin.EDITOR)
        if kind == "intro":
            return Spot(place="the introduction", origin=Origin.EDITOR)
        return Spot(place=f"the template, block “{key}”", origin=Origin.TEMPLATE)

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        return {str(ItemId(a.id)): a.title for a in self.content.articles}

    @cached_property
    def _topics(self) -> Mapping[str, str]:
        return {topic.slug: topic.name for topic in self.content.topics}

    def _walk(self) -> Iterator[tuple[html.HtmlElement | Words, Spot]]:
        """Elements and texts in the order of the document. A text behind a marker is of the marker's block."""
        spots = [self.spot(key) for key in self.blocks]
        at = spots[0]
        for event, node in etree.iterwalk(self.root, events=("start", "end", "comment")):
            if event == "comment":
                mark = _MARK.fullmatch(node.text or "")
                at = spots[int(mark[1])] if mark and int(mark[1]) < len(spots) else at
            elif event == "start":
                yield node, at
            if event == "start":
                text, within = node.text, node
            else:
                text, within = node.tail, node.getparent()
            if text and not text.isspace() and within is not None and within.tag not in ("style", "script"):
                yield Words(text, within, at), at


def of_letters(blocks: Mapping[str, Block], keys: Collection[str]) -> dict[str, Block]:
    """The blocks that are in a letter, in their order."""
    return {key: block for key, block in blocks.items() if key in keys}
