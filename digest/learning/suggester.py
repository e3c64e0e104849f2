"""Suggestions: topics that an item may belong under, learned from what editors decided.

Nothing is written to disk: a suggester is trained when it is needed, and the same lessons give the same one. How sure
it is has been set against the truth: each lesson is also judged by what the other lessons teach, and one curve turns
such judgements into the share of them that was right (Platt's way). So of a hundred suggestions with a confidence of
0.8 some eighty are right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from digest.learning.lessons import Lesson, Piece
from digest.learning.models import Model, calibrate, fit, scales, tools

__all__ = ["Learned", "Lesson", "Piece", "Suggester", "Suggestion", "train"]

#: Fewer lessons of a kind than this teach nothing but chance.
LEAST_LESSONS = 8
#: Less sure than this, a suggestion is more often wrong than right.
LEAST_CONFIDENCE = 0.5
#: How many words a suggestion names as its reason.
MOST_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Whether a topic is learned, and from how many lessons for and against it."""

    topic: str
    yes: int
    no: int
    #: Empty for a topic that is learned.
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A topic that an item may belong under."""

    topic: str
    #: From 0 to 1.
    confidence: float
    #: The words and pairs of words that spoke for it most, the strongest first.
    because: tuple[str, ...]


class Suggester:
    """What was learned, ready to suggest. Made by `train`."""

    def __init__(self, learned: Iterable[Learned], scale: Any, models: Sequence[Model]) -> None:
        #: Every topic asked for, in that order.
        self.learned = tuple(learned)
        self._scale = scale
        self._models = models

    def suggest(
        self, title: str, text: str, categories: Iterable[str] = (), *, at_least: float = LEAST_CONFIDENCE
    ) -> tuple[Suggestion, ...]:
        """The topics of which it is at least so sure, the surest first."""
        piece = Piece(title=title, text=text, categories=tuple(categories))
        return self.suggest_many([piece], at_least=at_least)[0]

    def suggest_many(
        self, pieces: Sequence[Piece], *, at_least: float = LEAST_CONFIDENCE
    ) -> list[tuple[Suggestion, ...]]:
        """The same for many at once, which is much quicker than one by one."""
        found: list[list[Suggestion]] = [[] for _ in pieces]
        if pieces and self._models:
            weights = self._scale.transform(pieces)
            words = self._scale.get_feature_names_out()
            for model in self._models:
                for at, confidence in enumerate(model.confidences(weights)):
                    # What no word speaks for is merely as likely as ever.
                    if confidence >= at_least and (because := _strongest(weights, at, model.speaking, words)):
                        found[at].append(Suggestion(topic=model.topic, confidence=confidence, because=because))
        return [tuple(sorted(some, key=lambda one: -one.confidence)) for some in found]


def train(lessons: Iterable[Lesson], *, topics: Iterable[str], least: int = LEAST_LESSONS) -> Suggester:
    """Learn topics, each from the lessons that decide on it; `Suggester.learned` says which, and why others are not.

    Raises SettingsRefused where the extra `suggest` is not installed.
    """
    # In an order of their own, so that the order in which a database gives rows changes nothing.
    given = sorted(lessons, key=lambda one: (one.title, one.text, sorted(one.topics), sorted(one.against)))
    learned = [_tally(topic, given, max(least, 2)) for topic in topics]
    kit = tools()
    scale = scales(kit)
    try:
        weights = scale.fit_transform(given)
    except ValueError:  # there are none, or all say the same
        learned = [replace(one, why_not=one.why_not or "no words tell its lessons apart") for one in learned]
    models = [fit(kit, weights, given, one.topic) for one in learned if not one.why_not]
    calibrate(kit, models)
    return Suggester(learned, scale, models)


def _tally(topic: str, lessons: Sequence[Lesson], least: int) -> Learned:
    yes = sum(topic in one.topics for one in lessons)
    no = sum(topic in one.against and topic not in one.topics for one in lessons)
    short = [f"{count} {kind}" for count, kind in ((yes, "for"), (no, "against")) if count < least]
    why_not = f"only {' and '.join(short)} it; it takes {least} of each" if short else ""
    return Learned(topic=topic, yes=yes, no=no, why_not=why_not)


def _strongest(weights: Any, at: int, speaking: Any, words: Any) -> tuple[str, ...]:
    """The words of one piece that speak most for a topic; none comes twice, by itself and in a pair."""
    place = slice(weights.indptr[at], weights.indptr[at + 1])
    columns = weights.indices[place]
    shares = speaking[columns] * weights.data[place]
    chosen: list[str] = []
    for share, column in sorted(zip(shares.tolist(), columns.tolist(), strict=True), reverse=True):
        word = str(words[column])
        if share <= 0 or len(chosen) == MOST_WORDS:
            break
        if not any({*word.split()} & {*other.split()} for other in chosen):
            chosen.append(word)
    return tuple(chosen)
