"""Meanwhile: what people do while their letter is on its way, and what is then written down of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from digest.flow import person
from digest.flow.approve import cancel
from digest.flow.doubts import resend, settle
from digest.flow.enrol import people
from digest.flow.feedback import suppress_refused
from digest.flow.hold import hold
from digest.flow.house import House
from digest.flow.mail_returns import hear
from digest.flow.purge import erase
from digest.flow.returns import Returns
from digest.flow.watch import Watch
from digest.model.delivery import About, Attempt, DeliveryState, Handover, Outcome, Phase
from digest.storage import outbox, settlement, stopping
from digest.storage.clock import database_now
from digest.storage.notice_tables import notice
from digest.storage.tables import attempt, delivery
from subscribers import directory
from subscribers.tables import suppression
from subscribers.tokens import Purpose
from tests.conftest import StandingClock
from tests.contract.test_storage_outbox import RETRY, Ledger
from tests.contract.test_storage_outbox import ledger as ledger
from tests.support.bounces import notification
from tests.support.desk import NEWSLETTER

_S = DeliveryState
ISSUE, READER, ELSEWHERE = f"{NEWSLETTER}/2026-11", "r0@example.org", "elsewhere@example.org"
SAID = f"550 5.1.1 <{READER}> no such user"
GONE = Handover(
    outcome=Outcome.FAILED,
    phase=Phase.RCPT,
    reply_code=550,
    enhanced_code="5.1.1",
    diagnostic=SAID,
    about=About.READER,
)


def said(ledger: Ledger) -> str:
    """All words of servers that are kept."""
    with ledger.house.store.read() as connection:
        kept = [*connection.scalars(select(attempt.c.diagnostic)), *connection.scalars(select(delivery.c.reason))]
    return " ".join(kept)


def with_returns(house: House) -> House:
    """Letters come back to us."""
    mail = house.settings.mail.model_copy(update={"bounce_domain": "b.example.org"})
    return replace(house, settings=house.settings.model_copy(update={"mail": mail}))


def move(house: House) -> None:
    """Our reader is written to elsewhere from now on."""
    with house.store.read() as connection:
        (held,) = directory.of_reader(connection, house.keys, READER)
        they = person.find(house, connection, house.keys.token(Purpose.PERSON, held.subscriber_id))
    person.ask_new_address(house, they, ELSEWHERE)
    with house.store.read() as connection:
        number = connection.scalar(select(notice.c.id).order_by(notice.c.id.desc()))
    assert number is not None
    person.move(house, house.keys.token(Purpose.ADDRESS, number))


def suppressed(ledger: Ledger) -> int:
    """How many may not be written to."""
    with ledger.house.store.read() as connection:
        return len(connection.scalars(select(suppression.c.id)).all())


def test_a_letter_that_is_about_to_leave_goes_where_its_reader_has_moved(ledger: Ledger) -> None:
    """Leased with the address of a moment ago: it may not go, and is leased anew with the new one."""
    token = ledger.worker()
    duties = ledger.lease(token)

    move(ledger.house)
    marked = ledger.do(outbox.mark, token, [duty.id for duty in duties])
    again = ledger.lease(token)

    assert marked == {duty.id for duty in duties if duty.email != READER}
    assert [duty.email for duty in again] == [ELSEWHERE]


def test_a_refusal_of_the_former_address_says_nothing_of_the_new_one(ledger: Ledger, clock: StandingClock) -> None:
    """Their mailbox closed, so they moved: the letter to the old one comes back, at once or days later."""
    token = ledger.worker()
    first, second = ledger.in_flight(token, 2)
    ledger.settle(token, [first], Outcome.ACCEPTED)
    clock.at = datetime.now(UTC)
    move(ledger.house)

    house, at = with_returns(ledger.house), datetime.now(UTC)
    hear(house, notification(Returns.of(house).envelope_sender(first), said=SAID))
    late = [Attempt(delivery_id=second, started_at=at, ended_at=at, handover=GONE)]
    ledger.do(settlement.settle, token, late, RETRY)
    ledger.do(suppress_refused(house), late)

    assert ledger.rows(delivery.c.state)[:2] == [(_S.BOUNCED,), (_S.FAILED,)]
    assert suppressed(ledger) == 1  # of the second, who has not moved


@pytest.mark.parametrize("end", [GONE, GONE._replace(outcome=Outcome.DEFERRED)], ids=["refused", "put off"])
def test_who_is_erased_while_their_letter_is_out_is_not_named_by_its_answer(ledger: Ledger, end: Handover) -> None:
    """Servers repeat the address; what they say of others is kept."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 2)
    erase(ledger.house, READER, channel="cli")

    ledger.settle(token, ids[:1], end)
    ledger.settle(token, ids[1:], end._replace(diagnostic="550 of another"))

    assert READER not in said(ledger)
    assert "of another" in said(ledger)


