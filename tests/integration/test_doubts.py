"""Doubts and failures: only a person's word moves them, and each word is kept."""

from pathlib import Path

import pytest
from sqlalchemy import select

from digest.errors import UnknownName, WrongState
from digest.flow.approve import cancel
from digest.flow.doubts import resend, settle
from digest.flow.house import House
from digest.model.delivery import DeliveryId, DeliveryState, Outcome
from digest.storage import tally
from digest.storage.tables import delivery
from tests.contract.test_storage_outbox import Ledger
from tests.contract.test_storage_outbox import ledger as ledger
from tests.support.desk import NEWSLETTER, Desk

_S = DeliveryState
ISSUE = f"{NEWSLETTER}/2026-11"


@pytest.fixture
def doubtful(ledger: Ledger) -> Ledger:
    """Two deliveries in doubt, one failed, one accepted, one in the queue."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 4)
    for these, end in ((ids[:2], Outcome.UNKNOWN), (ids[2:3], Outcome.FAILED), (ids[3:], Outcome.ACCEPTED)):
        ledger.settle(token, these, end)
    assert ledger.states() == {_S.UNKNOWN: 2, _S.FAILED: 1, _S.ACCEPTED: 1, _S.QUEUED: 1}
    return ledger


def reasons(house: House) -> list[str]:
    """What the ledger says beside each delivery."""
    with house.store.read() as connection:
        return list(connection.scalars(select(delivery.c.reason).order_by(delivery.c.id)))


def test_a_doubt_is_sent_again_when_somebody_says_so(doubtful: Ledger) -> None:
    """All of them, or that to one reader; with whose word it was, and with all its tries."""
    one = resend(doubtful.house, ISSUE, _S.UNKNOWN, to=["R0@example.org"], by="Ruth")

    assert one.emails == ("r0@example.org",)
    assert doubtful.states() == {_S.UNKNOWN: 1, _S.FAILED: 1, _S.ACCEPTED: 1, _S.QUEUED: 2}
    assert reasons(doubtful.house)[0] == "sent again by the word of Ruth"
    assert {duty.tries for duty in doubtful.lease(doubtful.worker())} == {0}


def test_what_failed_is_tried_again(doubtful: Ledger) -> None:
    """The doubts stay what they are: a failure certainly did not arrive."""
    decided = resend(doubtful.house, ISSUE, _S.FAILED, by="Ruth")

    assert decided.emails == ("r2@example.org",)
    assert doubtful.states() == {_S.UNKNOWN: 2, _S.ACCEPTED: 1, _S.QUEUED: 2}


@pytest.mark.parametrize(("arrived", "ends"), [(True, _S.ACCEPTED), (False, _S.FAILED)])
def test_a_doubt_is_closed_as_the_log_of_the_mail_server_shows(
    doubtful: Ledger, arrived: bool, ends: DeliveryState
) -> None:
    """Nothing is sent; what was lost counts as no receipt, so that its pieces are offered again."""
    before = doubtful.states()

    settle(doubtful.house, ISSUE, arrived=arrived, by="Ruth")

    after = doubtful.states()
    assert _S.UNKNOWN not in after
    assert after[ends] == before[ends] + 2
    assert doubtful.do(tally.count_waiting) == 1


def test_trying_out_changes_nothing(doubtful: Ledger) -> None:
    """It only says whom it would be about."""
    before = doubtful.states()

    decided = resend(doubtful.house, ISSUE, _S.UNKNOWN, by="Ruth", dry_run=True)
    settle(doubtful.house, ISSUE, arrived=True, by="Ruth", dry_run=True)

    assert decided.emails == ("r0@example.org", "r1@example.org")
    assert doubtful.states() == before


def test_who_is_not_among_them_is_named(doubtful: Ledger) -> None:
    """And nothing is done for the others, as one of the names is a slip."""
    before = doubtful.states()

    with pytest.raises(UnknownName, match=r"to r3@example\.org is unknown"):
        resend(doubtful.house, ISSUE, _S.UNKNOWN, to=["r0@example.org", "r3@example.org"], by="Ruth")

    assert doubtful.states() == before


def test_where_nothing_is_in_doubt_it_says_so(ledger: Ledger) -> None:
    """No silent success."""
    with pytest.raises(UnknownName, match="No delivery of social-care/2026-11 is unknown"):
        settle(ledger.house, ISSUE, arrived=True, by="Ruth")


def test_of_a_cancelled_issue_nothing_is_sent_again(doubtful: Ledger) -> None:
    """Its doubts can still be closed."""
    cancel(doubtful.house, ISSUE)

    with pytest.raises(WrongState, match="nothing of it is sent any more"):
        resend(doubtful.house, ISSUE, _S.UNKNOWN, by="Ruth")
    settle(doubtful.house, ISSUE, arrived=True, by="Ruth")

    assert doubtful.states() == {_S.CANCELLED: 1, _S.FAILED: 1, _S.ACCEPTED: 3}


def test_a_late_250_and_a_persons_word_do_not_get_in_each_others_way(doubtful: Ledger) -> None:
    """Whoever comes second finds no doubt any more."""
    settle(doubtful.house, ISSUE, arrived=False, by="Ruth")
    token = doubtful.worker()
    ids = [DeliveryId(1), DeliveryId(2)]

    doubtful.settle(token, ids, Outcome.ACCEPTED)

    assert doubtful.states()[_S.FAILED] == 3


def test_sent_again_it_is_the_same_message(desk: Desk, tmp_path: Path) -> None:
    """The same Message-ID and Date, so that mailboxes can tell the second from a new one."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    desk.reader("r0@example.org")
    desk.issue("2026-11")
    desk.deliver()
    with desk.house.store.write() as connection:
        connection.execute(delivery.update().values(state=_S.UNKNOWN))

    resend(desk.house, ISSUE, _S.UNKNOWN, by="Ruth")
    desk.deliver()

    transport = desk.house.transport()
    first, second = transport.kept  # type: ignore[attr-defined]
    assert first.message == second.message


def test_whom_a_later_issue_has_brought_it_gets_it_no_second_time(desk: Desk, tmp_path: Path) -> None:
    """What failed in one month is offered again in the next: sent again, only those who have not had it get it."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-10-20"})
    for name in ("early", "late"):
        desk.reader(f"{name}@example.org")
    desk.issue("2026-10")
    october = f"{NEWSLETTER}/2026-10"
    with desk.house.store.write() as connection:
        connection.execute(delivery.update().values(state=_S.FAILED))
    resend(desk.house, october, _S.FAILED, to=["early@example.org"], by="Ruth")
    desk.deliver()
    with desk.house.store.write() as connection:
        connection.execute(delivery.update().values(state=_S.FAILED))
        connection.execute(delivery.update().where(delivery.c.id == 1).values(state=_S.ACCEPTED))
    desk.write_items(tmp_path, {"title": "A rota", "published_at": "2026-11-02"})
    desk.issue("2026-11")

    tried_out = resend(desk.house, october, _S.FAILED, by="Ruth", dry_run=True)
    decided = resend(desk.house, october, _S.FAILED, by="Ruth")

    assert decided == tried_out
    assert (decided.emails, decided.passed_over) == ((), ("late@example.org",))
    assert desk.counts("2026-10")[_S.FAILED] == 1
