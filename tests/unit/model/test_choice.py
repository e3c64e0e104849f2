"""Choosing: which items readers get, in which order, and why not the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model.cadence import Cadence, Schedule, parse_period
from digest.model.choice import REMEMBERED, Candidate, Choice, Offer, Readers, Reason, choose
from digest.model.item import ItemId
from digest.model.newsletter import Newsletter, SelectionPolicy, Sender
from digest.model.window import Window, window

TOPICS = ("carers", "law", "research")
NOVEMBER = Window(
    since=datetime(2026, 9, 30, 23, tzinfo=UTC),  # 1 October in London
    first_since=datetime(2026, 11, 1, tzinfo=UTC),
    until=datetime(2026, 12, 1, tzinfo=UTC),
    now=datetime(2026, 12, 1, 8, tzinfo=UTC),
)
PLENTY = 1_000_000


def candidate(
    number: int,
    *topics: str,
    dated_at: datetime = datetime(2026, 11, 10, tzinfo=UTC),
    pinned: bool = False,
    left_out: bool = False,
) -> Candidate:
    """An item of mid-November."""
    return Candidate(id=ItemId(number), topics=topics, dated_at=dated_at, pinned=pinned, left_out=left_out)


def readers(*topics: str, received: tuple[int, ...] = (), first: bool = False) -> Readers:
    """Readers of some topics, or of everything."""
    return Readers(topics=frozenset(topics) or None, received=frozenset(map(ItemId, received)), first=first)


def chosen_for(
    who: Readers,
    *candidates: Candidate,
    policy: SelectionPolicy = SelectionPolicy(),
    size: int = 100,
    room: int = PLENTY,
) -> Choice:
    """The choice among these candidates, each of one size."""
    sizes = {(c.id, under): size for c in candidates for under in (*TOPICS, None)}
    return choose(candidates, who, topic_order=TOPICS, window=NOVEMBER, policy=policy, sizes=sizes, room=room)


def ids(choice: Choice) -> list[int]:
    """What was chosen, in order."""
    return [chosen.id for chosen in choice.chosen]


@pytest.mark.parametrize(
    ("given_one", "who", "reason"),
    [
        (candidate(1, "law"), readers("carers"), Reason.OTHER_TOPIC),
        (candidate(1), readers(), Reason.UNFILED),
        (candidate(1, "law"), readers("law", received=(1,)), Reason.HAD),
        (candidate(1, "law", pinned=True), readers("law", received=(1,)), Reason.HAD),
        (candidate(1, "law", dated_at=NOVEMBER.since - timedelta(seconds=1)), readers(), Reason.TOO_OLD),
        (candidate(1, "law", dated_at=NOVEMBER.since), readers(first=True), Reason.TOO_OLD),
        (candidate(1, "law", dated_at=NOVEMBER.until), readers(), Reason.TOO_EARLY),
        (replace(candidate(1, "law"), also=(ItemId(2), ItemId(3))), readers("law", received=(3,)), Reason.HAD),
        (candidate(1, "law", left_out=True), readers("law"), Reason.LEFT_OUT),
        (candidate(1, "law", left_out=True, pinned=True), readers("law"), Reason.LEFT_OUT),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
def test_an_item_that_does_not_come_says_why(given_one: Candidate, who: Readers, reason: Reason) -> None:
    """Each item that is passed over has its one reason, and counts as more only for want of room."""
    choice = chosen_for(who, given_one)

    assert choice == Choice(chosen=(), refused={ItemId(1): reason})
    assert choice.more == 0


@pytest.mark.parametrize(
    ("given_one", "who", "under", "reason"),
    [
        (candidate(1, "law"), readers("law"), "law", Reason.TOPIC),
        (candidate(1, "carers", "law"), readers("law"), "law", Reason.TOPIC),
        (candidate(1, "carers", "law"), readers(), "carers", Reason.TOPIC),
        (candidate(1, pinned=True), readers("law"), None, Reason.PINNED),
        (candidate(1, "carers", pinned=True), readers("law"), None, Reason.PINNED),
        (candidate(1, "law", dated_at=NOVEMBER.since), readers("law"), "law", Reason.TOPIC),
        (candidate(1, "law", dated_at=NOVEMBER.first_since), readers("law", first=True), "law", Reason.TOPIC),
        (candidate(1, "law", dated_at=NOVEMBER.until - timedelta(seconds=1)), readers(), "law", Reason.TOPIC),
    ],
)
def test_an_item_that_comes_says_where_and_why(
    given_one: Candidate, who: Readers, under: str | None, reason: Reason
) -> None:
    """It stands once, under the first of the reader's topics; a pinned one stands under none and comes to all."""
    choice = chosen_for(who, given_one)

    assert [(c.under, c.reason) for c in choice.chosen] == [(under, reason)]
    assert choice.passed_over == {}


