"""The pace on both databases: one bucket for all workers, filled by the database's clock."""

import threading
import time

import pytest

from digest.flow.house import House
from digest.storage import pace
from digest.storage.pace import Rate


def draw(house: House, rate: Rate, *, most: int = 1000) -> int:
    """Take what may be taken, at once."""
    with house.store.write() as connection:
        allowed, _ = pace.allowed(connection, rate)
        pace.spend(connection, min(allowed, most))
        return min(allowed, most)


@pytest.mark.parametrize(("per_second", "first"), [(20.0, 20), (1.0, 1), (0.2, 1)])
def test_a_second_is_worth_what_the_rate_says_and_one_at_least(house: House, per_second: float, first: int) -> None:
    """A slow pace is one now and then, never none."""
    rate = Rate(per_second=per_second)

    assert [draw(house, rate), draw(house, rate)] == [first, 0]


def test_it_says_how_long_to_wait_for_one_more(house: House) -> None:
    """So that nobody asks again and again."""
    rate = Rate(per_second=0.5)
    draw(house, rate)

    with house.store.write() as connection:
        allowed, seconds = pace.allowed(connection, rate)

    assert allowed == 0
    assert 0 < seconds <= 2


def test_it_fills_as_time_goes_by_but_no_more_than_a_second_is_worth(house: House) -> None:
    """Who was idle for long gets no burst for it."""
    rate = Rate(per_second=50.0)
    draw(house, rate)

    time.sleep(0.1)
    soon = draw(house, rate)
    time.sleep(1.2)

    assert 4 <= soon < 50
    assert draw(house, rate) == 50


def test_what_was_not_taken_stays(house: House) -> None:
    """Looking costs nothing."""
    rate = Rate(per_second=10.0)

    assert [draw(house, rate, most=0), draw(house, rate, most=4)] == [0, 4]
    assert draw(house, rate) >= 6


def test_who_goes_first_borrows_a_second_and_the_others_wait_for_it(house: House) -> None:
    """Somebody who signs up does not wait for an issue, and the mail server gets no more than it was promised."""
    rate = Rate(per_second=10.0)
    draw(house, rate)

    with house.store.write() as connection:
        first, _ = pace.allowed(connection, rate, first=True)
        pace.spend(connection, first)
        none, seconds = pace.allowed(connection, rate)
        no_more, _ = pace.allowed(connection, rate, first=True)

    assert (first, none, no_more) == (10, 0, 0)
    assert 0.9 < seconds <= 1.1


def test_workers_share_it(house: House) -> None:
    """Eight that draw at the same moment get one second's worth together."""
    rate, taken = Rate(per_second=40.0), []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        taken.append(draw(house, rate, most=10))

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 40 <= sum(taken) <= 40 + 40 * (time.monotonic() - began) + 1
