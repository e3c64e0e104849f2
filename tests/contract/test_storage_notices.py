"""Notices, requests and tallies on both databases: a letter is one worker's, marked before its dot, and in doubt sent
once more, no oftener."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from digest.flow import sign_up
from digest.flow.answer import answer_due
from digest.flow.apply import apply
from digest.flow.enrol import people
from digest.flow.house import House
from digest.model.delivery import Attempt, DeliveryId, DeliveryState, Handover, Outcome, Phase
from digest.model.notice import RequestKind, Wish
from digest.resources import folder
from digest.storage import notices, tallies, workers
from digest.storage.clock import database_now
from digest.storage.notice_tables import notice
from digest.storage.outbox import RetryPolicy
from digest.storage.tallies import Limit
from subscribers.suppression import SuppressionReason
from tests.conftest import StandingClock

_S = DeliveryState
NEWSLETTER, EMAIL = "social-care", "new@example.org"
RETRY = RetryPolicy(attempts=2, first_wait=timedelta(minutes=5))


@dataclass(frozen=True)
class Post:
    """Each verb in a transaction of its own."""

    house: House

    def do(self, verb: Any, *args: Any, **how: Any) -> Any:
        """One verb, one transaction."""
        with self.house.store.write() as connection:
            return verb(connection, *args, **how)

    def ask(self, email: str = EMAIL, kind: RequestKind = RequestKind.SIGN_UP) -> None:
        """Somebody asks on a page, and is answered."""
        sign_up.ask(self.house, kind, NEWSLETTER, email, Wish(name="Ada"), client="192.0.2.1")
        self.do(lambda connection: answer_due(self.house, connection))

    def in_flight(self) -> tuple[str, DeliveryId]:
        """A letter that a worker has leased and marked."""
        token = self.do(workers.register)
        [duty] = self.do(notices.lease, token, limit=5)
        assert self.do(notices.mark, token, [duty.id]) == {duty.id}
        return token, duty.id

    def settle(self, token: str, notice_id: DeliveryId, outcome: Outcome, phase: Phase = Phase.DOT) -> None:
        """Write down how it ended."""
        at = datetime.now(UTC)
        handover = Handover(outcome=outcome, phase=phase, diagnostic="said so")
        attempt = Attempt(delivery_id=notice_id, started_at=at, ended_at=at, handover=handover)
        self.do(notices.settle, token, [attempt], RETRY)

    def due_at_once(self) -> None:
        """Let the wait of all be over."""
        self.do(lambda connection: connection.execute(update(notice).values(not_before=database_now())))

    def states(self) -> list[tuple[str, str]]:
        """Kind and state of all letters."""
        with self.house.store.read() as connection:
            return [tuple(row) for row in connection.execute(select(notice.c.kind, notice.c.state))]


@pytest.fixture
def post(social_care: House) -> Post:
    return Post(social_care)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.ACCEPTED, _S.ACCEPTED), (Outcome.FAILED, _S.FAILED), (Outcome.DEFERRED, _S.QUEUED)],
)
def test_a_letter_ends_as_it_was_answered(post: Post, outcome: Outcome, state: DeliveryState) -> None:
    """Accepted, refused for good, or put off; what is put off is not due at once."""
    post.ask()
    post.settle(*post.in_flight(), outcome)

    assert post.states() == [("confirm", state)]
    assert post.do(notices.lease, "another", limit=5) == []


def test_who_is_stopped_for_one_newsletter_gets_the_letters_of_another(post: Post) -> None:
    """Each letter looks at its own newsletter's suppressions, however many wait beside it."""
    apply(post.house, folder("config") / "newsletters" / "care-notes.toml")
    post.ask()
    for slug, email in (("care-notes", EMAIL), (NEWSLETTER, "other@example.org")):
        sign_up.ask(post.house, RequestKind.SIGN_UP, slug, email, Wish(), client="192.0.2.1")
    with post.house.store.write() as connection:
        tallies.forget(connection, now=post.house.clock.now() + timedelta(days=8))  # no cool-down between the two
        answer_due(post.house, connection)
        people(post.house, connection).suppress(EMAIL, SuppressionReason.REQUESTED, scope=NEWSLETTER)

    leased = post.do(notices.lease, post.do(workers.register), limit=5)

    assert {(duty.newsletter, duty.recipient) for duty in leased} == {
        ("care-notes", EMAIL),
        (NEWSLETTER, "other@example.org"),
    }


def test_what_is_put_off_too_often_has_failed(post: Post) -> None:
    """After as many tries as the policy allows."""
    post.ask()
    for _ in range(RETRY.attempts):
        post.due_at_once()
        post.settle(*post.in_flight(), Outcome.DEFERRED)

    assert post.states() == [("confirm", _S.FAILED)]


