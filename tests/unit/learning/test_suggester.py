"""The suggester: what it learns from editors, how sure it is, and what it does not learn."""

import random
import sys
from collections.abc import Iterable

import pytest

from digest.errors import SettingsRefused
from digest.learning.suggester import LEAST_CONFIDENCE, LEAST_LESSONS, Lesson, Piece, Suggester, train

TOPICS = ("carers", "law", "events")
WORDS = {
    "carers": ["respite", "husband", "daughter", "lifting", "nights", "allowance", "looking after"],
    "law": ["court", "judge", "appeal", "statute", "ruling", "solicitor", "best interests"],
    "events": ["lecture", "tickets", "venue", "speaker", "seats", "evening", "book a place"],
}
COMMON = ["council", "people", "report", "years", "support", "week", "town", "service", "home", "asked", "found"]


def piece(topics: Iterable[str], dice: random.Random) -> Piece:
    """A piece with four words of each of its topics among words that say nothing."""
    words = [word for topic in topics for word in dice.sample(WORDS[topic], 4)] + dice.choices(COMMON, k=30)
    dice.shuffle(words)
    return Piece(title=" ".join(words[:5]), text=" ".join(words[5:]))


def lesson(topics: Iterable[str], dice: random.Random, *, said: Iterable[str] | None = None) -> Lesson:
    """The same with an editor's word on every topic, which may differ from what the piece is about."""
    made, yes = piece(topics, dice), frozenset(topics if said is None else said)
    return Lesson(title=made.title, text=made.text, topics=yes, against=frozenset(TOPICS) - yes)


def some(dice: random.Random) -> list[str]:
    """No topic, one or two."""
    return dice.sample(TOPICS, dice.choice([0, 1, 1, 2]))


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    """Eighty lessons."""
    dice = random.Random(1)
    return [lesson(some(dice), dice) for _ in range(80)]


@pytest.fixture(scope="module")
def suggester(lessons: list[Lesson]) -> Suggester:
    """What they teach."""
    return train(lessons, topics=TOPICS)


def test_it_suggests_what_editors_would_have_decided(suggester: Suggester) -> None:
    """For pieces it has not seen, with the words that speak for it."""
    (suggestion,) = suggester.suggest("Court: judge allows appeal", "The ruling was welcomed by a solicitor in town.")

    assert suggestion.topic == "law"
    assert suggestion.confidence > 0.8
    assert set(suggestion.because) <= {"court", "judge", "appeal", "ruling", "solicitor"}
    assert len(suggestion.because) == 3


def test_the_surest_comes_first_and_the_unsure_not_at_all(suggester: Suggester) -> None:
    """Below the least confidence it says nothing, unless it is asked for more."""
    title, text = "Court: judge allows appeal", "The ruling was welcomed. A lecture is planned. His daughter came."

    told = suggester.suggest(title, text)
    more = suggester.suggest(title, text, at_least=0)
    sure = suggester.suggest(title, text, at_least=told[0].confidence)

    assert [one.topic for one in sure] == ["law"]
    assert told == more[: len(told)]
    assert len(more) == 3
    assert [one.confidence for one in more] == sorted([one.confidence for one in more], reverse=True)
    assert all(0 <= one.confidence <= 1 for one in more)
    assert min(one.confidence for one in told) >= LEAST_CONFIDENCE > max(one.confidence for one in more[len(told) :])


def test_what_no_word_speaks_for_is_not_suggested(suggester: Suggester) -> None:
    """How often a topic was chosen before is no reason."""
    assert suggester.suggest("Xylophones", "Zithers and ocarinas.", at_least=0) == ()


def test_no_word_is_named_twice(suggester: Suggester) -> None:
    """“Looking after” is one reason, not three."""
    (suggestion,) = suggester.suggest("Looking after", "Looking after and looking after.")

    words = " ".join(suggestion.because).split()
    assert suggestion.topic == "carers"
    assert len(words) == len(set(words))


def test_many_at_once_are_suggested_as_one_by_one(suggester: Suggester) -> None:
    """The batch is only quicker."""
    dice = random.Random(2)
    pieces = [*(piece(some(dice), dice) for _ in range(20)), Piece(title="", text="")]

    at_once = suggester.suggest_many(pieces, at_least=0.1)

    assert at_once == [suggester.suggest(each.title, each.text, at_least=0.1) for each in pieces]
    assert suggester.suggest_many([]) == []


def test_the_same_lessons_teach_the_same_in_whatever_order_they_come(lessons: list[Lesson]) -> None:
    """A database gives rows as it likes."""
    dice = random.Random(3)
    shuffled = dice.sample(lessons, len(lessons))
    pieces = [piece(some(dice), dice) for _ in range(10)]

    first, second = (train(each, topics=TOPICS).suggest_many(pieces, at_least=0) for each in (lessons, shuffled))

    assert first == second


