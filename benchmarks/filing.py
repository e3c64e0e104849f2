"""How well items are filed: by phrases, by what is learned, and by both, measured against labels made by hand.

`python benchmarks/filing.py` prints a table for each way and ends with one line of JSON. The phrases are those of
`config/phrases`. They were written with the tuning parts in sight; the held-back part was only
ever counted, and a figure is only worth as much as that stays true: do not read it, do not mend phrases by it.
"""

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.flow.apply import read_file
from digest.learning.suggester import Lesson, Piece, Suggester, train
from digest.model.measures import Measure, by_topic, mean_f1, together
from digest.model.topic import Topic, file_under

ROOT = Path(__file__).resolve().parents[1]
#: What the phrases were written by, and what measures them.
TUNING, HELD_BACK = ("tuning", *(f"tuning_{n}" for n in range(2, 10)), "weighing"), "held_back"
THRESHOLDS = (0.5, 0.7, 0.9)
FOLDS = 5
#: Of the 8 lessons that a topic usually takes, a fold leaves some 6.
LEAST_IN_A_FOLD = 6

#: Slugs of topics, for one item after the other.
Found = list[frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An item with the topics that an editor would file it under."""

    piece: Piece
    topics: frozenset[str]


def labelled(part: str) -> list[Labelled]:
    """The items of one part of the corpus."""
    rows = tomllib.loads((ROOT / f"tests/corpus/filing/{part}.toml").read_text("utf-8"))["items"]
    return [Labelled(piece=Piece(title=r["title"], text=r["text"]), topics=frozenset(r["topics"])) for r in rows]


def topics_of(newsletter: str = "social-care") -> tuple[Topic, ...]:
    """The topics of a newsletter that comes with the product."""
    found = read_file(ROOT / f"config/newsletters/{newsletter}.toml").topics
    return tuple(Topic(slug=topic.slug, name=topic.name, phrases=topic.phrases) for topic in found)


def by_rules(topics: Sequence[Topic], items: Iterable[Labelled]) -> Found:
    """What the phrases file."""
    return [frozenset(file_under(topics, title=i.piece.title, text=i.piece.text)) for i in items]


def measured(topics: Sequence[Topic], items: Iterable[Labelled], found: Found) -> dict[str, Measure]:
    """Right, wrong and missed, by topic."""
    wanted = [item.topics for item in items]
    return by_topic(zip(wanted, found, strict=True), topics=[topic.slug for topic in topics])


def lessons(topics: Sequence[Topic], items: Iterable[Labelled]) -> list[Lesson]:
    """Items as if an editor had decided on every topic of each."""
    every = frozenset(topic.slug for topic in topics)
    return [Lesson(title=i.piece.title, text=i.piece.text, topics=i.topics, against=every - i.topics) for i in items]


def suggested(suggester: Suggester, items: Iterable[Labelled]) -> list[dict[str, float]]:
    """How sure the suggester is of each topic, for one item after the other."""
    pieces = [item.piece for item in items]
    return [{s.topic: s.confidence for s in some} for some in suggester.suggest_many(pieces, at_least=0.0)]


def cross_validated(topics: Sequence[Topic], items: Sequence[Labelled]) -> list[dict[str, float]]:
    """The same, each fifth of the items by what is learned from the other four."""
    sure: list[dict[str, float]] = [{} for _ in items]
    for fold in range(FOLDS):
        rest = [item for at, item in enumerate(items) if at % FOLDS != fold]
        suggester = train(lessons(topics, rest), topics=[t.slug for t in topics], least=LEAST_IN_A_FOLD)
        sure[fold::FOLDS] = suggested(suggester, items[fold::FOLDS])
    return sure


def surer_than(threshold: float, sure: Iterable[dict[str, float]]) -> Found:
    """The topics whose confidence reaches a threshold."""
    return [frozenset(topic for topic, one in some.items() if one >= threshold) for some in sure]


def calibration(items: Iterable[Labelled], sure: Iterable[dict[str, float]]) -> list[tuple[float, float, int]]:
    """For confidences up to 0.2, 0.4 …: their mean, how many were right, how many there were."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(5)]
    for item, some in zip(items, sure, strict=True):
        for topic, one in some.items():
            bins[min(4, int(one * 5))].append((one, topic in item.topics))
    return [(sum(c for c, _ in b) / len(b), sum(r for _, r in b) / len(b), len(b)) for b in bins if b]


def table(title: str, every: dict[str, Measure]) -> dict[str, float]:
    """Print one way's measures; the sums are handed back."""
    print(f"\n{title}\n{'':18}{'precision':>10}{'recall':>8}{'F1':>7}{'right':>7}{'wrong':>7}{'missed':>8}")
    for name, one in (*every.items(), ("all decisions", together(every))):
        print(f"{name:18}{one.precision:10.2f}{one.recall:8.2f}{one.f1:7.2f}{one.right:7}{one.wrong:7}{one.missed:8}")
    return line(every)


def line(every: dict[str, Measure]) -> dict[str, float]:
    """Micro precision, recall and F1, and macro F1, by thousandths."""
    all_ = together(every)
    sums = {"precision": all_.precision, "recall": all_.recall, "f1": all_.f1, "macro_f1": mean_f1(every)}
    return {name: round(one, 3) for name, one in sums.items()}


def main() -> None:
    """Print all of it."""
    topics = topics_of()
    items = {"tuning": [item for part in TUNING for item in labelled(part)], "held_back": labelled(HELD_BACK)}
    rules = {part: by_rules(topics, items[part]) for part in items}
    report: dict[str, object] = {
        f"rules {part}": table(f"By phrases, {part}", measured(topics, items[part], rules[part])) for part in items
    }
    suggester = train(lessons(topics, items["tuning"]), topics=[topic.slug for topic in topics])
    sure = {"tuning": cross_validated(topics, items["tuning"]), "held_back": suggested(suggester, items["held_back"])}
    print(f"\n{'Learned from tuning':42}{'precision':>10}{'recall':>8}{'F1':>7}{'macro':>7}")
    for part in items:
        for threshold in THRESHOLDS:
            learned = surer_than(threshold, sure[part])
            both = [one | other for one, other in zip(rules[part], learned, strict=True)]
            for way, found in (("learner", learned), ("rules+learner", both)):
                name = f"{way} {part} {threshold}"
                sums = report[name] = line(measured(topics, items[part], found))
                print(
                    f"{name:42}{sums['precision']:10.2f}{sums['recall']:8.2f}{sums['f1']:7.2f}{sums['macro_f1']:7.2f}"
                )
    print(f"\n{'Confidence, held back: mean':42}{'right':>10}{'of':>8}")
    for mean, right, count in calibration(items["held_back"], sure["held_back"]):
        print(f"{mean:42.2f}{right:10.2f}{count:8}")
    print("\n" + json.dumps(report))


if __name__ == "__main__":
    main()
