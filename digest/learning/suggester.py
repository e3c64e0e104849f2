"""Suggestions: topics that an item may belong under, learned from what editors decided.

Nothing is written to disk: a suggester is trained when it is needed, and the same lessons give the same one. How sure
it is has been set against the truth: each lesson is also judged by what the other lessons teach, and one curve,
shared by all topics, turns such judgements into the share of them that was right (Platt's way). So of a hundred
suggestions with a confidence of 0.8 some eighty are right.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from types import SimpleNamespace
from typing import Any

from digest.errors import SettingsRefused

#: Fewer lessons of a kind than this teach nothing but chance.
LEAST_LESSONS = 8
#: Less sure than this, a suggestion is more often wrong than right.
LEAST_CONFIDENCE = 0.5
#: How many words a suggestion names as its reason.
MOST_WORDS = 3

#: A title says in ten words what the text says in three hundred.
_TITLE_WEIGHT = 3
#: Beyond so many words and pairs, rarer ones add only memory.
_MOST_FEATURES = 100_000
_FOLDS = 5
_STRENGTH = 10.0
_WORD = re.compile(r"[^\W\d_][\w'’]*\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An item as it is learned from and suggested for."""

    title: str
    text: str
    #: The source's own labels.
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson(Piece):
    """An item on which an editor decided. Of a topic in neither set it teaches nothing."""

    #: Topics it was put under, or left under.
    topics: frozenset[str] = frozenset()
    #: Topics it was kept out of.
    against: frozenset[str] = frozenset()


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

    def __init__(self, learned: Sequence[Learned], vectorizer: Any, models: Sequence["_Model"]) -> None:
        #: Every topic asked for, in that order.
        self.learned = tuple(learned)
        self._vectorizer = vectorizer
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
            weights = self._vectorizer.transform(pieces)
            words = self._vectorizer.get_feature_names_out()
            for model in self._models:
                for at, confidence in enumerate(model.confidences(weights)):
                    if confidence >= at_least:
                        because = _strongest(weights, at, model.speaking, words)
                        found[at].append(Suggestion(topic=model.topic, confidence=confidence, because=because))
        return [tuple(sorted(some, key=lambda one: -one.confidence)) for some in found]


def train(lessons: Iterable[Lesson], *, topics: Iterable[str], least: int = LEAST_LESSONS) -> Suggester:
    """Learn topics, each from the lessons that decide on it; `Suggester.learned` says which, and why others are not.

    Raises SettingsRefused where the extra `suggest` is not installed.
    """
    # In an order of their own, so that the order in which a database gives rows changes nothing.
    given = sorted(lessons, key=lambda one: (one.title, one.text, sorted(one.topics), sorted(one.against)))
    learned = [_tally(topic, given, max(least, 2)) for topic in topics]
    tools = _tools()
    vectorizer = tools.TfidfVectorizer(analyzer=_words, sublinear_tf=True, max_df=0.5, max_features=_MOST_FEATURES)
    taught = [one.topic for one in learned if not one.why_not]
    weights = vectorizer.fit_transform(given) if taught else None
    models = [_fit(tools, weights, given, topic) for topic in taught]
    _calibrate(tools, models)
    return Suggester(learned, vectorizer, models)


@dataclass(slots=True)
class _Model:
    """One topic, as it was learned."""

    topic: str
    #: What each word and pair speaks for the topic, and what is said before any word.
    speaking: Any
    before: float
    #: The logarithm of the odds among its lessons.
    usual: float
    #: What the other lessons say of each of its lessons, and what is true.
    judged: Any
    true: list[bool]
    #: The curve from judgement to confidence.
    slope: float = 0.0
    shift: float = 0.0

    def confidences(self, weights: Any) -> list[float]:
        scores = (weights @ self.speaking + self.before).tolist()
        return [round(1 / (1 + exp(-self.slope * score - self.shift)), 3) for score in scores]


def _fit(tools: SimpleNamespace, weights: Any, lessons: Sequence[Lesson], topic: str) -> _Model:
    rows = [at for at, one in enumerate(lessons) if topic in one.topics | one.against]
    true = [topic in lessons[at].topics for at in rows]
    yes, no = sum(true), len(true) - sum(true)
    model = tools.LogisticRegression(C=_STRENGTH, class_weight="balanced", solver="liblinear", dual=True, random_state=0)
    folds = tools.StratifiedKFold(min(_FOLDS, yes, no), shuffle=True, random_state=0)
    judged = tools.cross_val_predict(model, weights[rows], true, cv=folds, method="decision_function")
    model.fit(weights[rows], true)
    return _Model(topic, model.coef_[0], float(model.intercept_[0]), log(yes / no), judged, true)


def _calibrate(tools: SimpleNamespace, models: Sequence[_Model]) -> None:
    """One curve for all: a topic with ten lessons could not bend one of its own that is worth anything."""
    said = [(score, model.usual) for model in models for score in model.judged.tolist()]
    if not said:
        return
    curve = tools.LogisticRegression().fit(said, [true for model in models for true in model.true])
    by_score, by_usual = curve.coef_[0].tolist()
    for model in models:
        # Where what is learned says less than chance, every item is as likely as any other.
        model.slope = max(0.0, by_score)
        model.shift = by_usual * model.usual + float(curve.intercept_[0])


def _tally(topic: str, lessons: Sequence[Lesson], least: int) -> Learned:
    yes = sum(topic in one.topics for one in lessons)
    no = sum(topic in one.against and topic not in one.topics for one in lessons)
    short = [f"{count} {kind}" for count, kind in ((yes, "for"), (no, "against")) if count < least]
    why_not = f"only {' and '.join(short)} it; it takes {least} of each" if short else ""
    return Learned(topic=topic, yes=yes, no=no, why_not=why_not)


def _words(piece: Piece) -> list[str]:
    """What a piece is weighed by: words, pairs of neighbours, and the source's labels as they are."""
    found = [f"“{label.strip().lower()}”" for label in piece.categories]
    for part in (*[piece.title] * _TITLE_WEIGHT, piece.text):
        words = _WORD.findall(part.lower())
        found += words
        found += map(" ".join, zip(words, words[1:], strict=False))
    return found


def _strongest(weights: Any, at: int, speaking: Any, words: Any) -> tuple[str, ...]:
    """The words of one piece that speak most for a topic."""
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


def _tools() -> SimpleNamespace:
    """What is used of scikit-learn, which takes a second to load and is not installed everywhere."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
    except ImportError as error:
        raise SettingsRefused(
            "Suggestions are learned with scikit-learn, which is not installed.",
            remedy="Install it: pip install 'topic-digest[suggest]'",
        ) from error
    return SimpleNamespace(
        TfidfVectorizer=TfidfVectorizer,
        LogisticRegression=LogisticRegression,
        StratifiedKFold=StratifiedKFold,
        cross_val_predict=cross_val_predict,
    )
