"""Two who change the same at one moment: what both were told afterwards holds. SQLite has one writer at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from digest.flow import approve as approving
from digest.flow import publish as publishing
from digest.flow import purge
from digest.flow.approve import Wishes, approve, cancel, curate
from digest.flow.compose import compose
from digest.flow.doubts import resend
from digest.flow.publish import publish
from digest.model.delivery import DeliveryState, Outcome
from digest.model.issue import IssueState
from digest.storage import again, issues, outbox, stopping, workers
from digest.storage.tables import delivery
from tests.contract.test_storage_outbox import Ledger
from tests.contract.test_storage_outbox import ledger as ledger
from tests.support.desk import NEWSLETTER, Desk

_S = DeliveryState
OCTOBER, NOVEMBER = f"{NEWSLETTER}/2026-10", f"{NEWSLETTER}/2026-11"


@pytest.fixture(autouse=True)
def many_writers(desk: Desk) -> None:
    """Two at once, which is what this is about."""
    if desk.house.store.embedded:
        pytest.skip("one writer at a time")


@contextmanager
def beside(verb: Callable[..., Any], *args: Any, **how: Any) -> Iterator[list[Any]]:
    """Somebody else does something meanwhile; what it came to is told, a mistake too."""
    came_to: list[Any] = []

    def run() -> None:
        try:
            came_to.append(verb(*args, **how))
        except Exception as error:
            came_to.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield came_to
    thread.join(20)
    assert not thread.is_alive()


def slowly(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> threading.Event:
    """Let a function take half a second after it is done; the event tells that it is."""
    real, done = getattr(where, name), threading.Event()

    def slow(*args: Any, **how: Any) -> Any:
        made = real(*args, **how)
        done.set()
        time.sleep(0.5)
        return made

    monkeypatch.setattr(where, name, slow)
    return done


def test_what_is_put_off_while_its_issue_is_cancelled_is_closed(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one saw it in flight, the other saw the issue out: the next sweep closes what is left in the queue."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 1)
    cancelled = slowly(monkeypatch, stopping, "cancel")

    with beside(cancel, ledger.house, NOVEMBER):
        assert cancelled.wait(10)
        ledger.settle(token, ids, Outcome.DEFERRED)
    ledger.do(workers.sweep)

    assert ledger.states() == {_S.CANCELLED: 5}


def test_nothing_is_sent_again_of_an_issue_that_is_just_cancelled(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes first is heard; the other waits for it."""
    token = ledger.worker()
    ledger.settle(token, ledger.in_flight(token, 1), Outcome.FAILED)
    looked = slowly(monkeypatch, again, "had_since")

    with beside(resend, ledger.house, NOVEMBER, _S.FAILED, by="Ruth"):
        assert looked.wait(10)
        cancel(ledger.house, NOVEMBER)

    assert ledger.states() == {_S.CANCELLED: 5}


def test_what_is_sent_again_is_not_offered_by_an_issue_that_is_just_made(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two brings it: here the issue, so that nothing is sent again."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-10-20"})
    desk.reader("r0@example.org")
    desk.issue("2026-10")
    with desk.house.store.write() as connection:
        connection.execute(update(delivery).values(state=_S.FAILED))
    name = compose(desk.house, NEWSLETTER, period_key="2026-11")[0].name
    approve(desk.house, name, by="Ruth")
    chosen = slowly(monkeypatch, publishing, "must_pass")

    with beside(publish, desk.house, name):
        assert chosen.wait(10)
        decided = resend(desk.house, OCTOBER, _S.FAILED, by="Ruth")
    desk.deliver()

    assert (decided.emails, decided.passed_over) == ((), ("r0@example.org",))
    assert desk.received("r0@example.org") == ["Carers at work"]


def test_an_erasure_and_a_marker_do_not_wait_for_each_other(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lock the subscription first, then its delivery."""
    token = ledger.worker()
    ids = [duty.id for duty in ledger.lease(token)]
    erased = slowly(monkeypatch, outbox, "of_reader")

    with beside(purge.erase, ledger.house, "r0@example.org", channel="cli") as came_to:
        assert erased.wait(10)
        marked = ledger.do(outbox.mark, token, ids)

    assert came_to == [None]
    assert len(marked) == 4


def test_an_approval_is_not_of_what_is_just_being_changed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes first, as it began first: whoever approves then is told of a draft that stands."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    desk.reader("r0@example.org")
    name = compose(desk.house, NEWSLETTER, period_key="2026-11")[0].name
    looked = slowly(monkeypatch, approving, "_must_not_be_both")
    with beside(curate, desk.house, name, Wishes(subject="A new one")):
        assert looked.wait(10)
        approve(desk.house, name, by="Ruth")
        with desk.house.store.read() as connection:
            seen = issues.find(connection, name)

    assert (seen.state, seen.subject) == (IssueState.APPROVED, "A new one")
