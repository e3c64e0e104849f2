"""Choosing: which items one cohort of readers gets in an issue, in which order, and why.

There is no "since the last issue": a receipt alone says what a reader has had. So an item that comes late, is
back-dated, or is filed late comes in the next issue, and nothing comes twice.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from digest.model.item import ItemId
from digest.model.newsletter import SelectionPolicy
from digest.model.window import Window


class Reason(StrEnum):
    """Why an item is or is not in a reader's issue."""

    PINNED = "pinned for everyone"
    TOPIC = "on a chosen topic"
    OTHER_TOPIC = "not on a chosen topic"
    UNFILED = "filed under no topic yet"
    HAD = "received before"
    TOO_OLD = "published before this issue reaches back"
    TOO_EARLY = "published, or first seen, after the period's end"
    HELD = "dated in the future, held until then"
    LEFT_OUT = "left out by the editor"
    TOPIC_FULL = "more on this topic than one issue holds"
    ISSUE_FULL = "more than one issue holds"
    TOO_BIG = "would make the message too long for mailboxes to show whole"


_NO_HEADINGS: Mapping[str, int] = {}
_NO_LINES: Mapping[ItemId, int] = {}

#: What was found for so many cohorts is kept for others that are alike; those come one soon after the other.
REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item as choosing sees it, in the editor's order."""

    id: ItemId
    #: In the newsletter's order of topics.
    topics: tuple[str, ...]
    dated_at: datetime
    pinned: bool = False
    left_out: bool = False
    #: The same piece from other sources: who has had one of them has had it.
    also: tuple[ItemId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What readers of one cohort have in common, as far as choosing goes."""

    #: Chosen topic slugs; None for everything.
    topics: frozenset[str] | None
    #: Items they have had.
    received: AbstractSet[ItemId]
    #: True when no issue has been made for them before.
    first: bool
    #: The day from which they catch up after a long pause; empty for everybody else.
    away: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One item in a choice."""

    id: ItemId
    #: The topic it stands under; None for a pinned one.
    under: str | None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The ordered items one cohort gets, and why the others are not among them."""

    chosen: tuple[Chosen, ...]
    #: What is not for these readers in this issue.
    refused: Mapping[ItemId, Reason] = field(default_factory=dict)
    #: What is new to them and found no room: counted in "and N more", and offered again next time.
    no_room: Mapping[ItemId, Reason] = field(default_factory=dict)

    @property
    def passed_over(self) -> dict[ItemId, Reason]:
        """All that are not among the chosen."""
        return {**self.refused, **self.no_room}

    @property
    def more(self) -> int:
        """How many are new to these readers but found no room."""
        return len(self.no_room)


def choose(
    candidates: Sequence[Candidate],
    readers: Readers,
    *,
    topic_order: Sequence[str],
    window: Window,
    policy: SelectionPolicy,
    sizes: Mapping[tuple[ItemId, str | None], int],
    headings: Mapping[str, int] = _NO_HEADINGS,
    lines: Mapping[ItemId, int] = _NO_LINES,
    most_lines: int = 0,
    room: int,
) -> Choice:
    """The items these readers get: pinned first, then by topic in the newsletter's order, each in the editor's order.

    `sizes` gives the bytes an item adds under a topic, `headings` those of a topic's heading, `lines` those of an
    item's line in the list of contents, which a letter of more than `most_lines` items has not; `room` the bytes there
    are for all of them.
    """
    offer = Offer(
        candidates,
        topic_order=topic_order,
        window=window,
        policy=policy,
        sizes=sizes,
        headings=headings,
        lines=lines,
        most_lines=most_lines,
        room=room,
    )
    return offer.choice(readers)


class Offer:
    """What there is to choose from, looked at once for all cohorts; what differs between them is little work."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        topic_order: Sequence[str],
        window: Window,
        policy: SelectionPolicy,
        sizes: Mapping[tuple[ItemId, str | None], int],
        headings: Mapping[str, int] = _NO_HEADINGS,
        lines: Mapping[ItemId, int] = _NO_LINES,
        most_lines: int = 0,
        room: int,
    ) -> None:
        """As `choose` has them."""
        self._topic_order, self._policy = topic_order, policy
        self._sizes, self._headings, self._lines = sizes, headings, lines
        self._most_lines, self._room = most_lines, room
        self._candidates, self._had_by, self._window = candidates, _had_by(candidates), window
        self._judged = lru_cache(REMEMBERED)(self._judge)
        self._looked_at = lru_cache(REMEMBERED)(self._look)
        self._told: dict[tuple[ItemId, str | None], Chosen] = {}

    def choice(self, readers: Readers) -> Choice:
        """What one cohort gets."""
        since = self._window.reach(first=readers.first, away=readers.away)
        looked = self._looked_at(frozenset(readers.received), since)
        refused = dict(looked.refused)
        placed: dict[str, list[ItemId]] = {slug: [] for slug in self._topic_order}
        wanted = frozenset(self._topic_order) if readers.topics is None else readers.topics
        for item, topics in looked.filed:
            for under in topics:
                if under in wanted:
                    placed[under].append(item)
                    break
            else:
                refused[item] = Reason.OTHER_TOPIC
        filler = _Filler(self._policy, self._sizes, self._headings, self._lines, self._most_lines, self._room)
        # Pinned ones first, then the topics in order; the editor's order holds within each.
        filler.add(looked.pinned, None)
        for slug, items in placed.items():
            filler.add(items, slug)
        chosen = tuple([self._chosen(item, under) for item, under in filler.taken])
        return Choice(chosen=chosen, refused=refused, no_room=filler.no_room)

    def _chosen(self, item: ItemId, under: str | None) -> Chosen:
        """The same value every time: thousands of choices hold it."""
        key = (item, under)
        if key not in self._told:
            reason = Reason.PINNED if under is None else Reason.TOPIC
            self._told[key] = Chosen(id=item, under=under, reason=reason)
        return self._told[key]

    def _judge(self, since: datetime) -> "_Looked":
        """What holds for those who have had nothing, whose issue reaches so far back."""
        looked = _Looked()
        for candidate in self._candidates:
            reason = _judge(candidate, since, self._window)
            if reason is Reason.PINNED:
                looked.pinned.append(candidate.id)
            elif reason is Reason.TOPIC:
                looked.filed.append((candidate.id, candidate.topics))
            else:
                looked.refused[candidate.id] = reason
        return looked

    def _look(self, received: frozenset[ItemId], since: datetime) -> "_Looked":
        """What holds for all who have had the same, whatever their topics are."""
        new = self._judged(since)
        taken = {candidate for item in received for candidate in self._had_by.get(item, ())}
        why = {**new.refused, **dict.fromkeys(taken, Reason.HAD)}
        return _Looked(
            pinned=[item for item in new.pinned if item not in taken],
            filed=[each for each in new.filed if each[0] not in taken],
            refused={c.id: why[c.id] for c in self._candidates if c.id in why},
        )