def test_in_doubt_it_is_sent_once_more_and_no_oftener(post: Post) -> None:
    """No reply after the dot: a second copy does less harm than none, a third is one too many."""
    post.ask()
    post.settle(*post.in_flight(), Outcome.UNKNOWN)
    after_one = post.states()
    post.due_at_once()
    token, number = post.in_flight()
    post.settle(token, number, Outcome.UNKNOWN)

    assert after_one == [("confirm", _S.QUEUED)]
    assert post.states() == [("confirm", _S.UNKNOWN)]
    post.settle(token, number, Outcome.ACCEPTED)
    assert post.states() == [("confirm", _S.ACCEPTED)]


def test_what_a_dead_worker_had_in_flight_is_in_doubt(post: Post) -> None:
    """And its leases come back; the Date of the letter stays the same in every attempt."""
    post.ask()
    _, number = post.in_flight()
    found = post.do(workers.recover, dead_after=None)
    post.due_at_once()
    [again] = post.do(notices.lease, post.do(workers.register), limit=5)
    given_back = post.do(workers.recover, dead_after=None)

    with post.house.store.read() as connection:
        dated = connection.scalar(select(notice.c.dated_at))
    assert (found.unknown, given_back.returned) == (1, 1)
    assert (again.id, again.dated_at) == (number, dated)
    assert post.states() == [("confirm", _S.QUEUED)]


def test_a_lease_is_one_workers_alone(post: Post) -> None:
    """What one has taken another does not get, nor may mark, settle or give back."""
    post.ask()
    [duty] = post.do(notices.lease, "one", limit=5)

    post.do(notices.give_back, "two", [duty.id])
    assert post.do(notices.lease, "two", limit=5) == []
    assert post.do(notices.mark, "two", [duty.id]) == set()
    assert post.do(notices.mark, "one", [duty.id]) == {duty.id}


@pytest.mark.parametrize("moment", ["before the lease", "before the dot"])
@pytest.mark.parametrize("how", ["suppressed", "confirmed", "erased"])
def test_what_is_not_so_any_more_does_not_go_out(post: Post, moment: str, how: str) -> None:
    """Asked again at the last moment: the address was stopped, the yes was given by other means, all was erased."""
    post.ask()
    token, number = post.do(workers.register), DeliveryId(1)
    if moment == "before the dot":
        [number] = [duty.id for duty in post.do(notices.lease, token, limit=5)]

    def happen(connection: Any) -> None:
        hands = people(post.house, connection)
        match how:
            case "suppressed":
                hands.suppress(EMAIL, SuppressionReason.ADMIN)
            case "confirmed":
                hands.confirm(EMAIL)
            case "erased":
                notices.forget_people(connection, [hands.erase(EMAIL)])

    post.do(happen)

    if moment == "before the dot":
        assert post.do(notices.mark, token, [number]) == set()
        post.settle(token, number, Outcome.WITHHELD, Phase.DATA)
    else:
        assert post.do(notices.lease, token, limit=5) == []
    assert post.states() == ([] if how == "erased" else [("confirm", _S.SUPPRESSED)])


def test_what_waited_too_long_expires_and_what_is_long_over_is_forgotten(post: Post) -> None:
    """A letter holds an address, which is not kept for ever."""
    post.ask()
    assert post.do(notices.expire, older_than=timedelta(hours=1)) == 0
    assert post.do(notices.expire, older_than=timedelta(seconds=-1)) == 1

    assert post.do(notices.forget, older_than=timedelta(hours=1)) == 0
    assert post.do(notices.forget, older_than=timedelta(seconds=-1)) == 1
    assert post.states() == []


def test_many_who_ask_for_one_address_at_once_get_one_letter(post: Post) -> None:
    """However many processes answer at the same moment."""
    for _ in range(8):
        sign_up.ask(post.house, RequestKind.SIGN_UP, NEWSLETTER, EMAIL, client="192.0.2.1")
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while post.do(lambda connection: answer_due(post.house, connection)):
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert post.states() == [("confirm", _S.QUEUED)]


def test_tallies_hold_for_as_long_as_they_say_and_are_forgotten_after_a_week(post: Post, clock: StandingClock) -> None:
    """Each kind and key for itself."""
    limits = (Limit(most=1, within=timedelta(hours=1)), Limit(most=2, within=timedelta(days=1)))

    def more(kind: str = "address", key: str = "a") -> bool:
        if post.do(tallies.allowed, kind, key, limits, now=clock.now()):
            post.do(tallies.count_one, kind, key, now=clock.now())
            return True
        return False

    now = [more(), more(), more(key="b"), more("network")]
    clock.pass_by(hours=1)
    hour_later = [more(), more()]
    clock.pass_by(hours=2)
    assert (now, hour_later, more()) == ([True, False, True, True], [True, False], False)
    clock.pass_by(days=7)
    assert post.do(tallies.forget, now=clock.now()) == 4
