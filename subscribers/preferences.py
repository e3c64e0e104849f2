"""Preferences: the set of topics a reader has chosen, shared by all who chose the same."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from subscribers.errors import Never

EVERYTHING_WORD = "all"


@dataclass(frozen=True, slots=True)
class Preference:
    """Chosen topics; `topics=None` is everything, also topics that come later."""

    topics: frozenset[str] | None

    @property
    def text(self) -> str:
        """How it is stored: a JSON list in order, or null."""
        return json.dumps(None if self.topics is None else sorted(self.topics))

    @property
    def key(self) -> str:
        """What it is known by: equal for equal sets."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __str__(self) -> str:
        return EVERYTHING_WORD if self.topics is None else ",".join(sorted(self.topics))


EVERYTHING = Preference(None)


def from_text(stored: str) -> Preference:
    """The preference that `Preference.text` wrote."""
    topics = json.loads(stored)
    return EVERYTHING if topics is None else Preference(frozenset(topics))


def parse(text: str) -> Preference:
    """What a person writes: `all`, or slugs parted by commas, semicolons or spaces. Empty is everything.

    Raises Never for commas and nothing else, which is no choice of anybody's.
    """
    named = words(text)
    if text.strip() and not named:
        raise Never(f"“{text.strip()[:20]}” names no topic.", remedy="Write topics such as law,carers, or all.")
    return EVERYTHING if not named or EVERYTHING_WORD in named else Preference(frozenset(named))


def words(text: str) -> list[str]:
    """What is parted by commas, semicolons or spaces."""
    return [word for word in re.split(r"[,;\s]+", text.strip().casefold()) if word]


def unknown(preference: Preference, known: Iterable[str]) -> list[str]:
    """The chosen topics that are not among the known ones, in order."""
    return sorted((preference.topics or frozenset()) - set(known))
