"""Sheets: what the preview's pages show of one letter, of two beside each other, and of all there are."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from sqlalchemy import Connection

from digest.errors import Problem
from digest.flow import compare as comparing
from digest.flow.house import House
from digest.flow.notices import sample_notices
from digest.flow.preview import Letter, Preview, Reader
from digest.flow.variants import Map, Variant, Without
from digest.model.choice import Choice
from digest.rendering.fragments import one_line
from digest.rendering.variant import Layout
from digest.web import looking, wording
from digest.web.forcing import Mode, forced
from digest.web.looking import CLIP, Look, described, topics_of
from digest.web.markup import readable
from digest.web.preview_facts import counted

#: Where a look leads: an address on the server, a file in a folder.
Href = Callable[[Look], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One letter as it is shown."""

    subject: str
    #: Empty for a notice.
    preheader: str = ""
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    message: bytes = b""
    #: What was chosen, and the blocks of it; None for a notice.
    choice: Choice | None = None
    layout: Layout | None = None

    @property
    def sender(self) -> str:
        """The name in From; empty for a notice."""
        return parseaddr(dict(self.headers).get("From", ""))[0]

    @property
    def pieces(self) -> int:
        """How many pieces it has."""
        return len(self.choice.chosen) if self.choice else 0

    def facts(self) -> dict[str, object]:
        """What is told beside it."""
        size = len(self.message)
        return {
            "kilobytes": kilobytes(size),
            "clip": CLIP // 1000,
            "clipped": size > CLIP,
            "pieces": wording.pieces(self.pieces),
            "more": self.choice.more if self.choice else 0,
            "message": bool(self.message),
        }


def sheet(house: House, connection: Connection, preview: Preview, who: Reader, wanted: Look) -> Sheet | None:
    """The letter that is looked at; None where nothing is new for the reader. May raise BadTemplate."""
    if wanted.letter != looking.LETTERS[0]:
        return _notice(house, preview, wanted)
    letter = preview.letter(connection, who)
    return None if letter is None else of_letter(letter)


def of_letter(letter: Letter) -> Sheet:
    """An issue's letter."""
    return Sheet(
        subject=letter.subject,
        preheader=letter.preheader,
        html=letter.html,
        text=letter.text,
        headers=letter.headers,
        message=letter.message,
        choice=letter.choice,
        layout=letter.layout,
    )


def _notice(house: House, preview: Preview, wanted: Look) -> Sheet:
    found = {s.kind: s.letter for s in sample_notices(house, preview.issue.newsletter, wanted.language)}
    letter = found[wanted.letter]
    return Sheet(subject=letter.subject, html=letter.html, text=letter.text)


def copy(html: str, wanted: Look) -> str:
    """The letter's HTML in one of its two looks."""
    return forced(html, Mode(wanted.mode))


def view(shown: Sheet, wanted: Look) -> dict[str, Any]:
    """What stands on the stage beside or instead of the frame."""
    return {
        "text": shown.text if wanted.view == "text" else "",
        "source": readable(shown.html) if wanted.view == "source" else [],
        "headers": shown.headers if wanted.view == "headers" else (),
    }


def choices(house: House, wanted: Look, href: Href) -> list[dict[str, Any]]:
    """The groups of links by which one chooses how to look."""
    return [
        {
            "label": label,
            "choices": [{"words": w, "href": href(to), "chosen": c, "key": k} for w, to, c, k in group],
        }
        for label, group in looking.segments(wanted, languages(house))
    ]


def languages(house: House) -> list[tuple[str, str]]:
    """The languages there are catalogues for, each by its own name."""
    return [(tag, _called(tag)) for tag in house.tongues.available]


def _called(tag: str) -> str:
    try:
        name = Locale.parse(tag, sep="-").get_language_name()
    except (ValueError, UnknownLocaleError):
        return tag
    return _initial(name) if name else tag


