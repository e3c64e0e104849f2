"""Readers leave and editors change their minds while an issue goes out: at most what is past the marker still comes."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from digest.flow.approve import cancel
from digest.flow.enrol import people
from digest.flow.feedback import leave_together
from digest.flow.hold import hold, release
from digest.flow.house import House
from digest.flow.letters import Letters
from digest.flow.mail_returns import hear
from digest.flow.returns import Returns
from digest.model.delivery import Attempt, DeliveryId, DeliveryState, Handover, Outcome, Phase
from digest.storage import notices, workers
from digest.storage.notice_tables import notice
from digest.storage.outbox import Duty, RetryPolicy
from digest.storage.tables import delivery
from subscribers.suppression import SuppressionReason
from subscribers.tables import newsletter
from subscribers.tokens import Purpose
from tests.faults.test_database import deliver_some, letter_to, when_taken
from tests.integration.test_letters_come_back import notification
from tests.support.trial import ISSUE, READERS, Trial, reader

_S = DeliveryState
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize("how", ["unsubscribes", "suppressed", "one click, five times"])
def test_42_leaving_between_lease_and_marker(trial: Trial, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Asked again with the marker: not sent, and told why; done five times is done once."""
    leaver = reader(trial.chance.randrange(READERS))
    token = trial.house.keys.token(Purpose.UNSUBSCRIBE, trial.ledger(delivery.c.subscription_id)[leaver])
    made = Letters.unsigned

    def leave() -> None:
        if how.startswith("one click"):
            for _ in range(5):
                clicked = trial.house.keys.read(Purpose.UNSUBSCRIBE, token)
                leave_together(trial.house, [clicked], channel="one-click")
            return
        with trial.house.store.write() as connection:
            verbs = people(trial.house, connection)
            verbs.unsubscribe(leaver) if how == "unsubscribes" else verbs.suppress(leaver, SuppressionReason.COMPLAINED)

    def then_leave(self: Letters, duty: Duty, variant):  # type: ignore[no-untyped-def]
        if duty.email == leaver:
            leave()
        return made(self, duty, variant)

    monkeypatch.setattr(Letters, "unsigned", then_leave)
    trial.deliver()

    assert leaver not in trial.chaos.recipients()
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.SUPPRESSED: 1}
    trial.check(barred=[leaver])


@on_sqlite
def test_42_a_bounce_before_the_outcome_many_times_and_out_of_order(trial: Trial) -> None:
    """Told five times before the 250 is written down, and of a delay after that: applied once, and for good."""
    recipient = reader(trial.chance.randrange(READERS))
    house = with_bounces(trial.house)
    letter = letter_to(trial, recipient)
    with house.store.write() as connection:
        token = workers.register(connection)
        [duty] = notices.lease(connection, token, limit=5)
        notices.mark(connection, token, [duty.id])

    to = Returns.of(house).notice_sender(letter)
    heard = [hear(house, notification(to)).bounced for _ in range(5)]
    late = hear(house, notification(to, action="delayed", status="4.4.1")).bounced
    with house.store.write() as connection:
        notices.settle(connection, token, [accepted(letter)], RetryPolicy(attempts=3, first_wait=timedelta(minutes=5)))

    assert (heard, late) == ([True, False, False, False, False], False)
    with house.store.read() as connection:
        assert connection.scalars(select(notice.c.state)).all() == [_S.BOUNCED]
    assert trial.suppressed() == [recipient]
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.SUPPRESSED: 1}
    trial.check(barred=[recipient])


def with_bounces(house: House) -> House:
    """The house, with a domain to which letters come back."""
    mail = house.settings.mail.model_copy(update={"bounce_domain": "b.example.org"})
    return replace(house, settings=house.settings.model_copy(update={"mail": mail}))


def accepted(letter: DeliveryId) -> Attempt:
    """That a mail server took it."""
    at = datetime.now(UTC)
    taken = Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, reply_code=250)
    return Attempt(delivery_id=letter, started_at=at, ended_at=at, handover=taken)


def test_43_changed_while_it_goes_out(trial: Trial) -> None:
    """What was frozen is what all get; a change counts for the next issue."""
    trial.chaos.sink.delay = 0.02
    deliver_some(trial, 3)
    trial.chaos.sink.delay = 0.0
    trial.desk.write_items(
        trial.folder, {"title": "Changed", "published_at": "2026-11-03", "topics": ["carers", "law"]}
    )
    with trial.house.store.write() as connection:
        connection.execute(update(newsletter).values(name="Another name"))
    trial.finish()

    assert not any(b"Changed" in each.message or b"Another name" in each.message for each in trial.chaos.received)
    trial.check()


@pytest.mark.parametrize("what", ["hold", "cancel"])
def test_44_held_or_cancelled_while_it_goes_out(trial: Trial, what: str) -> None:
    """It stops before the next marker; released, exactly the rest goes."""
    trial.chaos.sink.delay = 0.05
    run = threading.Thread(target=trial.deliver)
    run.start()
    when_taken(trial, trial.chance.randint(1, 4))
    hold(trial.house, ISSUE) if what == "hold" else cancel(trial.house, ISSUE)
    run.join()
    trial.chaos.sink.delay = 0.0
    stood = trial.chaos.recipients()
    trial.deliver()
    still = trial.chaos.recipients()
    if what == "hold":
        release(trial.house, ISSUE)
    trial.finish()

    assert 1 <= len(stood) == len(still) < READERS
    assert len(trial.chaos.recipients()) == (READERS if what == "hold" else len(stood))
    assert _S.UNKNOWN not in trial.counts()
    trial.check()