def test_what_is_dated_in_the_future_waits_for_its_day_also_when_pinned() -> None:
    """An issue of the month that is still going on takes what has come out by now."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    open_month = replace(NOVEMBER, now=now)
    waiting = candidate(1, "law", dated_at=now + timedelta(seconds=1), pinned=True)
    ready = candidate(2, "law", dated_at=now)

    choice = choose(
        [waiting, ready],
        readers(),
        topic_order=TOPICS,
        window=open_month,
        policy=SelectionPolicy(),
        sizes={},
        room=PLENTY,
    )

    assert ids(choice) == [2]
    assert choice.passed_over == {ItemId(1): Reason.HELD}


def test_pinned_come_first_then_topics_in_the_newsletters_order() -> None:
    """Within each, the order in which they are given: the editor's, else by date."""
    items = (
        candidate(1, "research"),
        candidate(2, "law"),
        candidate(3, "carers"),
        candidate(4, "research", pinned=True),
        candidate(5, "law"),
        candidate(6, pinned=True),
        candidate(7, "carers", "law"),
    )

    assert ids(chosen_for(readers(), *items)) == [4, 6, 3, 7, 2, 5, 1]


def test_a_topic_holds_so_many_and_the_rest_is_more() -> None:
    """The first in order stay; what another topic holds is not counted against it."""
    items = [candidate(n, "carers") for n in (1, 2, 3)] + [candidate(4, "law")]

    choice = chosen_for(readers(), *items, policy=SelectionPolicy(per_topic=2))

    assert ids(choice) == [1, 2, 4]
    assert choice.passed_over == {ItemId(3): Reason.TOPIC_FULL}
    assert choice.more == 1


def test_an_issue_holds_so_many_pinned_ones_included() -> None:
    """What does not fit is counted and offered again next time."""
    items = [candidate(1, pinned=True), candidate(2, "carers"), candidate(3, "law"), candidate(4, "research")]

    choice = chosen_for(readers(), *items, policy=SelectionPolicy(per_issue=2))

    assert ids(choice) == [1, 2]
    assert set(choice.passed_over.values()) == {Reason.ISSUE_FULL}
    assert choice.more == 2


def test_what_would_make_the_message_too_long_stays_for_next_time() -> None:
    """A long piece makes way for a short one behind it."""
    items = (candidate(1, "carers"), candidate(2, "carers"), candidate(3, "carers"))
    sizes = {(ItemId(1), "carers"): 600, (ItemId(2), "carers"): 600, (ItemId(3), "carers"): 300}

    choice = choose(
        items, readers(), topic_order=TOPICS, window=NOVEMBER, policy=SelectionPolicy(), sizes=sizes, room=1000
    )

    assert ids(choice) == [1, 3]
    assert choice.passed_over == {ItemId(2): Reason.TOO_BIG}
    assert choice.more == 1


def test_the_room_may_be_filled_to_the_last_byte() -> None:
    """A budget is a limit that may be reached."""
    assert ids(chosen_for(readers(), candidate(1, "law"), candidate(2, "law"), size=500, room=1000)) == [1, 2]


