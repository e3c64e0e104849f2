"""The outbox on both databases: whose a delivery is, where it may go, and that the sum always holds."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, func, select, text, update

from digest.errors import OutboxBusy
from digest.flow.approve import cancel
from digest.flow.enrol import people
from digest.flow.house import House
from digest.flow.publish import Published
from digest.model.delivery import Attempt, DeliveryId, DeliveryState, Handover, Outcome, Phase
from digest.storage import lock, outbox, settlement, stopping, tally, workers
from digest.storage.clock import database_now
from digest.storage.outbox import LONGEST_WAIT, Duty, RetryPolicy
from digest.storage.tables import attempt, delivery, worker
from digest.storage.workers import Recovery
from subscribers import directory
from subscribers.suppression import SuppressionReason
from tests.support.desk import Desk

_S = DeliveryState
_T = TypeVar("_T")
READERS = 5
RETRY = RetryPolicy(attempts=3, first_wait=timedelta(minutes=5))
ENDS = {
    Outcome.ACCEPTED: Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, reply_code=250),
    Outcome.DEFERRED: Handover(outcome=Outcome.DEFERRED, phase=Phase.DOT, reply_code=451, diagnostic="not now"),
    Outcome.FAILED: Handover(outcome=Outcome.FAILED, phase=Phase.DOT, reply_code=554, diagnostic="no"),
    Outcome.UNKNOWN: Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT),
    Outcome.WITHHELD: Handover(outcome=Outcome.WITHHELD, phase=Phase.DATA),
}


@dataclass(frozen=True)
class Ledger:
    """One published issue and its deliveries, each verb in a transaction of its own."""

    house: House
    published: Published

    def do(self, verb: Callable[..., _T], *args: Any, **how: Any) -> _T:
        """One verb, one transaction."""
        with self.house.store.write() as connection:
            return verb(connection, *args, **how)

    def worker(self) -> str:
        """Somebody who delivers."""
        return self.do(workers.register)

    def lease(self, token: str, limit: int = READERS) -> list[Duty]:
        """What they take."""
        return self.do(outbox.lease, token, limit=limit)

    def in_flight(self, token: str, limit: int = READERS) -> list[DeliveryId]:
        """What they have taken and marked."""
        ids = [duty.id for duty in self.lease(token, limit)]
        assert self.do(outbox.mark, token, ids) == set(ids)
        return ids

    def settle(
        self, token: str, ids: Sequence[DeliveryId], end: Outcome | Handover, retry: RetryPolicy = RETRY
    ) -> None:
        """Write down that all of these ended so."""
        handover = ENDS[end] if isinstance(end, Outcome) else end
        at = datetime.now(UTC)
        made = [Attempt(delivery_id=i, started_at=at, ended_at=at, handover=handover) for i in ids]
        self.do(settlement.settle, token, made, retry)

    def states(self) -> dict[DeliveryState, int]:
        """How many are where; the sum is checked each time."""
        with self.house.store.read() as connection:
            counts = tally.counts(connection, self.published.issue.id)
        assert sum(counts.values()) == self.published.issue.expected == READERS
        return {state: count for state, count in counts.items() if count}

    def rows(self, *columns: Any) -> list[Any]:
        """Columns of all deliveries, in order."""
        with self.house.store.read() as connection:
            return list(connection.execute(select(*columns).order_by(delivery.c.id)))

    def due_at_once(self) -> None:
        """Let the wait of all that were deferred be over."""
        self.do(lambda connection: connection.execute(update(delivery).values(not_before=database_now())))

    def silent_since(self, token: str, seconds: float) -> None:
        """Let a worker's last beat lie back."""
        beat = database_now(timedelta(seconds=-seconds))
        this = worker.c.token == token
        self.do(lambda connection: connection.execute(update(worker).where(this).values(beat_at=beat)))


