"""Measures: how well what was found agrees with what was wanted."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Counts of right and wrong, and what is reckoned from them; a share of nothing is 1."""

    #: Wanted and found.
    right: int = 0
    #: Found, not wanted.
    wrong: int = 0
    #: Wanted, not found.
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that was wanted."""
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of what was wanted that was found."""
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return _share(2 * self.right, 2 * self.right + self.wrong + self.missed)

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            right=self.right + other.right, wrong=self.wrong + other.wrong, missed=self.missed + other.missed
        )


def by_topic(
    pairs: Iterable[tuple[AbstractSet[str], AbstractSet[str]]], *, topics: Iterable[str]
) -> dict[str, Measure]:
    """A measure of each of these topics, from what was wanted and what was found of one item after the other."""
    measured = {topic: Measure() for topic in topics}
    for wanted, found in pairs:
        for topic in measured.keys() & (wanted | found):
            measured[topic] += Measure(
                right=topic in wanted and topic in found, wrong=topic not in wanted, missed=topic not in found
            )
    return measured


def together(measured: Mapping[str, Measure]) -> Measure:
    """All decisions counted alike (micro): topics with many items weigh more."""
    return sum(measured.values(), Measure())


def mean_f1(measured: Mapping[str, Measure]) -> float:
    """All topics counted alike (macro)."""
    return _share(sum(one.f1 for one in measured.values()), len(measured))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