def test_who_is_erased_is_not_named_by_a_letter_that_comes_back(ledger: Ledger) -> None:
    """Days later."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 1)
    ledger.settle(token, ids, Outcome.ACCEPTED)
    erase(ledger.house, READER, channel="cli")

    house = with_returns(ledger.house)
    hear(house, notification(Returns.of(house).envelope_sender(ids[0]), said=SAID))

    assert ledger.rows(delivery.c.state)[0] == (_S.BOUNCED,)
    assert READER not in said(ledger)


def test_a_doubt_over_who_is_erased_can_be_closed(ledger: Ledger) -> None:
    """It cannot be sent again; whether it arrived can be said."""
    token = ledger.worker()
    ledger.settle(token, ledger.in_flight(token, 1), Outcome.UNKNOWN)
    erase(ledger.house, READER, channel="cli")

    decided = settle(ledger.house, ISSUE, arrived=True, by="Ruth")

    assert decided.emails == ("erased",)
    assert _S.UNKNOWN not in ledger.states()


def test_nothing_is_sent_again_to_who_has_left(ledger: Ledger) -> None:
    """The doubt stays one: the first copy may have arrived."""
    token = ledger.worker()
    ledger.settle(token, ledger.in_flight(token, 2), Outcome.UNKNOWN)
    with ledger.house.store.write() as connection:
        people(ledger.house, connection).unsubscribe(READER)

    decided = resend(ledger.house, ISSUE, _S.UNKNOWN, by="Ruth")

    assert (decided.emails, decided.gone) == (("r1@example.org",), (READER,))
    assert ledger.states() == {_S.UNKNOWN: 1, _S.QUEUED: 4}


def test_what_was_cancelled_is_not_shown_as_accepted(ledger: Ledger) -> None:
    """Whoever looks on counts anew once an issue goes out no more, however long a count takes."""
    seconds = iter(range(1000))
    watch = Watch(ledger.house, ISSUE, now=lambda: float(next(seconds)))
    ledger.in_flight(ledger.worker(), 1)
    watch.look()

    cancel(ledger.house, ISSUE)

    counts = watch.look().counts
    assert (counts[_S.ACCEPTED], counts[_S.CANCELLED]) == (0, 4)


def test_what_is_cancelled_is_held_no_more(ledger: Ledger) -> None:
    """Nothing of it can be let go on."""
    hold(ledger.house, ISSUE)

    issue, _ = cancel(ledger.house, ISSUE)

    assert issue.held_at is None


def test_one_that_was_sent_again_hides_no_old_news(ledger: Ledger) -> None:
    """It is due before those that were put off, and has waited for a moment."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 1)
    ledger.settle(token, ids, Outcome.FAILED)
    others = update(delivery).where(delivery.c.id != ids[0])
    put_off = others.values(queued_at=database_now(-timedelta(hours=300)), not_before=database_now(timedelta(hours=1)))
    ledger.do(lambda connection: connection.execute(put_off))

    resend(ledger.house, ISSUE, _S.FAILED, by="Ruth")

    assert ledger.do(stopping.expire, older_than=timedelta(hours=240)) == 4