@pytest.fixture
def ledger(desk: Desk, tmp_path: Path) -> Ledger:
    """Five deliveries in the queue."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(READERS):
        desk.reader(f"r{number}@example.org")
    return Ledger(desk.house, desk.issue("2026-11"))


def test_publishing_fills_the_queue(ledger: Ledger) -> None:
    """By the clock that workers ask, whatever the clock of whoever published says."""
    ages = ledger.rows(delivery.c.queued_at, delivery.c.not_before)

    assert ledger.states() == {_S.QUEUED: READERS}
    assert all(abs(datetime.now(UTC) - at) < timedelta(minutes=1) for row in ages for at in row)


def test_a_lease_is_one_workers_alone(ledger: Ledger) -> None:
    """What one has taken, another does not get; nor the same one twice."""
    one, two = ledger.worker(), ledger.worker()

    first, second, third = ledger.lease(one, 3), ledger.lease(two, 3), ledger.lease(one, 3)

    assert (len(first), len(second), third) == (3, 2, [])
    assert not {d.id for d in first} & {d.id for d in second}
    assert ledger.states() == {_S.LEASED: READERS}


def test_a_reader_who_is_suppressed_keeps_nobody_else_from_a_lease(ledger: Ledger) -> None:
    """Theirs is closed on the way; the other four are taken."""
    with ledger.house.store.write() as connection:
        people(ledger.house, connection).suppress("r1@example.org", SuppressionReason.BOUNCED)

    taken = [duty.email for duty in ledger.lease(ledger.worker())]

    assert taken == ["r0@example.org", "r2@example.org", "r3@example.org", "r4@example.org"]
    assert ledger.states() == {_S.LEASED: 4, _S.SUPPRESSED: 1}


def test_workers_that_lease_at_once_never_share(ledger: Ledger) -> None:
    """Four at the same moment, two at a time: every delivery to one of them, none to two."""
    start, taken = threading.Barrier(4), []

    def work(token: str) -> None:
        start.wait()
        while duties := ledger.lease(token, 2):
            assert len(duties) <= 2
            taken.extend(duty.id for duty in duties)

    threads = [threading.Thread(target=work, args=(ledger.worker(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == READERS


def test_a_lease_takes_no_more_than_its_limit_however_it_is_planned(ledger: Ledger) -> None:
    """Not even where the database would ask for what is due once for each row."""
    token = ledger.worker()

    def lease(connection: Connection) -> list[Duty]:
        if not ledger.house.store.embedded:
            for off in ("enable_hashjoin", "enable_hashagg", "enable_sort", "enable_material"):
                connection.execute(text(f"SET LOCAL {off} = off"))
        return outbox.lease(connection, token, limit=2)

    assert len(ledger.do(lease)) == 2


def test_a_duty_holds_what_a_letter_needs(ledger: Ledger) -> None:
    """And a Date that is the same in every attempt."""
    token = ledger.worker()
    (duty,) = ledger.lease(token, 1)
    ledger.do(outbox.give_back, token, [duty.id])

    (again,) = ledger.lease(token, 1)

    assert again == duty
    assert (duty.email, duty.topics, duty.cadence, duty.tries) == ("r0@example.org", "null", "monthly", 0)
    assert duty.since == ledger.house.clock.now()


def test_only_whose_lease_it_is_may_mark(ledger: Ledger) -> None:
    """Compare-and-set: a foreign token moves nothing, a second mark of one's own neither."""
    one, two = ledger.worker(), ledger.worker()
    ids = [duty.id for duty in ledger.lease(one)]

    foreign, own, again = (ledger.do(outbox.mark, token, ids) for token in (two, one, one))

    assert (foreign, own, again) == (set(), set(ids), set())
    assert ledger.states() == {_S.IN_FLIGHT: READERS}


def test_only_whose_lease_it_is_may_settle(ledger: Ledger) -> None:
    """Whatever a stranger says became of a delivery, it stays where it is."""
    one, two = ledger.worker(), ledger.worker()
    ids = ledger.in_flight(one)

    for end in Outcome:
        ledger.settle(two, ids, end)

    assert ledger.states() == {_S.IN_FLIGHT: READERS}


def test_a_mark_asks_once_more_whether_the_reader_may_be_written_to(ledger: Ledger) -> None:
    """Left, suppressed everywhere, suppressed for this newsletter, paused: between the lease and the dot."""
    token = ledger.worker()
    ids = [duty.id for duty in ledger.lease(token)]
    with ledger.house.store.write() as connection:
        verbs = people(ledger.house, connection)
        verbs.unsubscribe("r0@example.org")
        verbs.suppress("r1@example.org", SuppressionReason.BOUNCED)
        verbs.suppress("r2@example.org", SuppressionReason.COMPLAINED, scope="social-care")
        (held,) = directory.of_reader(connection, ledger.house.keys, "r3@example.org")
        verbs.pause(held, datetime.now(UTC) + timedelta(days=30))

    marked = ledger.do(outbox.mark, token, ids)
    ledger.settle(token, ids[:4], Outcome.WITHHELD)

    assert marked == {ids[4]}
    assert ledger.states() == {_S.SUPPRESSED: 4, _S.IN_FLIGHT: 1}
    assert {row.reason for row in ledger.rows(delivery.c.reason)} == {"", "the reader left, paused or is suppressed"}


