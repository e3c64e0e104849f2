"""Topics: what an item is filed under, by which phrases, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from digest.model.filing import Finder, Reading
from digest.model.phrase import PARTS, BadPhrase, Phrase, parse

#: A mention in the title, or in what the source says beside the text, speaks for the whole piece.
TITLE_WEIGHT = 2.0
#: One where the text begins says what it is about; one further on may be in passing.
LEAD_WEIGHT = 1.5
#: So many words are the beginning.
LEAD_WORDS = 60
#: A phrase that comes again and again says no more than one that comes three times.
MOST_COUNTED = 3
#: What a topic's phrases must add up to: one in the title, or two in the text.
THRESHOLD = 2.0
#: From so many words on, a text must say more than that, as the root of its length.
LONG = 300
#: A topic that the text mentions must have this share of what the strongest topic has.
STRONG = 0.0
TAIL_WEIGHT = 1.0
LEAST_SHARE = 1 / 3
MOST_ASKED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What an item is filed under and a reader chooses."""

    slug: str
    name: str
    #: One line for readers who choose.
    description: str = ""
    #: Phrases that file an item here or keep it out, as `digest.model.phrase` reads them.
    phrases: tuple[str, ...] = ()
    #: Labels of sources that mean this topic, beside its name and slug; in any case, a final `*` for any ending.
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a filing: a phrase, where it stands, how often."""

    phrase: str
    #: "title", "text", "category" or "people"; "source" when everything from the item's source is filed here.
    part: str
    count: int
    weight: float = 1.0
    #: True when it spoke against and was outweighed.
    against: bool = False

    def __str__(self) -> str:
        if self.part == "source":
            return "everything from its source"
        often = "" if self.count == 1 else f" ({self.count} times)"
        weight = "" if self.weight == 1 else f", with weight {self.weight:g}"
        return f"{'against: ' if self.against else ''}“{self.phrase}” in the {self.part}{often}{weight}"


def file_under(
    topics: Iterable[Topic],
    *,
    title: str,
    text: str,
    categories: Iterable[str] = (),
    people: Iterable[str] = (),
    defaults: Iterable[str] = (),
) -> dict[str, tuple[Evidence, ...]]:
    """The topics that an item speaks for, each with its reasons. Slug to evidence.

    A label of the source that means a topic counts as much as a phrase in the title. `defaults` are slugs of topics
    that everything from its source is filed under. A text that mentions something in passing is not filed under it:
    in a long text it takes more, and always a fair share of what the strongest topic has. A phrase that cannot be
    read files nothing.
    """
    labels = tuple(categories)
    parts = {"title": title, "text": text, "category": _apart(labels), "people": _apart(people)}
    return _filer(tuple(topics)).file(parts, frozenset(map(_label, labels)), frozenset(defaults))


class _Mention(NamedTuple):
    """A place where a phrase stands; sorted, an outer mention comes before those within it."""

    start: int
    minus_end: int
    #: Of two phrases that stand in the same place, the one against comes first, then the heavier.
    rank: tuple[bool, float]
    #: The phrase's place in the list of all.
    number: int


@dataclass(slots=True)
class _Tally:
    """What speaks for one topic."""

    #: What the title and the source say.
    spoken: float = 0.0
    #: What the text says.
    written: float = 0.0
    given: bool = False
    strong: float = 0.0
    tail: float = 0.0
    reasons: list[Evidence] = field(default_factory=list)


class _Filer:
    """A set of topics, ready to file many items."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._topics = topics
        self._labels = [_Labels(topic) for topic in topics]
        rules = [(at, phrase) for at, topic in enumerate(topics) for phrase in _readable(topic.phrases)]
        self._rules = {part: [rule for rule in rules if part in _parts(rule[1])] for part in PARTS}
        self._finders = {part: Finder([phrase for _, phrase in rules]) for part, rules in self._rules.items()}

    def file(
        self, parts: Mapping[str, str], labels: frozenset[str], defaults: frozenset[str]
    ) -> dict[str, tuple[Evidence, ...]]:
        tallies = [_Tally() for _ in self._topics]
        for topic, named, tally in zip(self._topics, self._labels, tallies, strict=True):
            if topic.slug in defaults:
                tally.given = True
                tally.reasons.append(Evidence(phrase=topic.name, part="source", count=1))
            if label := named.among(labels):
                tally.spoken += TITLE_WEIGHT
                tally.reasons.append(Evidence(phrase=label, part="category", count=1))
        for part, text in parts.items():
            if text:
                self._read(part, Reading(text), tallies)
        return {self._topics[at].slug: tuple(tallies[at].reasons) for at in _standing(tallies)}

    def _read(self, part: str, reading: Reading, tallies: Sequence[_Tally]) -> None:
        rules = self._rules[part]
        mentions: dict[int, list[_Mention]] = {}
        for number, spans in self._finders[part].find(reading):
            topic, phrase = rules[number]
            rank = (not phrase.against, -phrase.weight)
            mentions.setdefault(topic, []).extend(_Mention(start, -end, rank, number) for start, end in spans)
        lead = reading.end_of(LEAD_WORDS) if mentions and part == "text" else 0
        long = max(1.0, reading.length / LONG) ** 0.5
        for topic, places in mentions.items():
            for number, counted in _outermost(places, rules):
                phrase = rules[number][1]
                worth = sorted((_worth(part, at, lead, reading.tail) * weight for at, weight in counted), reverse=True)
                points = sum(worth[:MOST_COUNTED]) * (-1 if phrase.against else 1)
                tally = tallies[topic]
                if not phrase.against:
                    tally.strong = max(tally.strong, phrase.weight)
                if part == "text":
                    tally.written += points / long
                else:
                    tally.spoken += points
                tally.reasons.append(_evidence(phrase, part, len(counted)))