def _had_by(candidates: Sequence[Candidate]) -> dict[ItemId, list[ItemId]]:
    """By each item that readers may have had, the candidates that are no news to them then, but what is left out."""
    found: dict[ItemId, list[ItemId]] = {}
    for candidate in candidates:
        for item in () if candidate.left_out else (candidate.id, *candidate.also):
            found.setdefault(item, []).append(candidate.id)
    return found


@dataclass(slots=True)
class _Looked:
    """The candidates, each in the editor's order, by what does not depend on topics."""

    pinned: list[ItemId] = field(default_factory=list)
    filed: list[tuple[ItemId, tuple[str, ...]]] = field(default_factory=list)
    refused: dict[ItemId, Reason] = field(default_factory=dict)


def _judge(candidate: Candidate, since: datetime, window: Window) -> Reason:
    """For readers who have not had it; TOPIC where it depends on the topics that they chose."""
    if candidate.left_out:
        return Reason.LEFT_OUT
    if candidate.dated_at >= window.until:
        return Reason.TOO_EARLY
    if candidate.dated_at > window.now:
        return Reason.HELD
    if candidate.dated_at < since:
        return Reason.TOO_OLD
    if candidate.pinned:
        return Reason.PINNED
    return Reason.TOPIC if candidate.topics else Reason.UNFILED


class _Filler:
    """Takes items in turn until a cap or the byte budget is reached."""

    def __init__(
        self,
        policy: SelectionPolicy,
        sizes: Mapping[tuple[ItemId, str | None], int],
        headings: Mapping[str, int],
        lines: Mapping[ItemId, int],
        most_lines: int,
        room: int,
    ) -> None:
        self._policy, self._sizes, self._headings, self._room = policy, sizes, headings, room
        self._lines, self._most_lines = lines, most_lines
        self.taken: list[tuple[ItemId, str | None]] = []
        self.no_room: dict[ItemId, Reason] = {}
        #: How many have a line in the list of contents, and the bytes of these lines.
        self._listed = 0
        self._listed_bytes = 0

    def add(self, items: Sequence[ItemId], under: str | None) -> None:
        """Take in of these what finds room; all that stand under this topic."""
        most = self._policy.per_issue if under is None else self._policy.per_topic
        heading = self._headings.get(under or "", 0)
        count = 0
        for item in items:
            cost = self._sizes.get((item, under), 0)
            if under is not None:
                # The first under a topic brings the heading with it.
                cost += self._line(item) + (0 if count else heading)
            if len(self.taken) >= self._policy.per_issue:
                self.no_room[item] = Reason.ISSUE_FULL
            elif count >= most:
                self.no_room[item] = Reason.TOPIC_FULL
            elif cost > self._room:
                self.no_room[item] = Reason.TOO_BIG
            else:
                count += 1
                self._take(item, under, cost)

    def _take(self, item: ItemId, under: str | None, cost: int) -> None:
        self._room -= cost
        self.taken.append((item, under))
        if under is not None:
            self._listed += 1
            self._listed_bytes += self._lines.get(item, 0)

    def _line(self, item: ItemId) -> int:
        """Bytes of its line; one more than the list may hold does away with the list, and gives its bytes back."""
        if self._listed < self._most_lines:
            return self._lines.get(item, 0)
        return -self._listed_bytes if self._listed == self._most_lines else 0