def test_whoever_left_before_the_lease_is_not_even_taken(ledger: Ledger) -> None:
    """No mail server hears their address; the others come all the same."""
    with ledger.house.store.write() as connection:
        people(ledger.house, connection).unsubscribe("r0@example.org")

    duties = ledger.lease(ledger.worker(), 1)

    assert [duty.email for duty in duties] == ["r1@example.org"]
    assert ledger.states()[_S.SUPPRESSED] == 1


def test_a_cancelled_issue_is_not_marked(ledger: Ledger) -> None:
    """What is leased is closed with it; what is in flight keeps its way."""
    token = ledger.worker()
    flying, leased = ledger.in_flight(token, 2), [duty.id for duty in ledger.lease(token, 2)]

    _, stopped = cancel(ledger.house, "social-care/2026-11")
    marked = ledger.do(outbox.mark, token, leased)
    ledger.settle(token, leased, Outcome.WITHHELD)
    ledger.settle(token, flying, Outcome.ACCEPTED)

    assert (stopped, marked) == (3, set())
    assert ledger.states() == {_S.CANCELLED: 3, _S.ACCEPTED: 2}
    assert ledger.lease(token) == []


def test_what_comes_back_from_the_flight_of_a_cancelled_issue_is_cancelled_too(ledger: Ledger) -> None:
    """“Not now” would put it into a queue that nobody serves any more."""
    token = ledger.worker()
    flying = ledger.in_flight(token, 2)
    cancel(ledger.house, "social-care/2026-11")

    ledger.settle(token, flying, Outcome.DEFERRED)

    assert ledger.states() == {_S.CANCELLED: READERS}


def test_many_ends_at_once_find_their_own(ledger: Ledger) -> None:
    """One commit for all connections: each counts as a try of its own delivery, with the server's words."""
    token = ledger.worker()
    ids = ledger.in_flight(token)
    at = datetime.now(UTC)
    ends = [Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.DEFERRED]
    made = [
        Attempt(delivery_id=i, started_at=at, ended_at=at, handover=ENDS[end]) for i, end in zip(ids, ends, strict=True)
    ]

    ledger.do(settlement.settle, token, made, RETRY)

    with ledger.house.store.read() as connection:
        kept = connection.execute(select(attempt).order_by(attempt.c.delivery_id)).all()
    assert [tuple(row) for row in ledger.rows(delivery.c.state, delivery.c.tries)] == [
        (_S.ACCEPTED, 1),
        (_S.QUEUED, 1),
        (_S.FAILED, 1),
        (_S.UNKNOWN, 1),
        (_S.QUEUED, 1),
    ]
    assert [(a.delivery_id, a.outcome, a.reply_code, a.diagnostic) for a in kept] == [
        (i, end, ENDS[end].reply_code, ENDS[end].diagnostic) for i, end in zip(ids, ends, strict=True)
    ]
    assert ledger.states() == {_S.ACCEPTED: 1, _S.QUEUED: 2, _S.FAILED: 1, _S.UNKNOWN: 1}


def test_a_refusal_before_the_dot_ends_a_lease_as_well(ledger: Ledger) -> None:
    """5yz at RCPT fails it, 4yz at RCPT defers it; neither was ever in flight."""
    token = ledger.worker()
    ids = [duty.id for duty in ledger.lease(token, 2)]

    ledger.settle(token, ids[:1], Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550))
    ledger.settle(token, ids[1:], Handover(outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=450))

    assert ledger.states() == {_S.FAILED: 1, _S.QUEUED: 4}


def test_nothing_is_accepted_that_was_never_marked(ledger: Ledger) -> None:
    """A 250 without a marker before it would be a lie of ours."""
    token = ledger.worker()
    ids = [duty.id for duty in ledger.lease(token)]

    ledger.settle(token, ids, Outcome.ACCEPTED)

    assert ledger.states() == {_S.LEASED: READERS}


