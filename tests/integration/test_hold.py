"""Held while it goes out: nothing more leaves, and once released exactly the rest does."""

from pathlib import Path

import pytest

from digest.errors import WrongState
from digest.flow.compose import compose
from digest.flow.hold import hold, release
from digest.model.delivery import DeliveryState, Outcome
from digest.storage import outbox, tally, workers
from tests.contract.test_storage_outbox import Ledger
from tests.contract.test_storage_outbox import ledger as ledger
from tests.support.desk import NEWSLETTER, Desk

_S = DeliveryState
ISSUE = f"{NEWSLETTER}/2026-11"


def test_nothing_of_a_held_issue_is_leased(ledger: Ledger) -> None:
    """Nor counts it as due, so that no worker comes back for it again and again."""
    hold(ledger.house, ISSUE)

    assert ledger.lease(ledger.worker()) == []
    assert ledger.do(tally.next_due) == (False, None)


def test_what_was_leased_before_gets_no_marker(ledger: Ledger) -> None:
    """It stops before the next dot; what is withheld waits, and no try is counted."""
    token = ledger.worker()
    flying, leased = ledger.in_flight(token, 2), [duty.id for duty in ledger.lease(token)]
    hold(ledger.house, ISSUE)

    marked = ledger.do(outbox.mark, token, leased)
    ledger.settle(token, leased, Outcome.WITHHELD)
    ledger.settle(token, flying, Outcome.ACCEPTED)

    assert marked == set()
    assert ledger.states() == {_S.ACCEPTED: 2, _S.QUEUED: 3}


def test_released_it_goes_on_with_exactly_the_rest(desk: Desk, tmp_path: Path) -> None:
    """Each reader once, whether held twice or released twice."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(6):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    with desk.house.store.write() as connection:
        token = workers.register(connection)
        ids = [duty.id for duty in outbox.lease(connection, token, limit=2)]
        outbox.mark(connection, token, ids)

    first, again = hold(desk.house, ISSUE), hold(desk.house, ISSUE)
    desk.deliver()
    held = desk.counts("2026-11")
    release(desk.house, ISSUE)
    release(desk.house, ISSUE)
    desk.deliver()

    assert first.held_at == again.held_at is not None
    assert (held[_S.QUEUED], held[_S.ACCEPTED]) == (4, 0)
    assert desk.counts("2026-11")[_S.ACCEPTED] == 4


def test_only_what_goes_out_can_be_held(desk: Desk, tmp_path: Path) -> None:
    """A draft has its own words for that."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    draft = compose(desk.house, NEWSLETTER, period_key="2026-11")[0]

    with pytest.raises(WrongState, match="nothing of it is going out"):
        hold(desk.house, draft.name)
