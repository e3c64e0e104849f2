"""Modest: a summary's markup kept small, so that one piece takes no room from the others; its words all stay."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from digest.rendering import encoding
from digest.rendering.paragraphs import Paragraph, Tag, as_html

#: A summary may have so many links, and so many bytes beyond those of its words, both as they are sent.
_LINKS = 12
_MARKUP = 6_000


def modest(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """The same without what shows nothing and without links beyond the twelfth; where that is still too much, without
    any links, or without any tags."""
    lean = [replace(paragraph, tokens=tuple(_telling(paragraph.tokens))) for paragraph in paragraphs]
    words = [_without(paragraph, frozenset()) for paragraph in lean]
    most = _bytes(words) + _MARKUP
    for tried in (_few_links(lean), [_without(paragraph, _PLAIN) for paragraph in lean]):
        if _bytes(tried) <= most:
            return tried
    return words


#: What stays of the tags where links do not.
_PLAIN = frozenset({"em", "strong", "b", "i", "code", "sub", "sup", "br"})


def _bytes(paragraphs: Iterable[Paragraph]) -> int:
    return len(encoding.encoded(as_html(paragraphs)))


def _telling(tokens: Iterable[str]) -> list[str]:
    """The tokens without elements that hold nothing but others that hold nothing."""
    kept: list[str] = []
    for token in tokens:
        if not token:
            continue
        if isinstance(token, Tag) and token.closes and kept and _opens(kept[-1], token):
            kept.pop()
        else:
            kept.append(token)
    return kept


def _opens(token: str, closing: Tag) -> bool:
    return isinstance(token, Tag) and not token.closes and token.name == closing.name


def _few_links(paragraphs: Iterable[Paragraph]) -> list[Paragraph]:
    left = _LINKS
    few = []
    for paragraph in paragraphs:
        tokens: list[str] = []
        for token in paragraph.tokens:
            if isinstance(token, Tag) and token.name == "a":
                if left > 0:
                    tokens.append(token)
                left -= token.closes
            else:
                tokens.append(token)
        few.append(replace(paragraph, tokens=tuple(tokens)))
    return few


def _without(paragraph: Paragraph, kept: frozenset[str]) -> Paragraph:
    tokens = (t for t in paragraph.tokens if not isinstance(t, Tag) or t.name in kept)
    return replace(paragraph, tokens=tuple(tokens))