def test_the_deferred_wait_longer_each_time_and_then_have_failed(ledger: Ledger) -> None:
    """Five minutes, ten, then no more: three tries are three tries."""
    token = ledger.worker()
    waits = []
    for _ in range(RETRY.attempts - 1):
        ids = ledger.in_flight(token)
        ledger.settle(token, ids, Outcome.DEFERRED)
        assert ledger.lease(token) == []
        with ledger.house.store.read() as connection:
            soonest, latest, now = connection.execute(
                select(func.min(delivery.c.not_before), func.max(delivery.c.not_before), database_now())
            ).one()
        waits.append((soonest - now, latest - now))
        ledger.due_at_once()
    ledger.settle(token, ledger.in_flight(token), Outcome.DEFERRED)

    minutes = [(low / timedelta(minutes=1), high / timedelta(minutes=1)) for low, high in waits]
    assert 4.9 <= minutes[0][0] <= minutes[0][1] <= 6.25
    assert 9.9 <= minutes[1][0] <= minutes[1][1] <= 12.5
    assert ledger.states() == {_S.FAILED: READERS}
    assert set(ledger.rows(delivery.c.tries, delivery.c.reason)) == {(3, "not now")}


def test_no_wait_is_longer_than_six_hours_but_for_its_jitter() -> None:
    """However often it was tried; and no two wait the same."""
    policy = RetryPolicy(attempts=99, first_wait=timedelta(minutes=5))

    waits = {policy.wait(tries) for tries in (7, 20, 60)}

    assert all(LONGEST_WAIT <= wait <= LONGEST_WAIT * 1.25 for wait in waits)
    assert len(waits) == 3


def test_a_lease_that_is_given_back_does_not_count_as_a_try(ledger: Ledger) -> None:
    """Nothing was handed over; a stranger cannot give it back."""
    one, two = ledger.worker(), ledger.worker()
    ids = [duty.id for duty in ledger.lease(one)]

    ledger.do(outbox.give_back, two, ids)
    still = ledger.states()
    ledger.do(outbox.give_back, one, ids)

    assert (still, ledger.states()) == ({_S.LEASED: READERS}, {_S.QUEUED: READERS})
    assert set(ledger.rows(delivery.c.tries, delivery.c.lease_token)) == {(0, None)}


def test_the_dead_leave_their_leases_to_others_and_their_flights_in_doubt(ledger: Ledger) -> None:
    """Leased goes back to the queue, in flight becomes unknown and never queued; the living keep theirs."""
    dead, living = ledger.worker(), ledger.worker()
    ledger.in_flight(dead, 2)
    ledger.lease(dead, 2)
    ledger.lease(living, 1)
    ledger.silent_since(dead, 31)

    swept = ledger.do(workers.recover, dead_after=timedelta(seconds=30))
    again = ledger.do(workers.recover, dead_after=timedelta(seconds=30))

    assert swept == Recovery(workers=1, returned=2, unknown=2)
    assert again == Recovery(workers=0, returned=0, unknown=0)
    assert ledger.states() == {_S.QUEUED: 2, _S.UNKNOWN: 2, _S.LEASED: 1}


def test_a_worker_that_was_silent_for_a_moment_is_not_dead(ledger: Ledger) -> None:
    """Twenty-nine seconds are not thirty."""
    token = ledger.worker()
    ledger.lease(token)
    ledger.silent_since(token, 25)

    assert ledger.do(workers.recover, dead_after=timedelta(seconds=30)).workers == 0
    assert ledger.do(workers.beat, token)
    assert ledger.states() == {_S.LEASED: READERS}


def test_whoever_holds_the_outbox_alone_knows_that_all_others_are_dead(ledger: Ledger) -> None:
    """However lately they beat."""
    token = ledger.worker()
    ledger.in_flight(token, 2)
    ledger.lease(token)

    assert ledger.do(workers.recover, dead_after=None) == Recovery(workers=1, returned=3, unknown=2)


def test_a_late_250_closes_the_doubt(ledger: Ledger) -> None:
    """The worker was given up, but lived, and its reply came: accepted, once."""
    token = ledger.worker()
    ids = ledger.in_flight(token)
    ledger.do(workers.recover, dead_after=None)
    doubt = ledger.states()

    ledger.settle(token, ids, Outcome.ACCEPTED)
    ledger.settle(token, ids, Outcome.FAILED)

    assert (doubt, ledger.states()) == ({_S.UNKNOWN: READERS}, {_S.ACCEPTED: READERS})


def test_a_late_refusal_closes_the_doubt_too(ledger: Ledger) -> None:
    """5yz after the dot: it did not arrive."""
    token = ledger.worker()
    ids = ledger.in_flight(token)
    ledger.do(workers.recover, dead_after=None)

    ledger.settle(token, ids, Outcome.FAILED)

    assert ledger.states() == {_S.FAILED: READERS}


