"""Topics: what an item is filed under, by which phrases, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from digest.model.filing import Finder, Reading, Span
from digest.model.phrase import PARTS, BadPhrase, Phrase, parse

#: A mention in the title, or in what the source says beside the text, speaks for the whole piece.
TITLE_WEIGHT = 4.0
#: One where the text begins says what it is about …
LEAD_WEIGHT = 3.0
#: … and one further on may be in passing.
TEXT_WEIGHT = 2.0
#: So many words are the beginning.
LEAD_WORDS = 40
#: A phrase that comes again says half as much the second time, and nothing more after that.
AGAIN = (1.0, 0.5)
#: What a topic's phrases must add up to. One of weight 1 in the title is enough; so are two in the text, or one where
#: it begins that comes again.
THRESHOLD = 4.0
#: What an item mentions in passing is further than this behind the topic that it speaks for most.
FAR_BEHIND = 0.25
#: A text of more words than this must say more, as the root of its length …
LONG = 120
#: … and an item whose text has fewer than this has less to say it with, so it needs less, down to a share.
SHORT, LEAST = 60, 0.6


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
    #: True when it spoke against the filing and was outweighed.
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
    that everything from its source is filed under. What a text mentions in passing does not file it: a long text
    must say more than a short one, and a topic must not be far behind the one that the item speaks for most. Phrases
    that cannot be read file nothing.
    """
    labels = tuple(categories)
    # No phrase reaches from one label or person to the next.
    parts = {"title": title, "text": text, "category": " \0 ".join(labels), "people": " \0 ".join(people)}
    return _filer(tuple(topics)).file(parts, frozenset(map(_label, labels)), frozenset(defaults))


@dataclass(slots=True)
class _Tally:
    """What speaks for one topic."""

    #: The points of the title, and of what the source says.
    said: float = 0.0
    #: The points of the text.
    written: float = 0.0
    #: True when everything from the item's source is filed here.
    given: bool = False
    reasons: list[Evidence] = field(default_factory=list)
    #: Phrases that were found, in which part and how often; they become reasons where the topic stands.
    found: list[tuple[Phrase, str, int]] = field(default_factory=list)


class _Filer:
    """A set of topics, made ready to file many items."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._topics = topics
        self._labels = [_labels(topic) for topic in topics]
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
            if labels and (label := _among(labels, named)):
                tally.said += TITLE_WEIGHT
                tally.reasons.append(Evidence(phrase=label, part="category", count=1))
        for part, text in parts.items():
            if text and self._rules[part]:
                self._read(part, Reading(text), tallies)
        needed = THRESHOLD * _share(len(parts.get("text", "").split()))
        return {self._topics[at].slug: _reasons(tallies[at]) for at in _standing(tallies, needed)}

    def _read(self, part: str, reading: Reading, tallies: Sequence[_Tally]) -> None:
        rules, mentions = self._rules[part], dict[int, dict[int, list[Span]]]()
        for number, spans in self._finders[part].find(reading):
            mentions.setdefault(rules[number][0], {})[number] = spans
        lead = reading.end_of(LEAD_WORDS) if part == "text" else 0
        long = max(1.0, reading.length / LONG) ** 0.5
        for topic, found in mentions.items():
            tally = tallies[topic]
            for number, places in sorted(_outermost(found, rules).items()):
                phrase = rules[number][1]
                points = _points(places, lead if part == "text" else None) * (-1 if phrase.against else 1)
                if part == "text":
                    tally.written += points / long
                else:
                    tally.said += points
                tally.found.append((phrase, part, len(places)))


def _share(words: int) -> float:
    """How much of the threshold an item with so many words of text has to reach."""
    return min(1.0, LEAST + (1.0 - LEAST) * words / SHORT)


def _standing(tallies: Sequence[_Tally], needed: float) -> Iterator[int]:
    """Which have enough, and are not only mentioned beside another."""
    far_behind = FAR_BEHIND * max((tally.said + tally.written for tally in tallies), default=0.0)
    for at, tally in enumerate(tallies):
        total = tally.said + tally.written + 1e-9  # what a sum of fractions may be short of
        if tally.given or total >= max(needed, far_behind):
            yield at


#: Where a mention begins, and what it weighs.
_Place = tuple[int, float]


def _outermost(found: Mapping[int, list[Span]], rules: Sequence[tuple[int, Phrase]]) -> dict[int, list[_Place]]:
    """The mentions that count. Of those within one another that is the longest alone, so that a more exact phrase
    rules; and one that speaks against weighs only what it has beyond those it makes void.
    """
    if len(found) == 1:
        ((number, spans),) = found.items()
        return {number: [(start, rules[number][1].weight) for start, _ in spans]}
    # An outer mention first; of two in the same place the one against, then the heavier.
    every = sorted(
        (start, -end, not rules[number][1].against, -rules[number][1].weight, number)
        for number, spans in found.items()
        for start, end in spans
    )
    counted: dict[int, list[_Place]] = {}
    reach, outer = -1, 0
    for start, minus_end, favourable, minus_weight, number in every:
        if -minus_end > reach:
            reach, outer = -minus_end, number
            counted.setdefault(number, []).append((start, -minus_weight))
        elif favourable and rules[outer][1].against:
            at, weight = counted[outer][-1]
            counted[outer][-1] = (at, max(0.0, weight + minus_weight))
    return counted


def _points(places: Sequence[_Place], lead: int | None) -> float:
    """What one phrase's mentions are worth; those in the lead first. `lead` is where it ends, None for a title."""
    if lead is None:
        worth = [TITLE_WEIGHT * weight for _, weight in places]
    else:
        worth = [weight * (LEAD_WEIGHT if at < lead else TEXT_WEIGHT) for at, weight in places]
    return sum(points * share for points, share in zip(sorted(worth, reverse=True), AGAIN, strict=False))


def _reasons(tally: _Tally) -> tuple[Evidence, ...]:
    found = [
        Evidence(phrase=phrase.words, part=part, count=count, weight=phrase.weight, against=phrase.against)
        for phrase, part, count in tally.found
    ]
    return (*tally.reasons, *found)


def _readable(phrases: Iterable[str]) -> Iterator[Phrase]:
    for written in phrases:
        try:
            yield parse(written)
        except BadPhrase:
            continue  # refused where it is written; one that is stored all the same must not keep items from filing


def _parts(phrase: Phrase) -> tuple[str, ...]:
    return (phrase.part,) if phrase.part else ("title", "text")


def _labels(topic: Topic) -> dict[str, str]:
    """What a topic is called, as labels are compared, and as it is written."""
    named = {_label(topic.name): topic.name, _label(topic.slug): topic.name}
    return {_label(label): label for label in topic.categories if label.strip(" *")} | named


def _among(labels: frozenset[str], named: Mapping[str, str]) -> str:
    for label, written in named.items():
        if label in labels or (label.endswith("*") and any(one.startswith(label[:-1]) for one in labels)):
            return written
    return ""


def _label(label: str) -> str:
    return " ".join(label.casefold().split())


_filer = lru_cache(maxsize=64)(_Filer)
