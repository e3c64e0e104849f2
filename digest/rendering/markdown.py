"""Markdown: what editors write, as harmless HTML and as plain text."""

from markdown_it import MarkdownIt

from digest.rendering.fragments import fragment
from digest.rendering.paragraphs import as_text, read, with_links

#: Raw HTML in it is shown as it is written, not obeyed.
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def markdown_html(text: str) -> str:
    """CommonMark as HTML that can stand in a letter: paragraphs, lists, emphasis, links; headings become text."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"  # a letter has its own headings; one more would break their order
    return str(fragment(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))).strip()


def markdown_text(text: str) -> str:
    """The same as plain text, each link followed by its address in brackets."""
    return as_text(with_links(paragraph) for paragraph in read(markdown_html(text)))