def test_a_change_of_topics_brings_nothing_twice() -> None:
    """A receipt is the reader's, not a topic's."""
    item = candidate(1, "carers", "law")

    assert chosen_for(readers("law", received=(1,)), item).passed_over == {ItemId(1): Reason.HAD}


def newsletter(*cadences: Cadence, **policy: int) -> Newsletter:
    """A newsletter in London with these cadences."""
    return Newsletter(
        slug="news",
        name="News",
        sender=Sender(name="News", address="news@example.org"),
        cadences={cadence: Schedule() for cadence in cadences},
        default_cadence=cadences[0],
        selection=SelectionPolicy(**policy),
    )


def test_an_issue_reaches_two_periods_back_and_a_first_one_one() -> None:
    """November's, made when it is over, reaches to October; for a new reader to November."""
    november = parse_period(Cadence.MONTHLY, "2026-11")

    long_after = datetime(2027, 3, 1, tzinfo=UTC)
    span = window(newsletter(Cadence.MONTHLY), november, now=long_after)

    assert replace(span, away_before="", away_least="") == replace(NOVEMBER, now=long_after)


def test_an_issue_made_within_its_period_reaches_back_from_now() -> None:
    """Due on the first, it holds the month before."""
    november = parse_period(Cadence.MONTHLY, "2026-11")

    span = window(newsletter(Cadence.MONTHLY), november, now=datetime(2026, 11, 1, 8, tzinfo=UTC))

    assert span.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert span.first_since.date() == datetime(2026, 10, 1).date()
    assert span.since.date() == datetime(2026, 9, 1).date()


def test_the_rarest_cadence_sets_how_far_all_reach_back() -> None:
    """Whoever changes from monthly to weekly finds nothing missing; a first issue still reaches one week."""
    week = parse_period(Cadence.WEEKLY, "2026-W47")

    span = window(newsletter(Cadence.WEEKLY, Cadence.MONTHLY), week, now=datetime(2027, 1, 1, tzinfo=UTC))

    assert span.until - span.first_since == timedelta(days=7)
    assert span.since == datetime(2026, 9, 22, 23, tzinfo=UTC)  # two months before 23 November, 00:00 BST


def test_a_first_issue_never_reaches_further_than_the_others() -> None:
    """However the policy is written."""
    november = parse_period(Cadence.MONTHLY, "2026-11")

    span = window(newsletter(Cadence.MONTHLY, look_back=1, first_reach=5), november, now=NOVEMBER.until)

    assert span.first_since == span.since


some_candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1, 40).map(ItemId),
        topics=st.lists(st.sampled_from(TOPICS), unique=True).map(lambda t: tuple(sorted(t, key=TOPICS.index))),
        dated_at=st.datetimes(datetime(2026, 9, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
        pinned=st.booleans(),
        left_out=st.booleans(),
    ),
    unique_by=lambda c: c.id,
    max_size=25,
)
some_readers = st.builds(
    Readers,
    topics=st.none() | st.frozensets(st.sampled_from(TOPICS), min_size=1),
    received=st.frozensets(st.integers(1, 40).map(ItemId), max_size=10),
    first=st.booleans(),
)
policies = st.builds(SelectionPolicy, per_topic=st.integers(1, 5), per_issue=st.integers(1, 10))


