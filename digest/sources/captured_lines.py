"""Lines of a page saved as text, gathered into paragraphs and bullets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from digest.sources.captured_dates import looks_like_date
from digest.sources.sanitize import BULLET, fold, plain_line

#: A page whose longest line is within these was wrapped by a program; else a line's end is a paragraph's end.
_WRAPPED = range(50, 121)
_BULLET = re.compile(r"^\s*(?:[•·▪◦‣●○∙⁃]\s*|[*\-–]\s+)(?=\S)")
_ENDED = re.compile(r"[.!?:;…][\"”’')\]]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph or bullet of a page."""

    #: Its first line, counted from 1.
    line: int
    #: How many blank lines stand before it.
    gap: int
    text: str
    bullet: bool = False
    #: Stands twice in succession: the caption of a picture and its text for the blind.
    caption: bool = False

    @property
    def paragraph(self) -> str:
        """Its text, a bullet marked as one."""
        return BULLET + self.text if self.bullet else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An item as far as the page's layout tells: its parts are found but not yet cleaned."""

    title: Block
    blocks: tuple[Block, ...]
    published: date | None = None
    people: tuple[str, ...] = ()
    word_count: int | None = None


def blocks_of(text: str) -> list[Block]:
    """The page's paragraphs and bullets in order; lines that a program wrapped are joined again."""
    lines = re.split(r"\r\n|\r|\n", text)
    return _with_captions(list(_gathered(lines)))


def _gathered(lines: list[str]) -> Iterator[Block]:
    """Blocks, each once all its lines are there."""
    width = _width(lines)
    held: list[str] = []
    first, gap, blank = 1, 0, 0
    for number, raw in enumerate(lines, 1):
        if not fold(raw):
            blank += 1
        elif held and not blank and _continues(held, raw, width):
            held.append(raw)
        else:
            if held:
                yield _block(first, gap, held)
            first, gap, blank, held = number, blank, 0, [raw]
    if held:
        yield _block(first, gap, held)


def _block(line: int, gap: int, raws: list[str]) -> Block:
    mark = _BULLET.match(raws[0])
    words = fold(" ".join([raws[0][mark.end() :] if mark else raws[0], *raws[1:]]))
    return Block(line=line, gap=gap, text=words, bullet=bool(mark))


def _width(lines: list[str]) -> int:
    """The width a program wrapped the page at; 0 when it did not."""
    longest = max(len(line.rstrip()) for line in lines)
    return longest if longest in _WRAPPED else 0


def _continues(held: list[str], raw: str, width: int) -> bool:
    """Whether a line goes on with the lines held before it, in the same block."""
    words, before = fold(raw), held[-1].rstrip()
    if _BULLET.match(raw) or looks_like_date(words) or looks_like_date(fold(before[:80])):
        return False
    bullet = _BULLET.match(held[0]) is not None
    if bullet and raw[:1].isspace():
        return True
    ended = _ENDED.search(before[-12:]) is not None
    if words[0].islower():
        return not ended
    return width > 0 and not (ended and bullet) and _filled(before, words, width, ended=ended)


def _filled(before: str, words: str, width: int, *, ended: bool) -> bool:
    """Whether the next word did not fit on the line before; people who wrap by hand leave some room."""
    reach = len(before) + 1 + len(words.split()[0])
    return reach > (width if ended else width * 3 // 4)


def _with_captions(blocks: list[Block]) -> list[Block]:
    keys = [_key(block) for block in blocks]
    around = zip(["", *keys], keys, [*keys[1:], ""], blocks, strict=False)
    return [replace(block, caption=bool(key) and key in (last, following)) for last, key, following, block in around]


def _key(block: Block) -> str:
    """What two captions agree in, whatever their quotation marks; empty for what is too long to be one."""
    short = len(block.text) <= 100 and not block.bullet
    return re.sub(r"[\"'‘’“”`´]", "'", block.text).casefold() if short else ""


def is_title(block: Block) -> bool:
    """Whether a block can be a title: one line that is no bullet and no sentence with its full stop."""
    return not block.bullet and len(block.text) <= 300 and not _is_sentence(block.text)


def _is_sentence(text: str) -> bool:
    if not re.search(r"[.;,][\"”’')\]]*$", text) or text.endswith("..."):
        return False
    if re.search(r"\.[\"”’']$", text) and len(text) <= 120:
        # A title may end in what somebody said.
        return False
    return re.search(r"\b(?:[A-Z]\.|Inc\.|Ltd\.|Co\.|etc\.|al\.|Jr\.|Sr\.|No\.)$", text) is None


def title_line(block: Block) -> str:
    """The title as it is kept."""
    return plain_line(block.text)
