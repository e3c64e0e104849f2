"""Summaries: the first paragraphs of a piece, as much as a letter has room for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from digest.rendering.fragments import TAGS, fragment
from digest.rendering.modest import modest
from digest.rendering.paragraphs import Paragraph, Tag, as_html, as_text, read_along

#: A first paragraph may run over by so much before it is cut.
_LEEWAY = 1.5
#: Text without spaces (Chinese, or one endless word) is measured in characters instead.
_CHARACTERS_A_WORD = 12
#: A beginning is looked for in so much of a piece; whatever it is made of, the words of a letter are in it.
_BEGINNING = 20_000
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: The end of a sentence: a full stop after two letters or a digit at least, so that "J. Hale" is not cut.
_SENTENCE_END = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)(?<=\w[\w)”’\"'])[.!?][”’)\"']*(?=\s+[^\sa-z])"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """The beginning of a piece."""

    html: str
    text: str
    #: True when it is the whole piece.
    whole: bool


def summarise(body_html: str, *, words: int = 70) -> Summary:
    """About `words` words: whole paragraphs, at least one; a long first one ends with a sentence, or with "…".

    No more of the piece is read than that takes. Markup beyond measure goes, its words stay.
    """
    beginning = _beginning(body_html)
    # A heading makes no sense in a summary, over one paragraph.
    body = (p for p in read_along(fragment(beginning, tags=TAGS | _HEADINGS)) if p.kind != "heading")
    taken, whole = _taken(body, words)
    whole = whole and beginning == body_html
    shown = modest(taken if whole else _without_promise(taken))
    return Summary(html=as_html(shown), text=as_text(shown), whole=whole)


def _beginning(body_html: str) -> str:
    """As much as is looked at, with no tag or entity torn apart."""
    if len(body_html) <= _BEGINNING:
        return body_html
    cut = body_html[:_BEGINNING]
    at = max(cut.rfind("<"), cut.rfind(" "))
    return cut[:at] if at > 0 else cut


def _taken(body: Iterator[Paragraph], words: int) -> tuple[list[Paragraph], bool]:
    """The paragraphs for which there is room, and whether they are all."""
    first = next(body, None)
    if first is None:
        return [], True
    if _length(first) > words * _LEEWAY:
        return [_shortened(first, words)], False
    taken, room = [first], words - _length(first)
    for paragraph in body:
        room -= _length(paragraph)
        if room < 0:
            return taken, False
        taken.append(paragraph)
    return taken, True


def _without_promise(taken: list[Paragraph]) -> list[Paragraph]:
    """A last paragraph that ends with a colon promises what does not come; it ends with "…" instead."""
    if not taken:
        return []
    last = taken[-1]
    if not last.text.endswith(":"):
        return taken
    return [*taken[:-1], _cut(last, len(last.text) - 1, ending=" …")]


def _shortened(paragraph: Paragraph, words: int) -> Paragraph:
    text = paragraph.text
    limit = _offset(text, round(words * 1.25))
    ends = [m.end() for m in _SENTENCE_END.finditer(text) if _offset(text, words // 2) <= m.end() <= limit]
    if ends:
        return _cut(paragraph, ends[-1])
    return _cut(paragraph, _offset(text, words), ending=" …")


def _offset(text: str, words: int) -> int:
    """Where the first `words` words end."""
    ends = [m.end() for m in re.finditer(r"\S+", text)]
    return min(ends[max(1, min(words, len(ends))) - 1], words * _CHARACTERS_A_WORD)


def _length(paragraph: Paragraph) -> int:
    return max(paragraph.words, len(paragraph.text) // _CHARACTERS_A_WORD)


def _cut(paragraph: Paragraph, offset: int, ending: str = "") -> Paragraph:
    """The first `offset` characters of its text, with every tag closed that is open there."""
    tokens: list[str] = []
    opened: list[str] = []
    room = offset + _leading_space(paragraph)
    for token in paragraph.tokens:
        if not isinstance(token, Tag):
            tokens.append(token[:room])
            room -= len(tokens[-1])
        elif _belongs(token, opened, room):
            tokens.append(token)
    return replace(paragraph, tokens=(*tokens, ending))


def _belongs(tag: Tag, opened: list[str], room: int) -> bool:
    """Whether a tag stays: opening ones before the cut, closing ones whose opening stayed."""
    if tag.closes:
        return bool(opened) and opened[-1] == tag.name and opened.pop() == tag.name
    if room > 0 and tag.name != "br":
        opened.append(tag.name)
    return room > 0


def _leading_space(paragraph: Paragraph) -> int:
    text = "".join(t for t in paragraph.tokens if not isinstance(t, Tag))
    return len(text) - len(text.lstrip())