def test_a_worker_that_was_given_up_cannot_go_on(ledger: Ledger) -> None:
    """Its beat tells it, its marks fail, and what others took of it stays theirs."""
    old, new = ledger.worker(), ledger.worker()
    ids = [duty.id for duty in ledger.lease(old)]
    ledger.silent_since(old, 60)
    ledger.do(workers.recover, dead_after=timedelta(seconds=30))
    ledger.lease(new)

    assert not ledger.do(workers.beat, old)
    assert ledger.do(outbox.mark, old, ids) == set()
    ledger.settle(old, ids, Outcome.DEFERRED)
    ledger.do(outbox.give_back, old, ids)
    assert ledger.states() == {_S.LEASED: READERS}
    assert {row.lease_token for row in ledger.rows(delivery.c.lease_token)} == {new}


def test_a_retired_worker_is_not_swept_up_twice(ledger: Ledger) -> None:
    """Who has given back everything leaves nothing to recover."""
    token = ledger.worker()
    ledger.do(outbox.give_back, token, [duty.id for duty in ledger.lease(token)])
    ledger.do(workers.retire, token)

    assert not ledger.do(workers.beat, token)
    assert ledger.do(workers.recover, dead_after=None) == Recovery(workers=0, returned=0, unknown=0)


def test_workers_that_ended_long_ago_are_forgotten(ledger: Ledger) -> None:
    """When another comes; whoever lives or ended lately stays, and the dead can do no more than before."""
    tokens = {name: ledger.worker() for name in ("lives", "lately", "long ago")}
    for name in ("lately", "long ago"):
        ledger.do(workers.retire, tokens[name])
    aged = update(worker).where(worker.c.token == tokens["long ago"])
    ledger.do(lambda connection: connection.execute(aged.values(ended_at=database_now(-workers.KEPT * 2))))

    new = ledger.worker()

    known = ledger.do(lambda connection: set(connection.scalars(select(worker.c.token))))
    assert known == {tokens["lives"], tokens["lately"], new}
    assert not ledger.do(workers.beat, tokens["long ago"])


def test_what_has_waited_too_long_expires(ledger: Ledger) -> None:
    """Only what waits: what is leased or in flight goes its way."""
    token = ledger.worker()
    flying = ledger.in_flight(token, 1)
    long_ago = {"queued_at": database_now(timedelta(hours=-241))}
    ledger.do(lambda connection: connection.execute(update(delivery).values(long_ago)))

    early = ledger.do(stopping.expire, older_than=timedelta(hours=242))
    expired = [ledger.do(stopping.expire, older_than=timedelta(hours=240)) for _ in range(2)]
    ledger.settle(token, flying, Outcome.ACCEPTED)

    assert (early, expired) == (0, [4, 0])
    assert ledger.states() == {_S.EXPIRED: 4, _S.ACCEPTED: 1}


def test_all_that_is_over_says_when(ledger: Ledger) -> None:
    """Retention reckons from it; what still waits has none."""
    token = ledger.worker()
    ids = ledger.in_flight(token, 3)
    for i, end in zip(ids, (Outcome.ACCEPTED, Outcome.FAILED, Outcome.DEFERRED), strict=True):
        ledger.settle(token, [i], end)
    with ledger.house.store.write() as connection:
        people(ledger.house, connection).unsubscribe("r3@example.org")
    ledger.lease(token, 1)

    over = {_S.ACCEPTED, _S.FAILED, _S.SUPPRESSED}
    for row in ledger.rows(delivery.c.state, delivery.c.settled_at):
        assert (row.settled_at is not None) == (row.state in over), row.state


def test_one_process_holds_an_embedded_outbox(ledger: Ledger) -> None:
    """The second is told the number of the first; on PostgreSQL they share it."""
    folder = ledger.house.settings.data_folder

    with lock.hold(ledger.house.store, folder):
        if ledger.house.store.embedded:
            with pytest.raises(OutboxBusy, match=r"number \d+"), lock.hold(ledger.house.store, folder):
                pass
        else:
            with lock.hold(ledger.house.store, folder):
                pass
    with lock.hold(ledger.house.store, folder):
        pass


def test_nothing_is_asked_of_nothing(ledger: Ledger) -> None:
    """Empty lists are no reason for a statement to fail."""
    token = ledger.worker()

    ledger.do(outbox.give_back, token, [])
    ledger.do(settlement.settle, token, [], RETRY)

    assert ledger.do(outbox.mark, token, []) == set()
    assert ledger.states() == {_S.QUEUED: READERS}
