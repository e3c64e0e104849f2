"""Slugs: short names for commands, addresses and links, made of what people call a thing."""

import re
import unicodedata
from collections.abc import Container
from itertools import count


def slug_of(name: str, *, most: int, otherwise: str) -> str:
    """A slug of at most so many signs: “First nights home” becomes `first-nights-home`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-") or otherwise


def untaken(base: str, taken: Container[str]) -> str:
    """The slug itself where it is free, else the first of `base-2`, `base-3` … that is."""
    if base not in taken:
        return base
    return next(slug for number in count(2) if (slug := f"{base}-{number}") not in taken)
