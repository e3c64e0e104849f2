"""Models: one topic each, fitted by scikit-learn, with a curve from what a model says to how sure it may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from types import SimpleNamespace
from typing import Any

from digest.errors import SettingsRefused
from digest.learning.lessons import Lesson, words_of

#: Beyond so many words and pairs, rarer ones add only memory.
_MOST_FEATURES = 100_000
#: A word in more than this share of all lessons tells none of them apart.
_TOO_COMMON = 0.5
#: How far a model may follow its lessons rather than stay cautious; found by trying 1, 10 and 100.
_STRENGTH = 10.0
_FOLDS = 5


@dataclass(slots=True)
class Model:
    """One topic, as it was learned."""

    topic: str
    #: How much each word speaks for the topic, and what is said before any word.
    speaking: Any
    before: float
    #: The logarithm of the odds among its lessons.
    usual: float
    #: What the other lessons say of each of its lessons, and what is true.
    judged: list[float]
    true: list[bool]
    #: The curve from judgement to confidence.
    slope: float = 0.0
    shift: float = 0.0

    def confidences(self, weights: Any) -> list[float]:
        """How sure it is that each of these pieces belongs under its topic, from 0 to 1."""
        scores = (weights @ self.speaking + self.before).tolist()
        return [round(1 / (1 + exp(-self.slope * score - self.shift)), 3) for score in scores]


def tools() -> SimpleNamespace:
    """What is used of scikit-learn. It takes a second to load; SettingsRefused where it is not installed."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold, cross_val_predict
    except ImportError as error:
        raise SettingsRefused(
            "Suggestions are learned with scikit-learn, which is not installed.",
            remedy="Install it: pip install 'topic-digest[suggest]'.",
        ) from error
    return SimpleNamespace(
        TfidfVectorizer=TfidfVectorizer,
        LogisticRegression=LogisticRegression,
        StratifiedKFold=StratifiedKFold,
        cross_val_predict=cross_val_predict,
    )


def scales(kit: SimpleNamespace) -> Any:
    """What weighs the words of pieces: the more telling, the rarer a word is elsewhere."""
    return kit.TfidfVectorizer(analyzer=words_of, sublinear_tf=True, max_df=_TOO_COMMON, max_features=_MOST_FEATURES)


def fit(kit: SimpleNamespace, weights: Any, lessons: Sequence[Lesson], topic: str) -> Model:
    """Learn one topic from the lessons that decide on it, and let the others judge each of them."""
    rows = [at for at, one in enumerate(lessons) if topic in one.topics | one.against]
    true = [topic in lessons[at].topics for at in rows]
    yes, no = sum(true), len(true) - sum(true)
    model = kit.LogisticRegression(C=_STRENGTH, class_weight="balanced", solver="liblinear", dual=True, random_state=0)
    folds = kit.StratifiedKFold(min(_FOLDS, yes, no), shuffle=True, random_state=0)
    judged = kit.cross_val_predict(model, weights[rows], true, cv=folds, method="decision_function")
    model.fit(weights[rows], true)
    return Model(topic, model.coef_[0], float(model.intercept_[0]), log(yes / no), judged.tolist(), true)


def calibrate(kit: SimpleNamespace, models: Sequence[Model]) -> None:
    """One curve for all: a topic with ten lessons could not bend one of its own that is worth anything."""
    if not models:
        return
    said = [(score, model.usual) for model in models for score in model.judged]
    curve = kit.LogisticRegression().fit(said, [true for model in models for true in model.true])
    by_score, by_usual = curve.coef_[0].tolist()
    for model in models:
        # Where what is learned says less than chance, every item is as likely as any other.
        model.slope = max(0.0, by_score)
        model.shift = by_usual * model.usual + float(curve.intercept_[0])
