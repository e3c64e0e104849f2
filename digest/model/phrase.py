r"""Phrases: what speaks for a topic or against it, written with the signs that search boxes have made well known.

respite                    whole words in any case, in the title or the text; a space also matches a hyphen
carer*                     any ending
title:call for proposals   only in that part: title, text, category or people
respite^2                  counts twice as much; from 0.1 to 99
-stroke of luck            speaks against: makes void what stands within it
re\:think                  after a backslash, a sign is only a sign
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

#: Where a phrase may be told to stand.
PARTS = ("title", "text", "category", "people")
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 99.0

_SIGNED = re.compile(
    r"(?P<against>-?)\s*(?:(?P<part>[A-Za-z]+):(?=(?P<close>\S?)))?(?P<words>.*?)(?P<weight>(?<!\\)\^[^\s^]*)?",
    re.DOTALL,
)
# A pattern that knows no case takes more signs for one another than small and capital letters: the Kelvin sign for k,
# a long s for s, both small sigmas. These are all of them, each with what it is read as; and with them the signs
# that typography has for a hyphen and an apostrophe.
_ALIKE = dict(
    zip(
        "\u0130\u0131\u017f\u212aµ\u0345\u1fbe\u1fd3\u1fe3Σςϐϵϑϰϖϱϕᲀᲁᲂᲃᲄᲅᲆᲇᲈẛ\ufb06’\u2010\u2011",
        "iiskμιι\u0390\u03b0σσβεθκπρφвдостт\u044aѣꙋṡ\ufb05'--",
        strict=True,
    )
)


class BadPhrase(ValueError):  # noqa: N818  it is said to people, as in `digest.errors`
    """A phrase that cannot be read; its text says what is wrong with it and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase as it is understood."""

    #: Without the signs before and after it, as reasons show it.
    words: str
    #: One of PARTS; empty for the title and the text.
    part: str = ""
    #: How much a mention counts; 1 is usual.
    weight: float = 1.0
    #: True when a mention speaks against.
    against: bool = False
    #: What a text read by `plain` holds where it mentions this phrase.
    sought: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = self.words.removesuffix("*") if self.open_ended else self.words
        object.__setattr__(self, "sought", plain(_literal(words)))

    @property
    def open_ended(self) -> bool:
        """True when the last word may go on."""
        return self.words.endswith("*") and not self.words.endswith("\\*")


# The thousands of phrases of a publication are read with its file, then checked, then made ready to be found.
@lru_cache(maxsize=32_768)
def parse(written: str) -> Phrase:
    """A phrase from what an editor wrote. Raises BadPhrase, in plain words."""
    found = _SIGNED.fullmatch(written.strip())
    assert found is not None  # every text has this shape
    part, words = (found["part"] or "").lower(), found["words"].strip()
    if part and part not in PARTS:
        if found["close"]:
            raise BadPhrase(f"“{part}” is not a part of an item; write {', '.join(PARTS[:-1])} or {PARTS[-1]}.")
        part, words = "", f"{found['part']}: {words}"  # “Care: a guide” is a phrase like any other
    phrase = Phrase(words=words, part=part, weight=_weight(found["weight"]), against=bool(found["against"]))
    if not phrase.sought:
        raise BadPhrase(f"“{written}” has no words.")
    return phrase


def problem_with(written: str) -> str:
    """What is wrong with a phrase, in words for whoever wrote it; empty when nothing is."""
    try:
        parse(written)
    except BadPhrase as problem:
        return str(problem)
    return ""


def plain(text: str) -> str:
    """In small letters with one space between words, as phrases are looked for; hyphens are spaces."""
    return " ".join(folded(text).replace("-", " ").split())


def folded(text: str) -> str:
    """Sign for sign what a pattern that knows no case takes for the same; `’` is `'`."""
    if not text.isascii():
        for sign, same in _ALIKE.items():
            text = text.replace(sign, same)
    return text.lower()


def _weight(written: str | None) -> float:
    if written is None:
        return 1.0
    number = re.fullmatch(r"\^([0-9]{1,3}(?:\.[0-9]{1,3})?)", written)
    if number is None or not LEAST_WEIGHT <= float(number[1]) <= MOST_WEIGHT:
        raise BadPhrase(f"“{written}” is not a weight; write ^ and a number from {LEAST_WEIGHT} to {MOST_WEIGHT:g}.")
    return float(number[1])


def _literal(words: str) -> str:
    return re.sub(r"\\(.)", r"\1", words, flags=re.DOTALL) if "\\" in words else words
