"""Finding: where many phrases stand in one text, without searching it for each of them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from digest.model.phrase import Phrase, plain

#: Where a mention begins and ends in `Reading.text`.
Span = tuple[int, int]

_WORD = re.compile(r"\w+")
#: By at most so many of its first letters a word that may go on is looked up.
_START = 4


class Reading:
    """A text, read once for all phrases."""

    __slots__ = ("length", "text", "words")

    def __init__(self, text: str) -> None:
        words = plain(text).split(" ")
        self.length = len(words)
        # The spaces around it spare every search the question whether it has come to an end.
        self.text = f" {' '.join(words)} "
        found = set(words)
        # Few words bear signs, so only these are taken apart.
        found.update(_WORD.findall(" ".join([word for word in found if not word.isalnum()])))
        self.words = frozenset(found)

    def end_of(self, words: int) -> int:
        """Where the first so many words are over."""
        return len(self.text) if words >= self.length else 1 + len(" ".join(self.text.split(" ", words + 1)[1:-1]))


class Finder:
    """Phrases, ready to be found. Built once; then a text costs what its own words are worth, not the whole list.

    A phrase is searched for only in a text that has all its words; it is looked up by the one it shares with the
    fewest other phrases, and one that is nothing but the beginning of a word by its first letters.
    """

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        sought = [_Sought(number, phrase) for number, phrase in enumerate(phrases)]
        often = Counter(word for one in sought for word in one.words)
        self._by_word: dict[str, list[_Sought]] = {}
        self._by_start: list[dict[str, list[_Sought]]] = [{} for _ in range(_START + 1)]
        for one in sought:
            if one.words:
                rarest = min(one.words, key=lambda word: (often[word], -len(word), word))
                self._by_word.setdefault(rarest, []).append(one)
            else:
                start = one.start[:_START]
                self._by_start[len(start)].setdefault(start, []).append(one)

    def find(self, reading: Reading) -> Iterator[tuple[int, list[Span]]]:
        """The number of each phrase that is mentioned, with its mentions in their order."""
        for one in self._likely(reading.words):
            if spans := one.spans(reading.text):
                yield one.number, spans

    def _likely(self, words: frozenset[str]) -> "list[_Sought]":
        likely: list[_Sought] = []
        starts = {word[:_START] for word in words}
        for word in self._by_word.keys() & words:
            likely += [one for one in self._by_word[word] if one.words <= words and one.may_begin(starts)]
        for length in range(_START, -1, -1):
            if by_start := self._by_start[length]:
                starts = {start[:length] for start in starts}
                for start in by_start.keys() & starts:
                    likely += by_start[start]
        return likely


class _Sought:
    """One phrase, taken apart for searching."""

    __slots__ = ("_ends_open", "_text", "number", "start", "words")

    def __init__(self, number: int, phrase: Phrase) -> None:
        self.number = number
        self._text = phrase.sought
        self._ends_open = phrase.open_ended
        pieces = _WORD.findall(self._text)
        #: The beginning of a last word that may go on; empty when there is none.
        self.start = pieces.pop() if pieces and phrase.open_ended and _is_word(self._text[-1]) else ""
        #: What a text has to have as whole words.
        self.words = frozenset(pieces)

    def may_begin(self, starts: set[str]) -> bool:
        """Whether a text whose words begin like that may have the last word; `starts` are their first letters."""
        return len(self.start) < _START or self.start[:_START] in starts

    def spans(self, text: str) -> list[Span]:
        """Every mention in the text of a reading; they do not overlap."""
        found: list[Span] = []
        at = text.find(self._text)
        while at >= 0:
            end = at + len(self._text)
            if _is_word(text[at - 1]) or (not self._ends_open and _is_word(text[end])):
                at = text.find(self._text, at + 1)
                continue
            while self._ends_open and _is_word(text[end]):
                end += 1
            found.append((at, end))
            at = text.find(self._text, end)
        return found


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"