@given(candidates=some_candidates, who=some_readers, policy=policies, room=st.integers(0, 3000), data=st.data())
def test_no_choice_ever_breaks_a_rule(
    candidates: list[Candidate], who: Readers, policy: SelectionPolicy, room: int, data: st.DataObject
) -> None:
    """Nothing twice, nothing received before, nothing over the room or a cap, and nothing without a reason."""
    pairs = [(c.id, under) for c in candidates for under in (*TOPICS, None)]
    sizes = {pair: data.draw(st.integers(0, 800)) for pair in pairs}

    choice = choose(candidates, who, topic_order=TOPICS, window=NOVEMBER, policy=policy, sizes=sizes, room=room)

    got = ids(choice)
    assert len(got) == len(set(got))
    assert not set(got) & who.received
    assert sum(sizes[c.id, c.under] for c in choice.chosen) <= room
    assert len(got) <= policy.per_issue
    assert all(sum(c.under == topic for c in choice.chosen) <= policy.per_topic for topic in TOPICS)
    assert set(got) | set(choice.passed_over) == {c.id for c in candidates}
    assert not set(got) & set(choice.passed_over)
    assert choice.more == len(choice.no_room)
    assert set(choice.no_room.values()) <= {Reason.TOPIC_FULL, Reason.ISSUE_FULL, Reason.TOO_BIG}
    assert not {Reason.TOPIC_FULL, Reason.ISSUE_FULL, Reason.TOO_BIG} & set(choice.refused.values())


@given(candidates=some_candidates, who=some_readers)
def test_with_room_for_all_nothing_is_ever_lost(candidates: list[Candidate], who: Readers) -> None:
    """Issue after issue, what is new to a reader comes once and then never again."""
    first = chosen_for(who, *candidates, policy=SelectionPolicy(per_topic=99, per_issue=99))
    later = Readers(topics=who.topics, received=who.received | set(ids(first)), first=who.first)

    second = chosen_for(later, *candidates, policy=SelectionPolicy(per_topic=99, per_issue=99))

    assert second.chosen == ()
    assert first.more == 0


@given(candidates=some_candidates, who=some_readers, policy=policies)
def test_what_finds_no_room_comes_next_time(candidates: list[Candidate], who: Readers, policy: SelectionPolicy) -> None:
    """After enough issues every item that was ever offered has come, each once."""
    offered = {c.id for c in chosen_for(who, *candidates, policy=SelectionPolicy(per_topic=99, per_issue=99)).chosen}
    brought: list[ItemId] = []
    for _ in candidates:
        now = Readers(topics=who.topics, received=who.received | set(brought), first=who.first)
        brought += [c.id for c in chosen_for(now, *candidates, policy=policy).chosen]

    assert sorted(brought) == sorted(offered)


def test_lines_of_the_contents_take_room_while_there_is_a_list() -> None:
    """A longer letter has none, so that its room is free again; a note is in no list."""
    items = (candidate(9, pinned=True), *(candidate(n, "carers") for n in range(1, 6)))
    sizes = {(ItemId(9), None): 100} | {(ItemId(n), "carers"): 100 for n in range(1, 6)}
    lines = {ItemId(n): 50 for n in range(1, 6)}

    def chosen(room: int) -> list[int]:
        common = {"topic_order": TOPICS, "window": NOVEMBER, "policy": SelectionPolicy(), "sizes": sizes}
        return ids(choose(items, readers(), lines=lines, most_lines=2, room=room, **common))  # type: ignore[arg-type]

    assert chosen(100 + 2 * 150 - 1) == [9, 1]
    assert chosen(100 + 2 * 150) == [9, 1, 2, 3]
    assert chosen(100 + 5 * 100) == [9, 1, 2, 3, 4, 5]


def test_what_was_forgotten_meanwhile_is_chosen_the_same_again() -> None:
    """An offer remembers only so many cohorts; who comes after them gets what the first got, of the same pieces."""
    candidates = [candidate(n, TOPICS[n % 3]) for n in range(20)]
    sizes = {(c.id, under): 100 for c in candidates for under in (*TOPICS, None)}
    policy = SelectionPolicy()
    offer = Offer(candidates, topic_order=TOPICS, window=NOVEMBER, policy=policy, sizes=sizes, room=PLENTY)
    before = offer.choice(readers("law", received=(1, 2)))

    for number in range(REMEMBERED + 1):
        offer.choice(readers("law", received=(number % 20, number)))
    after = offer.choice(readers("law", received=(1, 2)))

    assert after == before
    assert [id(chosen) for chosen in after.chosen] == [id(chosen) for chosen in before.chosen]
