"""What is asked of a search: words, phrases in quotation marks, and what is not wanted; made of any string."""

import re
import unicodedata
from dataclasses import dataclass

#: More than that is not read: nobody types it, and each word costs.
LONGEST, MOST = 200, 12
_PART = re.compile(r'(-?)(?:["“„«]([^"“”„«»]*)["”“»]?|([^\s"“”„«»]+))')
_WORD = re.compile(r"[^\W_]+")
#: From so many letters on a word may go on: “Pflege” finds “Pflegekräfte”.
_OPEN = 4


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or several in a row; letters and digits only, parted by spaces."""

    text: str
    #: Whether it is a phrase, or one word in several parts such as “e-mail”.
    whole: bool = False
    #: Whether what begins so is found too.
    open: bool = False

    def for_fts5(self) -> str:
        """As FTS5 reads it; what stands in quotation marks has no meaning there."""
        return f'"{self.text}"{" *" if self.open else ""}'


@dataclass(frozen=True, slots=True)
class Asked:
    """All of the wanted, none of the unwanted."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()

    def for_fts5(self) -> str:
        """As FTS5 reads it."""
        wanted = " AND ".join(term.for_fts5() for term in self.wanted)
        return " NOT ".join([f"({wanted})", *(term.for_fts5() for term in self.unwanted)])


def asked(text: str, *, language: str) -> Asked:
    """What somebody typed, whatever it was. Where English is not spoken, words are put together to longer ones, so
    there a word finds what begins with it."""
    composed = unicodedata.normalize("NFC", text[:LONGEST])
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for minus, phrase, plain in _PART.findall(composed):
        words = _WORD.findall(phrase or plain)
        if words:
            goes_on = not phrase and not minus and len(words) == 1 and len(words[0]) >= _OPEN and not _english(language)
            term = Term(" ".join(words), whole=len(words) > 1, open=goes_on)
            (unwanted if minus else wanted).append(term)
    return Asked(tuple(wanted[:MOST]), tuple(unwanted[:MOST]))


def _english(language: str) -> bool:
    return language.lower().startswith("en")