def every_letter(
    preview: Preview, found: Map, href: Callable[[str], str], example: Callable[[Variant], object] = lambda _: None
) -> dict[str, Any]:
    """The map of an issue: what it comes to, the most read first; where there is an `example`, with one reader each."""
    named = topics_of(preview)
    largest = max(found.variants, key=lambda v: v.size, default=None)
    without = sum(each.readers for each in found.without)
    return {
        "count": counted(found.count, "letter", "different letters"),
        "readers": counted(found.readers, "reader", "readers"),
        "without": counted(without, "reader gets nothing", "readers get nothing") if without else "",
        "largest": kilobytes(largest.size) if largest else "",
        "clip": CLIP // 1000,
        "rows": [
            {
                "href": href(each.key),
                "who": _initial(described(each.choices[0], named)),
                "others": len(each.choices) - 1,
                "example": example(each),
                "subject": each.subject,
                "language": _called(each.language) if each.language else "",
                "pieces": each.pieces,
                "kilobytes": kilobytes(each.size),
                "clipped": each.size > CLIP,
                "readers": f"{each.readers:,}",
            }
            for each in found.variants
        ],
        "left_off": found.count - len(found.variants),
        "left_off_readers": f"{found.readers - sum(v.readers for v in found.variants):,}",
        "nothing": [_without(each, href) for each in found.without],
        "unwritten": [_without(each, href) for each in found.unwritten],
    }


def _without(each: Without, href: Callable[[str], str]) -> dict[str, str]:
    return {"why": each.why, "readers": f"{each.readers:,}", "href": href(each.key) if each.key else ""}


def print_of(*letters: str) -> str:
    """Another one for other letters."""
    return hashlib.sha256("\0".join(letters).encode()).hexdigest()[:16]


def comparison(found: comparing.Comparison) -> dict[str, Any]:
    """Two letters in rows: what they say of themselves, then what is new and gone."""
    now, then = (None if letter is None else of_letter(letter) for letter in (found.now, found.then))
    rows = [
        ("Subject", _of(then, lambda s: s.subject), _of(now, lambda s: s.subject)),
        ("First line in the inbox", _of(then, lambda s: s.preheader), _of(now, lambda s: s.preheader)),
        ("Pieces", _of(then, lambda s: str(s.pieces)), _of(now, lambda s: str(s.pieces))),
        ("Size", _of(then, lambda s: f"{_kb(s)} kB"), _of(now, lambda s: f"{_kb(s)} kB")),
        ("Words in the text part", _of(then, _words), _of(now, _words)),
    ]
    lists = [
        ("New pieces", found.new),
        ("Pieces that were in the last", found.gone),
        ("In both", found.both),
        ("New parts", found.parts_new),
        ("Parts that are gone", found.parts_gone),
    ]
    return {
        "print": print_of(then.html if then else "", now.html if now else ""),
        "rows": [{"what": what, "then": old, "now": new, "same": old == new} for what, old, new in rows],
        "lists": [{"what": what, "lines": [one_line(each) for each in lines]} for what, lines in lists if lines],
    }


def _of(shown: Sheet | None, say: Callable[[Sheet], str]) -> str:
    return "no letter" if shown is None else say(shown)


def _kb(shown: Sheet) -> str:
    return kilobytes(len(shown.message))


def _words(shown: Sheet) -> str:
    return f"{len(shown.text.split()):,}"


_PLACE = re.compile(r"^(?P<file>.+\.j2), line (?P<line>\d+)")
_AROUND = 3


def problem(trouble: Problem, folders: Sequence[Path]) -> Mapping[str, Any]:
    """What is wrong and what to do; of a template, the lines around the place too."""
    return {"what": trouble.what, "remedy": trouble.remedy, "lines": _lines(trouble.what, folders)}


def _lines(what: str, folders: Sequence[Path]) -> list[dict[str, Any]]:
    place = _PLACE.match(what)
    if place is None:
        return []
    number = int(place["line"])
    for folder in folders:
        for path in (Path(place["file"]).resolve(), (folder / place["file"]).resolve()):
            if path.is_relative_to(folder.resolve()) and path.is_file():
                return _excerpt(path, number)
    return []


def _excerpt(path: Path, number: int) -> list[dict[str, Any]]:
    written = path.read_text(encoding="utf-8", errors="replace").splitlines()
    span = range(max(1, number - _AROUND), min(len(written), number + _AROUND) + 1)
    return [{"number": n, "text": written[n - 1], "here": n == number} for n in span]


def kilobytes(size: int) -> str:
    """ "71", at least one."""
    return f"{max(1, round(size / 1000)):,}"


def _initial(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