class _Labels:
    """The labels that mean a topic."""

    def __init__(self, topic: Topic) -> None:
        named = (topic.name, topic.slug, *topic.categories)
        self._whole = {_label(label): label for label in reversed(named)}
        self._beginnings = [(_label(label[:-1]), label) for label in named if label.endswith("*") and label != "*"]
        if topic.slug in self._whole:
            self._whole[topic.slug] = topic.name

    def among(self, labels: frozenset[str]) -> str:
        """The first of them that is among the source's; empty for none."""
        for label in self._whole.keys() & labels:
            return self._whole[label]
        for beginning, written in self._beginnings:
            if any(label.startswith(beginning) for label in labels):
                return written
        return ""


def _standing(tallies: Sequence[_Tally]) -> Iterator[int]:
    """Where there is enough, and not merely in passing; the hair is for sums of fractions."""
    enough = THRESHOLD - 1e-9
    strongest = max((tally.spoken + tally.written for tally in tallies), default=0.0)
    for at, tally in enumerate(tallies):
        total = tally.spoken + tally.written
        in_passing = tally.spoken < enough and total < min(MOST_ASKED, LEAST_SHARE * strongest)
        if tally.given or (total >= enough and not in_passing and tally.strong >= STRONG):
            yield at


def _outermost(
    places: list[_Mention], rules: Sequence[tuple[int, Phrase]]
) -> Iterator[tuple[int, list[tuple[int, float]]]]:
    """Each phrase with its mentions, where they begin and what they weigh. Of mentions within one another the longest
    counts alone; one that speaks against weighs what it has beyond those it makes void.
    """
    counted: dict[int, list[tuple[int, float]]] = {}
    reach, outer = -1, None
    for place in sorted(places):
        phrase = rules[place.number][1]
        if -place.minus_end > reach:
            reach, outer = -place.minus_end, counted.setdefault(place.number, [])
            outer_phrase = phrase
            outer.append((place.start, phrase.weight))
        elif outer_phrase.against and not phrase.against:
            start, weight = outer[-1]
            outer[-1] = (start, max(0.0, weight - phrase.weight))
    return iter(sorted(counted.items()))


def _worth(part: str, at: int, lead: int, tail: int) -> float:
    if part != "text":
        return TITLE_WEIGHT
    return LEAD_WEIGHT if at < lead else TAIL_WEIGHT if at >= tail else 1.0


def _evidence(phrase: Phrase, part: str, count: int) -> Evidence:
    return Evidence(phrase=phrase.words, part=part, count=count, weight=phrase.weight, against=phrase.against)


def _readable(phrases: Iterable[str]) -> Iterator[Phrase]:
    for written in phrases:
        try:
            yield parse(written)
        except BadPhrase:
            continue  # told when it was written; what is stored must not stop the filing of all others


def _parts(phrase: Phrase) -> tuple[str, ...]:
    return (phrase.part,) if phrase.part else ("title", "text")


def _apart(names: Iterable[str]) -> str:
    return " \0 ".join(names)


def _label(label: str) -> str:
    return " ".join(label.casefold().split())


_filer = lru_cache(maxsize=64)(_Filer)
