"""Posts: items of a title, a byline and an excerpt or the whole text, without dates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from digest.errors import UnreadableSource
from digest.sources.captured_chrome import beginning, body_of, is_footer, is_noise, looks_like_title
from digest.sources.captured_lines import Block, Draft
from digest.sources.captured_people import Byline, bare_name, read_byline

#: A paragraph of at least so many characters is text, not a label in a margin.
_TEXT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    title_at: int
    byline_at: int
    byline: Byline


def read(blocks: Sequence[Block]) -> list[Draft]:
    """All posts of the page; UnreadableSource, naming the line, when one is not whole or there is none."""
    blocks = [block for block in blocks if not is_noise(block)]
    heads = _surely_heads(blocks, _heads(blocks))
    if not heads:
        remedy = "Give each item a date line or a byline below its title."
        raise UnreadableSource("no items can be told apart here.", line=1, remedy=remedy)
    _refuse_lost_excerpt(blocks[: heads[0].title_at])
    nexts = [*heads[1:], None]
    return [_draft(blocks, head, following) for head, following in zip(heads, nexts, strict=True)]


def _heads(blocks: Sequence[Block]) -> list[_Head]:
    heads: list[_Head] = []
    for at, block in enumerate(blocks):
        byline = None if block.bullet or block.caption else _byline(blocks, at)
        if byline is None:
            continue
        before = _before(blocks, at, byline)
        if heads and before == heads[-1].byline_at:
            heads[-1] = _joined(heads[-1], at, byline)
            continue
        head = _head(blocks, at, before, byline)
        heads.extend([head] if head else [])
    return heads


def _byline(blocks: Sequence[Block], at: int) -> Byline | None:
    return read_byline(blocks[at].text, [blocks[above].text for above in _captions_above(blocks, at)])


def _captions_above(blocks: Sequence[Block], at: int) -> list[int]:
    first = at
    while first > 0 and blocks[first - 1].caption:
        first -= 1
    return list(range(first, at))


def _before(blocks: Sequence[Block], at: int, byline: Byline) -> int:
    """The block above the byline and the captions of its pictures; -1 for none."""
    before = at - 1
    while before >= 0 and (blocks[before].caption or bare_name(blocks[before].text) in (byline.people or ("",))):
        before -= 1
    return before


def _head(blocks: Sequence[Block], at: int, before: int, byline: Byline) -> _Head | None:
    """The head of a post, when there is a title above the byline; a page may show the title twice, like a caption."""
    twins = [i for i in _captions_above(blocks, at) if not bare_name(blocks[i].text)]
    for title_at in (before, *twins[:1]):
        if title_at >= 0 and looks_like_title(blocks[title_at]):
            return _Head(title_at=title_at, byline_at=at, byline=byline)
    if byline.certain or (before >= 0 and beginning(blocks[before].text, "") is not None):
        remedy = "Put the title on a line of its own above it."
        raise UnreadableSource("a byline has no title above it.", line=blocks[at].line, remedy=remedy)
    return None


def _joined(head: _Head, at: int, more: Byline) -> _Head:
    """A head whose byline goes on in a second paragraph."""
    people = tuple(dict.fromkeys(head.byline.people + more.people))
    count = head.byline.word_count or more.word_count
    rest = "\n".join(part for part in (head.byline.rest, more.rest) if part)
    byline = Byline(people=people, word_count=count, rest=rest, certain=head.byline.certain or more.certain)
    return replace(head, byline_at=at, byline=byline)


def _surely_heads(blocks: Sequence[Block], heads: list[_Head]) -> list[_Head]:
    """Without those that only a wording suggests and no text bears out, such as a note on the author at the end."""
    kept: list[_Head] = []
    ends = [*(head.title_at for head in heads[1:]), len(blocks)]
    for head, end in zip(heads, ends, strict=False):
        closed = not kept or _is_closed(blocks[kept[-1].byline_at + 1 : head.title_at], blocks[kept[-1].title_at])
        if closed or head.byline.certain or end > head.byline_at + 1:
            kept.append(head)
    return kept


def _is_closed(body: Sequence[Block], title: Block) -> bool:
    return any(beginning(block.text, title.text) is not None for block in body)


def _draft(blocks: Sequence[Block], head: _Head, following: _Head | None) -> Draft:
    title = blocks[head.title_at]
    body = body_of(blocks, head.byline_at + 1, following.title_at if following else None, parted=False)
    if not body:
        remedy = "Complete the item or take it out."
        raise UnreadableSource("an item has a title and a byline but no text.", line=title.line, remedy=remedy)
    _refuse_lost_text(body, title)
    opening = [replace(blocks[head.byline_at], text=part) for part in head.byline.rest.split("\n") if part]
    return Draft(
        title=title,
        blocks=(*opening, *body),
        people=head.byline.people,
        word_count=head.byline.word_count,
    )


def _refuse_lost_excerpt(above: Sequence[Block]) -> None:
    """Raise when an excerpt ends above the first post; other text there introduces the page."""
    for block in above:
        if beginning(block.text, "") is not None:
            remedy = "Put a title and a line “by …” above it."
            raise UnreadableSource("a text has no title with a byline.", line=block.line, remedy=remedy)


def _refuse_lost_text(body: Sequence[Block], title: Block) -> None:
    """Raise when a title and its text follow on an excerpt's end: a post whose byline is missing would be lost."""
    ended = next((at for at, block in enumerate(body) if beginning(block.text, title.text) is not None), len(body))
    after = [block for block in body[ended + 1 :] if not block.caption]
    for above, block in pairwise(after):
        if looks_like_title(above) and len(block.text) >= _TEXT and not is_footer(block):
            remedy = "Put a line “by …” below it, or take it out."
            raise UnreadableSource("a title and its text have no byline.", line=above.line, remedy=remedy)
