"""Dated news: items of a title, a date line and paragraphs, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from digest.errors import UnreadableSource
from digest.sources.captured_chrome import body_of, is_navigation, is_noise
from digest.sources.captured_dates import date_of, looks_like_date
from digest.sources.captured_lines import Block, Draft, is_title
from digest.sources.captured_people import Byline, read_byline


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    title_at: int
    #: Where the text begins.
    body_at: int
    published: date
    byline: Byline | None


def is_dated(blocks: Sequence[Block]) -> bool:
    """Whether the page is of this layout: somewhere a line is a date and nothing else."""
    return any(_is_date(block) for block in blocks)


def read(blocks: Sequence[Block]) -> list[Draft]:
    """All items of the page; UnreadableSource, naming the line, when one of them is not whole."""
    blocks = [block for block in blocks if not is_noise(block)]
    dates = [at for at, block in enumerate(blocks) if _is_date(block)]
    heads = [_head(blocks, at, first=at == dates[0]) for at in dates]
    parted = len(heads) > 1 and all(blocks[head.title_at].gap >= 2 for head in heads[1:])
    nexts = [*heads[1:], None]
    return [_draft(blocks, head, following, parted=parted) for head, following in zip(heads, nexts, strict=True)]


def _is_date(block: Block) -> bool:
    return not block.bullet and looks_like_date(block.text)


def _head(blocks: Sequence[Block], at: int, *, first: bool) -> _Head:
    published = date_of(blocks[at].text, blocks[at].line)
    above = _byline(blocks, at - 1) if at > 1 else None
    below = _byline(blocks, at + 1)
    title_at = at - 2 if above else at - 1
    if title_at < 0 or not _can_head(blocks, title_at, first=first):
        remedy = "Put the title on a line of its own above the date."
        raise UnreadableSource("a date has no title above it.", line=blocks[at].line, remedy=remedy)
    return _Head(title_at=title_at, body_at=at + (2 if below else 1), published=published, byline=above or below)


def _byline(blocks: Sequence[Block], at: int) -> Byline | None:
    """A line that outright says "by" somebody and nothing else."""
    found = read_byline(blocks[at].text) if at < len(blocks) and not blocks[at].bullet else None
    return found if found and found.certain and found.people and not found.rest else None


def _can_head(blocks: Sequence[Block], at: int, *, first: bool) -> bool:
    """Whether the block is the title of the date below it, which must stand no farther from it than the text above."""
    title, below = blocks[at], blocks[at + 1]
    near = first or below.gap <= title.gap
    return near and is_title(title) and not _is_date(title) and not is_navigation(title.text)


def _draft(blocks: Sequence[Block], head: _Head, following: _Head | None, *, parted: bool) -> Draft:
    title = blocks[head.title_at]
    body = body_of(blocks, head.body_at, following.title_at if following else None, parted=parted)
    if not body:
        remedy = "Complete the item or take it out."
        raise UnreadableSource("an item has a title and a date but no text.", line=title.line, remedy=remedy)
    if parted:
        _refuse_undated(body)
    return Draft(
        title=title,
        blocks=tuple(body),
        published=head.published,
        people=head.byline.people if head.byline else (),
        word_count=head.byline.word_count if head.byline else None,
    )


def _refuse_undated(body: Sequence[Block]) -> None:
    """Raise when something stands apart like an item but has no date: it would be lost in the item above."""
    for block in body[1:]:
        if block.gap >= 2 and is_title(block) and not block.caption and not block.text.endswith(":"):
            remedy = "Put its date on a line below it, or leave one blank line above it if it belongs to that item."
            raise UnreadableSource("a title stands apart but has no date.", line=block.line, remedy=remedy)
