"""Topics: what an item is filed under, by which phrases, and why."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

#: A phrase in the title speaks for the whole piece; one in the text may be in passing.
TITLE_WEIGHT = 3
#: A word that comes again and again says no more than one that comes three times.
MOST_COUNTED = 3
#: What a topic's phrases must add up to: one in the title, or two in the text.
THRESHOLD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What an item is filed under and a reader chooses."""

    slug: str
    name: str
    #: One line for readers who choose.
    description: str = ""
    #: Phrases that file an item here; whole words in any case, a final `*` stands for any ending.
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a filing: a phrase, where it stands, how often."""

    phrase: str
    #: "title", "text" or "category".
    part: str
    count: int

    def __str__(self) -> str:
        often = "" if self.count == 1 else f" ({self.count} times)"
        return f"“{self.phrase}” in the {self.part}{often}"


def file_under(
    topics: Iterable[Topic], *, title: str, text: str, categories: Iterable[str] = ()
) -> dict[str, tuple[Evidence, ...]]:
    """The topics that this title and text speak for, each with its reasons. Slug to evidence.

    A category of the source that is called like a topic counts as much as a phrase in the title.
    """
    named = {category.strip().casefold() for category in categories}
    found = {topic.slug: (*_category(topic, named), *_evidence(topic, title, text)) for topic in topics}
    return {slug: evidence for slug, evidence in found.items() if _score(evidence) >= THRESHOLD}


def _category(topic: Topic, named: set[str]) -> Iterable[Evidence]:
    if {topic.slug.casefold(), topic.name.casefold()} & named:
        yield Evidence(phrase=topic.name, part="category", count=1)


def _evidence(topic: Topic, title: str, text: str) -> Iterable[Evidence]:
    parts = (("title", title, _lowered(title)), ("text", text, _lowered(text)))
    for phrase in topic.phrases:
        needle = _needle(phrase)
        for part, words, lowered in parts:
            # Most phrases are nowhere in a text, and looking for a word is much quicker than matching a pattern.
            count = len(_pattern(phrase).findall(words)) if needle in lowered else 0
            if count:
                yield Evidence(phrase=phrase, part=part, count=count)


@lru_cache(maxsize=4096)
def _needle(phrase: str) -> str:
    """The longest piece of the phrase that is in every text it matches; empty for one without a plain letter."""
    return max(re.findall(r"[a-z0-9]+", _lowered(phrase)), key=len, default="")


def _lowered(text: str) -> str:
    """In small letters, as a pattern that knows no case sees them: it takes four signs beyond ASCII for i, k and s."""
    return text.translate({0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}).lower()


def _score(evidence: Iterable[Evidence]) -> int:
    return sum((1 if e.part == "text" else TITLE_WEIGHT) * min(e.count, MOST_COUNTED) for e in evidence)


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Whole words in any case; a space also matches a hyphen or a line's end, `'` also `’`, both ways round."""
    phrase = phrase.strip().replace("’", "'")
    words = [word for word in re.split(r"[\s-]+", phrase.removesuffix("*")) if word]
    if not words:
        return re.compile(r"(?!)")  # no words, no match
    body = r"[\s-]+".join(re.escape(word).replace("'", "['’]") for word in words)
    ending = r"\w*" if phrase.endswith("*") else r"(?!\w)"
    # Not \b: a phrase may begin or end with a sign, such as “50+”.
    return re.compile(rf"(?<!\w){body}{ending}", re.IGNORECASE)
