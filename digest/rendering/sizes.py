"""Sizes: how many bytes an item adds to a message, so that choosing can stay within what mailboxes show whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from digest.model.cadence import Cadence
from digest.model.item import ItemId
from digest.rendering import encoding
from digest.rendering.blocks import Block, Blocks, Piece, Slot
from digest.rendering.phrases import Phrases

#: Kept free for headers, boundaries and part headings.
_HEADERS = 3_000
#: Kept free for the value of a slot of which nothing is known: a link with its token.
_SLOT = 500
#: Two ways to wrap a value can differ by so many bytes.
_WRAPPING = 100
#: Signs of four bytes, which take the most in quoted-printable.
_WIDE = "\U0001f600"
#: As long as a domain can be (RFC 1035, 2.3.4).
_ADDRESS = f"x@{'m' * 250}.eu"
#: The bytes a sign of what stands between two titles.
_DOT = 3.0
#: As long as a name that is greeted, and as a preheader.
_NAME, _PREHEADER = 60, 140
#: The number of a link in the text part, encoded.
_NUMBER = 8
#: Blocks of every letter; the contents list and "and N more" are counted as if they were always there.
_ALWAYS = frozenset(
    ["top", "browser", "masthead", "greeting", "last", "intro", "contents-open", "contents-close", "more", "footer"]
)


#: The bytes that the value of a slot takes at most, in either part.
Widest = Mapping[str, int]


def widest(phrases: Phrases, *, cadence: Cadence, topics: Sequence[str], titles: Sequence[str]) -> Widest:
    """The bytes of what letters say in a language, for any reader of a newsletter with these topics, by their names;
    `titles` are those of the pieces there are to choose from."""
    pieces = len(titles)
    days = (date(2028, month, 28) for month in range(1, 13))
    longest_day = max(days, key=lambda day: _encoded(phrases.long_date(day)))
    counts = [phrases.did_not_fit(pieces), *(phrases.count_new(n) for n in (1, pieces))]
    headlines = [
        *(phrases.headline(n, t) for n in (*range(13), pieces) for t in (None, *range(1, 13), max(1, len(topics)))),
        *(phrases.notes_headline(n) for n in (1, 3, 7, pieces)),
    ]
    why = [
        phrases.why(cadence=cadence, signed_up_on=longest_day, address=_ADDRESS, topics=chosen)
        for chosen in (None, (), topics)
    ]
    headline = max(map(_encoded, headlines))
    return {
        "greeting": _encoded(phrases.greeting(_WIDE * _NAME)),
        "headline": headline,
        # As many titles as fit, or the headline.
        "preheader": max(headline, round(_PREHEADER * max([_DOT, *map(_bytes_a_sign, titles)])) + _WRAPPING),
        "count": max(map(_encoded, counts)),
        "why": max(map(_encoded, why)) + _WRAPPING,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The bytes there are in a letter, and what its pieces take of them."""

    #: For all pieces together, with their headings and lines.
    left: int
    #: By item and topic, None for a note.
    sizes: Mapping[tuple[ItemId, str | None], int]
    #: Of each topic's heading.
    headings: Mapping[str, int]
    #: Of each item's line in the list of contents.
    lines: Mapping[ItemId, int]


def room(blocks: Blocks, widest: Widest, *, budget: int) -> Room:
    """What choosing reckons with, in a message of `budget` bytes."""
    return Room(
        left=budget - base_size(blocks, widest),
        sizes=sizes(blocks, widest),
        headings=heading_sizes(blocks, widest),
        lines=line_sizes(blocks, widest),
    )


def sizes(blocks: Blocks, widest: Widest) -> Mapping[tuple[ItemId, str | None], int]:
    """Bytes that each item adds, HTML and text as encoded; by item and topic (None for a note)."""
    found: dict[tuple[ItemId, str | None], int] = {}
    for key, block in blocks.items():
        kind, _, rest = key.partition(":")
        item, _, slug = rest.partition(":")
        if kind == "note":
            found[ItemId(int(item)), None] = _size(block, widest)
        elif kind == "item":
            found[ItemId(int(item)), slug] = _size(block, widest)
    return found


def heading_sizes(blocks: Blocks, widest: Widest) -> Mapping[str, int]:
    """Bytes that the first item under a topic adds for the topic's heading and its row in the contents; by slug."""
    found = Counter[str]()
    for key, block in blocks.items():
        kind, _, slug = key.partition(":")
        if kind in ("topic", "contents-topic"):  # issues of the first programs had no such rows
            found[slug] += _size(block, widest)
    return found


def line_sizes(blocks: Blocks, widest: Widest) -> Mapping[ItemId, int]:
    """Bytes of each item's line in the list of contents."""
    parted = ((key.partition(":"), block) for key, block in blocks.items())
    return {ItemId(int(item)): _size(block, widest) for (kind, _, item), block in parted if kind == "contents"}


def base_size(blocks: Blocks, widest: Widest) -> int:
    """Bytes of a message without items, headings and lines, never less than it will be."""
    return _HEADERS + sum(_size(block, widest) for key, block in blocks.items() if key in _ALWAYS)


def _size(block: Block, widest: Widest) -> int:
    return sum(_piece(piece, widest) for side in (block.html, block.text) for piece in side)


def _piece(piece: Piece, widest: Widest) -> int:
    if not isinstance(piece, Slot):
        return len(encoding.literal(piece))
    return _NUMBER if piece.is_link else widest.get(piece.name, _SLOT)


def _bytes_a_sign(title: str) -> float:
    shown = title[:_PREHEADER] or "x"
    return _encoded(shown) / len(shown)


def _encoded(value: str) -> int:
    return max(len(encoding.encoded(told(value))) for told in (encoding.html_text, encoding.plain_text))
