"""Sizes: how many bytes an item adds to a message, so that choosing can stay within what mailboxes show whole."""

from collections.abc import Mapping

from digest.model.item import ItemId
from digest.rendering import encoding
from digest.rendering.blocks import Block, Blocks, Piece, Slot

#: Kept free for headers, boundaries and part headings.
_HEADERS = 3_000
#: Kept free for the value of one slot: a link with its token, a sentence why; some are known to be shorter.
_SLOT = 500
_SHORTER_SLOTS = {"count": 120, "headline": 200, "greeting": 300}
#: The number of a link in the text part, encoded.
_NUMBER = 8
#: Blocks of every letter; the contents list and "and N more" are counted as if they were always there.
_ALWAYS = frozenset(
    ["top", "browser", "masthead", "greeting", "last", "intro", "contents-open", "contents-close", "more", "footer"]
)


def sizes(blocks: Blocks) -> Mapping[tuple[ItemId, str | None], int]:
    """Bytes that each item adds, HTML and text as encoded; by item and topic (None for a note)."""
    found: dict[tuple[ItemId, str | None], int] = {}
    for key, block in blocks.items():
        kind, _, rest = key.partition(":")
        item, _, slug = rest.partition(":")
        if kind == "note":
            found[ItemId(int(item)), None] = _size(block)
        elif kind == "item":
            found[ItemId(int(item)), slug] = _size(block)
    return found


def heading_sizes(blocks: Blocks) -> Mapping[str, int]:
    """Bytes that the first item under a topic adds for the topic's heading and its row in the contents; by slug."""
    parted = ((key.partition(":"), block) for key, block in blocks.items())
    return {
        slug: _size(block) + _size(blocks[f"contents-topic:{slug}"])
        for (kind, _, slug), block in parted
        if kind == "topic"
    }


def line_sizes(blocks: Blocks) -> Mapping[ItemId, int]:
    """Bytes of each item's line in the list of contents."""
    parted = ((key.partition(":"), block) for key, block in blocks.items())
    return {ItemId(int(item)): _size(block) for (kind, _, item), block in parted if kind == "contents"}


def base_size(blocks: Blocks) -> int:
    """Bytes of a message without items, headings and lines, never less than it will be."""
    return _HEADERS + sum(_size(block) for key, block in blocks.items() if key in _ALWAYS)


def _size(block: Block) -> int:
    return sum(_piece(piece) for side in (block.html, block.text) for piece in side)


def _piece(piece: Piece) -> int:
    if not isinstance(piece, Slot):
        return len(encoding.literal(piece))
    return _NUMBER if piece.is_link else _SHORTER_SLOTS.get(piece.name, _SLOT)
