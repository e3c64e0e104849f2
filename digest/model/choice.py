"""Choosing: which items one cohort of readers gets in an issue, in which order, and why.

There is no "since the last issue": a receipt alone says what a reader has had. So an item that comes late, is
back-dated, or is filed late comes in the next issue, and nothing comes twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from digest.model.cadence import Period, reach_back
from digest.model.item import ItemId
from digest.model.newsletter import Newsletter, SelectionPolicy


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

_OFFERED = frozenset({Reason.PINNED, Reason.TOPIC})

#: For want of room only: these are counted in "and N more" and are offered again next time.
MORE = frozenset({Reason.TOPIC_FULL, Reason.ISSUE_FULL, Reason.TOO_BIG})


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
class Window:
    """From when to when an issue may take items: [since, until), for a reader's first issue [first_since, until)."""

    since: datetime
    first_since: datetime
    until: datetime
    #: When the issue is frozen; what is dated later waits for its day.
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What readers of one cohort have in common, as far as choosing goes."""

    #: Chosen topic slugs; None for everything.
    topics: frozenset[str] | None
    #: Items they have had.
    received: AbstractSet[ItemId]
    #: True when no issue has been made for them before.
    first: bool


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
    passed_over: dict[ItemId, Reason]

    @property
    def more(self) -> int:
        """How many are new to these readers but found no room."""
        return sum(reason in MORE for reason in self.passed_over.values())


def window(newsletter: Newsletter, period: Period, *, now: datetime) -> Window:
    """What an issue of this period frozen at `now` may take. It ends with the period, or now if that is earlier."""
    until = period.ends_at(newsletter.zone)
    edge = min(until, now)
    policy = newsletter.selection
    # The rarest cadence sets the look-back, so that a change of frequency leaves no gap; receipts prevent repeats.
    since = reach_back(newsletter.longest_cadence, policy.look_back, edge, newsletter.zone)
    first = reach_back(period.cadence, policy.first_reach, edge, newsletter.zone)
    return Window(since=since, first_since=max(since, first), until=until, now=now)


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
    judged = {c.id: _judge(c, readers, window) for c in candidates}
    offered = [c for c in candidates if judged[c.id] in _OFFERED]
    filler = _Filler(policy=policy, sizes=sizes, headings=headings, lines=lines, most_lines=most_lines, room=room)
    for candidate, under in _in_order(offered, readers, topic_order):
        filler.add(candidate, under, judged[candidate.id])
    refused = {item: reason for item, reason in judged.items() if reason not in _OFFERED}
    return Choice(chosen=tuple(filler.chosen), passed_over=refused | filler.passed_over)


def _judge(candidate: Candidate, readers: Readers, window: Window) -> Reason:
    if candidate.left_out:
        return Reason.LEFT_OUT
    if candidate.id in readers.received or not readers.received.isdisjoint(candidate.also):
        return Reason.HAD
    if candidate.dated_at >= window.until:
        return Reason.TOO_EARLY
    if candidate.dated_at > window.now:
        return Reason.HELD
    if candidate.dated_at < (window.first_since if readers.first else window.since):
        return Reason.TOO_OLD
    if candidate.pinned:
        return Reason.PINNED
    if not candidate.topics:
        return Reason.UNFILED
    return Reason.TOPIC if _first_topic(candidate, readers) else Reason.OTHER_TOPIC


def _first_topic(candidate: Candidate, readers: Readers) -> str | None:
    return next((t for t in candidate.topics if readers.topics is None or t in readers.topics), None)


def _in_order(
    offered: Iterable[Candidate], readers: Readers, topic_order: Sequence[str]
) -> list[tuple[Candidate, str | None]]:
    """Pinned ones first, then the topics in order; the sort is stable, so the editor's order holds within each."""
    placed = [(c, None if c.pinned else _first_topic(c, readers)) for c in offered]
    rank = {slug: n for n, slug in enumerate(topic_order)}
    return sorted(placed, key=lambda pair: -1 if pair[1] is None else rank[pair[1]])


class _Filler:
    """Takes items in turn until a cap or the byte budget is reached."""

    def __init__(
        self,
        *,
        policy: SelectionPolicy,
        sizes: Mapping[tuple[ItemId, str | None], int],
        headings: Mapping[str, int],
        lines: Mapping[ItemId, int],
        most_lines: int,
        room: int,
    ) -> None:
        self._policy, self._sizes, self._headings, self._room = policy, sizes, headings, room
        self._lines, self._most_lines = lines, most_lines
        self.chosen: list[Chosen] = []
        self.passed_over: dict[ItemId, Reason] = {}

    def add(self, candidate: Candidate, under: str | None, reason: Reason) -> None:
        obstacle = self._obstacle(candidate, under)
        if obstacle:
            self.passed_over[candidate.id] = obstacle
            return
        self._room -= self._cost(candidate, under)
        self.chosen.append(Chosen(id=candidate.id, under=under, reason=reason))

    def _obstacle(self, candidate: Candidate, under: str | None) -> Reason | None:
        if len(self.chosen) >= self._policy.per_issue:
            return Reason.ISSUE_FULL
        if under and sum(c.under == under for c in self.chosen) >= self._policy.per_topic:
            return Reason.TOPIC_FULL
        if self._cost(candidate, under) > self._room:
            return Reason.TOO_BIG
        return None

    def _cost(self, candidate: Candidate, under: str | None) -> int:
        """Bytes it adds; the first under a topic brings the heading with it."""
        is_first = under is not None and all(c.under != under for c in self.chosen)
        heading = self._headings.get(under or "", 0) if is_first else 0
        return self._sizes.get((candidate.id, under), 0) + heading + (self._line(candidate) if under else 0)

    def _line(self, candidate: Candidate) -> int:
        """Bytes of its line; one more than the list may hold does away with the list, and gives its bytes back."""
        listed = [c.id for c in self.chosen if c.under]
        if len(listed) < self._most_lines:
            return self._lines.get(candidate.id, 0)
        return -sum(self._lines.get(item, 0) for item in listed) if len(listed) == self._most_lines else 0
