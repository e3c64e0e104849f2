"""Languages: the tag a source gives its text, and a guess where it gives none."""

import re
from functools import cache
from importlib import import_module
from typing import Any

#: What is too short is not guessed at.
_LEAST_LETTERS = 40
#: The beginning tells; the rest only costs time.
_LOOKED_AT = 200
#: How sure a guess must be; the model gives shares of one.
_SURE = 0.8

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?((?:-[a-z0-9]{1,8}){0,4})", re.IGNORECASE)
#: RFC 5646 asks for room for so many characters; no tag in use has more.
_LONGEST = 35
#: Tags that name no language: none, several, unknown, not a language's text.
_NONE = frozenset({"mis", "mul", "und", "zxx"})
# Words that English has and no other language shares; where they abound, nothing else need be asked.
_WORDS = """
    the and that with this which from have were their been than what about they there would could should these those
    when where while into more most other only how who whose has
"""
_ENGLISH = frozenset(_WORDS.split())
_ABOUND, _FEWEST = 0.12, 4


def tag(given: object) -> str | None:
    """A BCP 47 tag as it is best written, as in en-GB; None when the source gives none or nonsense."""
    if not isinstance(given, str) or len(given) > _LONGEST:
        return None
    match = _TAG.fullmatch(given.strip().replace("_", "-"))
    if match is None or match[1].lower() in _NONE:
        return None
    parts = (match[1].lower(), (match[2] or "").title(), (match[3] or "").upper())
    return "-".join(part for part in parts if part) + match[4].lower()


def guessed(title: str, text: str) -> str | None:
    """The language that title and text are most probably in; None when they are short or it is not sure."""
    words = f"{title} {text[:_LOOKED_AT]}".strip()
    if len(words) < _LEAST_LETTERS:
        return None
    if _is_plainly_english(words):
        return "en"
    if sum(map(str.isalpha, words)) < _LEAST_LETTERS:
        return None
    language, share = _model().classify(words)
    return tag(language) if share >= _SURE else None


def _is_plainly_english(words: str) -> bool:
    every = words.lower().split()
    return sum(map(_ENGLISH.__contains__, every)) >= max(_FEWEST, _ABOUND * len(every))


@cache
def _model() -> Any:
    # It takes a second and some 80 MB, so it is not there before a text in doubt.
    langid = import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
