"""The tables of moves: each is whole, and what is drawn can be reached."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from digest.errors import WrongState
from digest.model import delivery, issue
from digest.model.cadence import Cadence, period_of
from digest.model.delivery import NO_RECEIPT, DeliveryState
from digest.model.issue import FROZEN, Issue, IssueId, IssueState
from subscribers import consent
from subscribers.consent import SubscriptionState

TABLES = {
    "delivery": (delivery.MOVES, DeliveryState, DeliveryState.QUEUED),
    "issue": (issue.MOVES, IssueState, IssueState.DRAFT),
    "subscription": (consent.MOVES, SubscriptionState, SubscriptionState.PENDING),
}


def reached(moves: Mapping[StrEnum, Iterable[StrEnum]], begin: StrEnum) -> set[StrEnum]:
    """All states that moves lead to from where things begin."""
    found, open_ends = {begin}, [begin]
    while open_ends:
        new = set(moves[open_ends.pop()]) - found
        found |= new
        open_ends += new
    return found


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_in_the_table_and_can_be_reached(name: str) -> None:
    """A state without a row would be a state nobody thought of."""
    moves, states, begin = TABLES[name]

    assert set(moves) == set(states)
    assert reached(moves, begin) == set(states)
    assert all(state not in goals for state, goals in moves.items())


def test_what_is_over_stays_over() -> None:
    """Nothing leaves these states; a failed delivery may be queued again by an operator."""
    final = {state for state, goals in delivery.MOVES.items() if not goals}

    assert final == {
        DeliveryState.BOUNCED,
        DeliveryState.COMPLAINED,
        DeliveryState.SUPPRESSED,
        DeliveryState.CANCELLED,
        DeliveryState.EXPIRED,
    }
    assert {state for state, goals in issue.MOVES.items() if not goals} == {IssueState.EMPTY, IssueState.CANCELLED}


def test_nothing_that_may_have_arrived_goes_back_to_the_queue_by_itself() -> None:
    """From in flight only a server's “not now” leads back; what came back or was refused counts as it did."""
    assert DeliveryState.QUEUED not in delivery.MOVES[DeliveryState.ACCEPTED]
    assert DeliveryState.LEASED not in delivery.MOVES[DeliveryState.IN_FLIGHT]
    assert DeliveryState.UNKNOWN not in NO_RECEIPT
    assert not {DeliveryState.ACCEPTED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED} & NO_RECEIPT


def test_who_has_left_becomes_active_only_by_a_fresh_yes() -> None:
    """From ended there is one way, and it leads to pending."""
    assert consent.MOVES[SubscriptionState.ENDED] == {SubscriptionState.PENDING}


def issue_in(state: IssueState) -> Issue:
    """An issue of November 2026."""
    return Issue(
        id=IssueId(1),
        newsletter="news",
        period=period_of(Cadence.MONTHLY, date(2026, 11, 1)),
        state=state,
        number=1,
        title="",
        subject="",
        intro="",
        composed_at=datetime(2026, 11, 1, tzinfo=UTC),
        approved_at=None,
        approved_by="",
        frozen_at=None,
        expected=None,
    )


@pytest.mark.parametrize("state", IssueState)
def test_a_move_that_is_not_in_the_table_is_refused_with_what_to_do(state: IssueState) -> None:
    """In one line: what it is called, how it stands, what would help."""
    for goal in set(IssueState) - issue.MOVES[state]:
        with pytest.raises(WrongState) as refused:
            issue_in(state).must_allow(goal)
        stands = "still a draft" if state is IssueState.DRAFT else state
        assert f"news/2026-11 is {stands} and cannot become {goal}." in str(refused.value)
        assert refused.value.remedy


def test_a_frozen_issue_never_thaws() -> None:
    """Its readers have it."""
    assert all(issue.MOVES[state] <= FROZEN for state in FROZEN)
