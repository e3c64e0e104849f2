"""Signs: what a template leaves in its output where a slot is, until the output is cut there."""

import re
from functools import lru_cache

_NAME = re.compile(r"[a-z_]+")
_SIGN = re.compile(r"S([0-9a-f]{24})S[a-z_]+S\1S")
#: Columns that the number of a link takes.
_NUMBER = "00"


def sign(nonce: str, name: str) -> str:
    """Letters and digits only, which no step escapes, in text or in a link."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"the slot's name {name!r} is not made of small letters and _")
    return f"S{nonce}S{name}S{nonce}S"


@lru_cache(maxsize=8)
def signs(nonce: str) -> re.Pattern[str]:
    """Finds the signs that were made with it."""
    return re.compile(rf"S{nonce}S([a-z_]+)S{nonce}S")


def as_read(text: str) -> str:
    """The text with each sign as short as what comes in its place, to measure it by."""
    return _SIGN.sub(_NUMBER, text) if len(text) > len("SS") * 24 else text
