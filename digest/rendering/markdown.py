"""Markdown: what editors write, as harmless HTML and as plain text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from digest.rendering.fragments import fragment, is_kept
from digest.rendering.paragraphs import as_text, read, with_links

#: Raw HTML in it is shown as it is written, not obeyed.
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True, slots=True)
class Lost:
    """A link or picture that a letter cannot show as it was meant."""

    address: str
    is_picture: bool = False


def markdown_html(text: str) -> str:
    """CommonMark as HTML that can stand in a letter: paragraphs, lists, emphasis, links; headings become text.

    A picture becomes a link to it, and of a link that mail programs do not open the address is written out.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"  # a letter has its own headings; one more would break their order
        if token.children:
            token.children = list(_shown(token.children))
    return str(fragment(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))).strip()


def markdown_text(text: str) -> str:
    """The same as plain text, each link followed by its address in brackets."""
    return as_text(with_links(paragraph) for paragraph in read(markdown_html(text)))


def lost_links(text: str) -> Iterator[Lost]:
    """The links of what an editor wrote that mail programs do not open, and the pictures, in order."""
    for block in _MARKDOWN.parse(text):
        for token in block.children or ():
            if token.type == "image":
                yield Lost(_address(token), is_picture=True)
            elif token.type == "link_open" and not is_kept(_address(token)):
                yield Lost(_address(token))


def _shown(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens of a paragraph as a letter can show them."""
    waiting: list[str] = []
    for token in tokens:
        if token.type == "image":
            yield from _as_link(token, within=bool(waiting))
        elif token.type == "link_open":
            waiting.append("" if is_kept(_address(token)) else _address(token))
            yield from [] if waiting[-1] else [token]
        elif token.type == "link_close":
            address = waiting.pop()
            yield _words(f" ({address})") if address else token
        else:
            yield token


def _as_link(picture: Token, *, within: bool) -> list[Token]:
    """A link to the picture by its description; a link that it stands in already leads elsewhere and stays."""
    address, words = _address(picture), _words(picture.content)
    if within:
        return [words]
    if not is_kept(address):
        return [_words(f"{picture.content} ({address})".strip())]
    opening = Token("link_open", "a", 1, attrs={"href": address})
    return [opening, words if picture.content.strip() else _words(address), Token("link_close", "a", -1)]


def _address(token: Token) -> str:
    return str(token.attrGet("src" if token.type == "image" else "href") or "")


def _words(text: str) -> Token:
    return Token("text", "", 0, content=text)
