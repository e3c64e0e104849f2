"""Leftovers: what was to be filled in, and was not."""

import re
from collections.abc import Iterator

from digest.model.finding import Finding, Severity
from digest.rendering.checks.sheet import Origin, Sheet, Spot

LEFTOVER = "leftover"
#: The sign that nobody sees and that fills up preheaders.
_FILLER = "\u034f"
#: Each is of bounded length, so that a long text costs no more than its length.
_PATTERNS = (
    (re.compile(r"\{\{.{0,80}|\{%.{0,80}|[%}]\}"), "a piece of a template"),
    (re.compile(r"%\([a-z_]{1,40}\)[sd]"), "a place for a value"),
    (
        re.compile(r"\*\|[A-Z0-9_:]{1,40}\|\*|%%[A-Za-z_]{1,40}%%|\[\[[a-z_ ]{1,40}\]\]|<<[A-Za-z_ ]{1,40}>>"),
        "a mail-merge field",
    ),
    (re.compile(r"\blorem ipsum\b", re.IGNORECASE), "dummy text"),
    (re.compile(r"(?<![\w&])(?:TK(?:TK)*(?! Maxx)|TODO|FIXME|XXX+|TBC|TBD)(?![\w&])"), "a note to oneself"),
    (
        re.compile(r"\[(?:insert|your|name|title|date|link|placeholder|tbc|tbd)\b[^\[\]]{0,60}\]", re.IGNORECASE),
        "a place to fill in",
    ),
    (re.compile(r"\b(?:[Pp]laceholder text|PLACEHOLDER)\b"), "a placeholder"),
)
_REMEDY = {
    Origin.EDITOR: "Write what is meant, or take it out: digest curate ISSUE.",
    Origin.SOURCE: "If it is not meant, have its source mended, or leave it out: digest curate ISSUE --leave-out ITEM.",
    Origin.TEMPLATE: "Mend the template.",
}


def leftovers(sheet: Sheet) -> Iterator[Finding]:
    """What is left in the texts of both parts."""
    for words in sheet.words:
        yield from left_in(words.text, words.spot)
    for text, spot in sheet.texts():
        yield from left_in(text, spot)
    for element, spot in sheet.elements:
        yield from left_in(element.get("alt", ""), spot)


def left_in(text: str, spot: Spot) -> Iterator[Finding]:
    """What is left in a text: an error in our own words, a warning in those of a source, which may mean them."""
    text = text.replace(_FILLER, "")
    for pattern, kind in _PATTERNS:
        match = pattern.search(text)
        if match:
            severe = spot.origin is not Origin.SOURCE
            yield Finding(
                check=LEFTOVER,
                severity=Severity.ERROR if severe else Severity.WARNING,
                place=spot.place,
                what=f"“{' '.join(match[0].split())[:60]}” looks like {kind} that was left in.",
                remedy=_REMEDY[spot.origin],
            )
