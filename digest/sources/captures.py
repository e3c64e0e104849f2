"""Captures: pages saved as plain text, told apart by their structure alone."""

from collections.abc import Iterable
from dataclasses import replace

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import captured_news, captured_posts
from digest.sources.captured_chrome import beginning, is_stub
from digest.sources.captured_lines import Block, Draft, blocks_of, title_line
from digest.sources.captured_people import mended, named_pairs
from digest.sources.decoding import refuse_binary
from digest.sources.sanitize import text_to_html
from digest.sources.whole import whole_item


def read(text: str) -> list[FoundItem]:
    """All items of a page of dated news or of posts with bylines; UnreadableSource names the line otherwise.

    A date is only what a date line says; posts have none, and it is not made up.
    """
    refuse_binary(text)
    blocks = blocks_of(text)
    if not blocks:
        raise UnreadableSource("it is empty.", line=1, remedy="Save the page again.")
    layout = captured_news if captured_news.is_dated(blocks) else captured_posts
    return [_item(draft) for draft in layout.read(blocks)]


def _item(draft: Draft) -> FoundItem:
    blocks, excerpt = _shown(draft)
    return whole_item(
        title=title_line(draft.title),
        html=text_to_html(_mended(blocks, draft.people)),
        where="the item",
        line=draft.title.line,
        published=draft.published,
        people=draft.people,
        word_count=draft.word_count,
        excerpt=excerpt,
    )


def _shown(draft: Draft) -> tuple[list[Block], bool]:
    """The blocks that are text, and whether they are only the beginning."""
    shown: list[Block] = []
    for block in draft.blocks:
        begun = beginning(block.text, draft.title.text)
        if begun is not None:
            return _without_chrome([*shown, replace(block, text=begun)]), True
        shown.append(block)
    return _without_chrome(shown), False


def _without_chrome(blocks: Iterable[Block]) -> list[Block]:
    """Without captions and lost links; but an item that is nothing else keeps what it has."""
    given = [block for block in blocks if block.text]
    words = [block for block in given if not block.caption] or given
    return [block for block in words if not is_stub(block)] or words


def _mended(blocks: list[Block], people: tuple[str, ...]) -> list[str]:
    """The paragraphs, without captions that the capture glued into them."""
    pairs = named_pairs("\n".join(block.text for block in blocks)) | named_pairs("\n".join(people))
    return [replace(block, text=mended(block.text, people, pairs)).paragraph for block in blocks]
