"""Leftovers: what was to be filled in, and was not."""

import re
from collections.abc import Iterator

from digest.model.finding import Finding, Severity
from digest.rendering.checks.sheet import Origin, Sheet, Spot

LEFTOVER = "leftover"
#: The sign that nobody sees and that fills up preheaders.
_FILLER = "\u034f"
#: What people write who mean to come back; each also means something else to somebody: an insurer, all, 30, a bank.
_NOTES = r"(?:TK|TODO|XXX+|TBC|TBD|PLACEHOLDER)"
_NOTE_TO_ONESELF, _FIELD, _GAP = "a note to oneself", "a mail-merge field", "a place to fill in"
#: What fields are called; as one word, or as one with capitals or low lines in it.
_NAMES = r"(?:(?:first|last|full|your|user|family|company|contact)?[ _-]?name|e-?mail|surname|firstname|lastname)"
_WORD = (
    rf"(?:[A-Za-z]{{1,30}}(?:_[A-Za-z]{{1,30}}){{1,5}}|[A-Z][a-z]{{1,20}}(?:[A-Z][a-z]{{1,20}}){{1,3}}|(?i:{_NAMES}))"
)
_THING = r"(?:name|title|date|links?|url|text|quote|number|picture|image|photo|address|place|source|reference|here)"
#: UTF-8 that was read as Windows-1252: quotation marks, dashes, accents, signs.
_GARBLED = (
    "\u00e2\u20ac[\u2122\u0153\u009d\u02dc\u201c\u201d\u00a6\u00a2\u2018\u2019]"
    "|\u00c3[\u00a0-\u00aa\u00ac-\u00ba\u00bc-\u00bf]|\u00c2[\u00a0\u00a3\u00a9\u00ab\u00b0\u00bb]"
)

_Kinds = tuple[tuple[re.Pattern[str], str], ...]
#: What nobody means to write. Each is of bounded length, so that a long text costs no more than its length.
_SURE: _Kinds = (
    (re.compile(r"\{\{.{0,80}|\{%.{0,80}|[%}]\}|<%.{0,80}|[$#]\{[^{}\s]{1,80}\}"), "a piece of a template"),
    (re.compile(r"(?i:%7b%7b|%7d%7d|%7b%25)"), "a piece of a template"),
    (re.compile(rf"%\([a-z_]{{1,40}}\)[sd]|(?<![$#{{])\{{\$?{_WORD}\}}"), "a place for a value"),
    (
        re.compile(
            r"\*\|[A-Z0-9_:]{1,40}\|\*|%%[A-Za-z_]{1,40}%%|<<[A-Za-z_ ]{1,40}>>"
            rf"|(?<![\w%])%(?:[A-Z][A-Z0-9_]{{2,39}}|[a-z]{{1,20}}\.[a-z_]{{1,20}})%(?![\w%])|\[\[(?:{_WORD}|[A-Z]{{3,40}})\]\]"
        ),
        _FIELD,
    ),
    (re.compile(rf"(?<!\[)\[(?:title|date|{_NAMES})\]", re.IGNORECASE), _GAP),
    (re.compile(r"\[insert\s{1,8}[^\[\]]{1,60}\]|\[placeholder\b[^\[\]]{0,60}\]", re.IGNORECASE), _GAP),
    (
        re.compile(
            rf"\((?:insert|add)\s{{1,8}}(?:(?:the|a|an|your)\s{{1,8}})?{_THING}\b[^()]{{0,40}}\)", re.IGNORECASE
        ),
        _GAP,
    ),
    (re.compile(r"\[object Object\]"), "what a script writes where it has nothing to write"),
    (re.compile(r"\blorem\s{1,8}ipsum\b", re.IGNORECASE), "dummy text"),
    (re.compile(r"(?<![\w&])(?:TKTK(?:TK)*|FIXME)(?![\w&])"), _NOTE_TO_ONESELF),
    (re.compile(rf"\[(?:{_NOTES}|FIXME)(?:\s{{0,3}}:[^\[\]]{{0,60}})?\]", re.IGNORECASE), _NOTE_TO_ONESELF),
    # At the start of a paragraph with a colon, or all that there is of it.
    (re.compile(rf"\A\W{{0,8}}(?:{_NOTES}|FIXME)\s{{0,3}}:", re.IGNORECASE), _NOTE_TO_ONESELF),
    (re.compile(rf"\A\W{{0,40}}{_NOTES}\W{{0,40}}\Z"), _NOTE_TO_ONESELF),
    (re.compile(rf"{_GARBLED}|\ufffd"), "a text read in the wrong encoding"),
)
#: What somebody may well mean.
_DOUBTFUL: _Kinds = (
    (re.compile(rf"(?<![\w&]){_NOTES}(?!\s{{0,8}}Maxx)(?![\w&])"), _NOTE_TO_ONESELF),
    (re.compile(r"\[(?:insert|your|name|title|date|link)\b[^\[\]]{0,60}\]", re.IGNORECASE), _GAP),
    (re.compile(r"\[\[[a-z_ ]{1,40}\]\]"), _FIELD),
    (re.compile(r"\b[Pp]laceholder text\b"), "a placeholder"),
)
#: In an address, where people write no words.
_IN_ADDRESS: _Kinds = (
    (re.compile(r"\{\{|\}\}|%7b%7b|%7d%7d|%7b%25|\$\{|\$%7b|<%|%3c%25", re.IGNORECASE), "a piece of a template"),
    (re.compile(r"\*\||%%[a-z_]{1,40}%%", re.IGNORECASE), _FIELD),
)
_REMEDY = {
    Origin.EDITOR: "Write what is meant, or take it out: digest curate ISSUE.",
    Origin.SOURCE: "If it is not meant, have its source mended, or leave it out: digest curate ISSUE --leave-out ITEM.",
    Origin.TEMPLATE: "Mend the template.",
}


def leftovers(sheet: Sheet) -> Iterator[Finding]:
    """What is left in the texts of both parts, and in addresses."""
    for text, spot in (*sheet.paragraphs, *sheet.texts()):
        yield from left_in(text, spot)
    for element, spot in sheet.elements:
        yield from left_in(element.get("alt", ""), spot)
        for name in ("href", "src"):
            yield from _found(element.get(name, ""), spot, _IN_ADDRESS, Severity.ERROR)


def left_in(text: str, spot: Spot) -> Iterator[Finding]:
    """What is left in a paragraph or title: an error in our own words, a warning in those of a source, which may mean
    them; and a warning where even we may, such as TK for an insurer or XXX for the thirtieth."""
    text = text.replace(_FILLER, "")
    sure = list(_found(text, spot, _SURE, Severity.ERROR))
    yield from sure or _found(text, spot, _DOUBTFUL, Severity.WARNING)


def _found(text: str, spot: Spot, kinds: _Kinds, severity: Severity) -> Iterator[Finding]:
    for pattern, kind in kinds:
        match = pattern.search(text) if text else None
        if match:
            yield Finding(
                check=LEFTOVER,
                severity=Severity.WARNING if spot.origin is Origin.SOURCE else severity,
                place=spot.place,
                what=f"“{' '.join(match[0].split())[:60]}” looks like {kind} that was left in.",
                remedy=_REMEDY[spot.origin],
            )
