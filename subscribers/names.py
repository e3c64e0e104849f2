"""Names and languages of people: what a row, a letter and a terminal can hold of what was typed."""

import re
import unicodedata

#: So much of a name is kept.
LONGEST = 200

#: The shape of a BCP 47 tag, no longer than a row holds. Its first part has two or three letters: longer ones are
#: reserved, and what is written so is a word like “english”.
_LANGUAGE = re.compile(r"(?=.{2,35}$)[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def one_line(text: str) -> str:
    """A name without line breaks and controls, each run of spaces one, cut to what is kept."""
    clean = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) != "Cc")
    return " ".join(clean.split())[:LONGEST].rstrip()


def is_language(tag: str) -> bool:
    """Whether a text has the shape of a language tag, such as en-GB."""
    return _LANGUAGE.fullmatch(tag) is not None
