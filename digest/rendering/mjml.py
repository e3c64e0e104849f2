"""MJML to HTML, with the mistakes caught that the compiler lets pass."""

import re

from mjml import mjml2html

from digest.errors import BadTemplate

#: What may stand in a template. `mj-include` may not: it would read files that nobody vetted.
TAGS = frozenset(
    [
        "mjml",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-all",
        "mj-attributes",
        "mj-body",
        "mj-breakpoint",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-class",
        "mj-column",
        "mj-divider",
        "mj-font",
        "mj-group",
        "mj-head",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-navbar-link",
        "mj-preview",
        "mj-raw",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-style",
        "mj-table",
        "mj-text",
        "mj-title",
        "mj-wrapper",
    ]
)
_TAG = re.compile(r"<(mj(?:ml|-[\w-]*))", re.IGNORECASE)
#: So many elements may stand in each other. Both compilers go down by calling themselves: the first ends the whole
#: process where that is too deep, the other drops what lies deeper than 256, to which MJML adds some 25.
_DEEPEST = 100
_ELEMENT = re.compile(r"<!--.*?(?:-->|$)|<(/?)([A-Za-z][\w-]*)[^<>]*>", re.DOTALL)
_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])
_BODY = re.compile(r"(<body\b[^<>]*>)(.*)(</body>)", re.DOTALL)


def compile_mjml(source: str) -> str:
    """The HTML of an MJML document. Raises BadTemplate for an unknown tag, an include, or what does not compile."""
    _must_know_all_tags(source)
    _must_be_shallow(source)
    try:
        # No fonts: the compiler's own would make later steps, and readers' mail programs, ask a server for them.
        return _with_landmark(mjml2html(source, fonts={}))
    except ValueError as exc:
        raise BadTemplate(f"The MJML does not compile: {exc}.", remedy=_place(source, str(exc))) from exc


def _with_landmark(html: str) -> str:
    """All that the page shows as its main part, for those who go from landmark to landmark. MJML has no way to say it:
    in a template, the division would have to be closed within the same piece of raw HTML."""
    return _BODY.sub(r'\1<div role="main">\2</div>\3', html, count=1)


def _must_know_all_tags(source: str) -> None:
    for match in _TAG.finditer(source):
        if match[1] not in TAGS:
            line = source.count("\n", 0, match.start()) + 1
            raise BadTemplate(
                f"<{match[1]}> in line {line} of the rendered MJML is not a tag we know.",
                remedy="Check its spelling; use Jinja's include instead of mj-include.",
            )


def _must_be_shallow(source: str) -> None:
    """Whatever closes an element closes all that was left open within it."""
    opened: list[str] = []
    for match in _ELEMENT.finditer(source):
        closes, name = match[1], (match[2] or "").lower()
        if closes and name in opened:
            del opened[len(opened) - 1 - opened[::-1].index(name) :]
        elif name and not closes and name not in _VOID and not match[0].endswith("/>"):
            opened.append(name)
        if len(opened) > _DEEPEST:
            line = source.count("\n", 0, match.start()) + 1
            raise BadTemplate(
                f"In line {line} of the rendered MJML more than {_DEEPEST} elements stand in each other.",
                remedy="Close what is open, or take some of the elements away that only hold others.",
            )


def _place(source: str, complaint: str) -> str:
    """Where to look, when the compiler names an offset."""
    offset = re.search(r"position (\d+)", complaint)
    if offset is None:
        return "Check that every tag is closed."
    line = source.encode()[: int(offset[1])].count(b"\n") + 1
    return f"Look at line {line} of the rendered MJML."