def test_a_topic_with_too_few_lessons_is_not_learned_and_says_why() -> None:
    """Of either kind; the others are learned all the same."""
    dice = random.Random(4)
    taught = [lesson(["law"], dice) for _ in range(20)] + [lesson([], dice) for _ in range(10)]
    taught += [lesson(["events", "law"], dice) for _ in range(LEAST_LESSONS - 1)]

    learned = {one.topic: one for one in train(taught, topics=TOPICS).learned}

    assert list(learned) == list(TOPICS)
    assert learned["law"].why_not == ""
    assert (learned["law"].yes, learned["law"].no) == (27, 10)
    assert learned["events"].why_not == "only 7 for it; it takes 8 of each"
    assert learned["carers"].why_not == "only 0 for it; it takes 8 of each"


def test_a_topic_on_which_nobody_decided_is_not_taught_by_the_item() -> None:
    """Silence is not a no."""
    silent = [Lesson(title="Court", text=f"The judge came {n}.", topics=frozenset({"law"})) for n in range(20)]

    (learned,) = train(silent, topics=["law"]).learned

    assert (learned.yes, learned.no) == (20, 0)
    assert learned.why_not == "only 0 against it; it takes 8 of each"


@pytest.mark.parametrize("text", ["", "All say the same", "1234 !?"])
def test_lessons_that_cannot_be_told_apart_teach_nothing(text: str) -> None:
    """No words, or the same ones in each."""
    taught = [Lesson(title="", text=text, topics=frozenset({"law"})) for _ in range(10)]
    taught += [Lesson(title="", text=text, against=frozenset({"law"})) for _ in range(10)]

    suggester = train(taught, topics=["law"])

    assert suggester.learned[0].why_not == "no words tell its lessons apart"
    assert suggester.suggest("Court", "Judge", at_least=0) == ()


def test_without_lessons_or_topics_nothing_is_learned_and_nothing_suggested() -> None:
    """The first day of a newsletter."""
    assert [one.why_not != "" for one in train([], topics=TOPICS).learned] == [True] * 3
    assert train([], topics=TOPICS).suggest("Court", "Judge", at_least=0) == ()
    assert train([], topics=[]).suggest("Court", "Judge", at_least=0) == ()


def test_a_sources_labels_teach_too() -> None:
    """They are kept apart from the words of the text."""
    dice = random.Random(5)
    texts = [" ".join(dice.choices(COMMON, k=30)) for _ in range(40)]
    taught = [
        Lesson(
            title="",
            text=text,
            categories=("Rulings" if n % 2 else "Sport",),
            topics=frozenset({"law"} if n % 2 else ()),
            against=frozenset(() if n % 2 else {"law"}),
        )
        for n, text in enumerate(texts)
    ]

    suggester = train(taught, topics=["law"])

    assert suggester.suggest("", "Asked in town", [" rulings "])[0].because[0] == "rulings (label)"
    assert suggester.suggest("", "Asked in town", ["Sport"]) == ()
    assert suggester.suggest("", "Rulings in town") == ()


def test_a_confidence_is_the_share_that_is_right() -> None:
    """Where editors decide against the words in one case of five, it does not claim to be surer than four of five."""
    dice = random.Random(6)

    def decided(count: int) -> list[tuple[Lesson, frozenset[str]]]:
        made = []
        for _ in range(count):
            about = some(dice)
            said = frozenset(topic for topic in TOPICS if (topic in about) != (dice.random() < 0.2))
            made.append((lesson(about, dice, said=said), said))
        return made

    suggester = train([one for one, _ in decided(300)], topics=TOPICS)
    new = decided(300)
    guesses = suggester.suggest_many([one for one, _ in new], at_least=0)
    judged = [(g.confidence, g.topic in said) for some_, (_, said) in zip(guesses, new, strict=True) for g in some_]

    for least, most in ((0.0, 0.3), (0.6, 1.0)):
        within = [(confidence, right) for confidence, right in judged if least <= confidence < most]
        claimed = sum(confidence for confidence, _ in within) / len(within)
        true = sum(right for _, right in within) / len(within)
        assert len(within) > 100
        assert claimed == pytest.approx(true, abs=0.07)


def test_decisions_without_reason_are_not_learned() -> None:
    """Where editors toss coins, it is never sure of anything."""
    dice = random.Random(7)
    tossed = [lesson(some(dice), dice, said=[t for t in TOPICS if dice.random() < 0.3]) for _ in range(100)]

    suggester = train(tossed, topics=TOPICS)

    guesses = suggester.suggest_many([piece(some(dice), dice) for _ in range(100)])
    assert sum(map(len, guesses)) < 10


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else of the product needs it."""
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)

    with pytest.raises(SettingsRefused, match=r"pip install 'topic-digest\[suggest\]'"):
        train([], topics=TOPICS)
