"""The throttle: half as many connections where the server asks for less, one more as it goes well."""

from digest.flow.throttle import Throttle


def _well(throttle: Throttle, times: int) -> None:
    for _ in range(times):
        throttle.went_well()


def test_all_may_be_open_at_first() -> None:
    """Nobody has asked for less yet."""
    assert Throttle(8).allowed == 8


def test_a_server_that_asks_for_less_gets_half() -> None:
    """Again and again, but one is always left: with none nobody would learn that it has changed its mind."""
    throttle, seen = Throttle(8), []

    for _ in range(5):
        throttle.asked_for_less(throttle.allowed)
        seen.append(throttle.allowed)

    assert seen == [4, 2, 1, 1, 1]


def test_what_was_open_counts_not_what_might_have_been() -> None:
    """Of fifty only three could be opened: half of three is meant, not half of fifty."""
    throttle = Throttle(50)

    throttle.asked_for_less(3)

    assert throttle.allowed == 1


def test_what_goes_well_earns_one_more_at_a_time() -> None:
    """So many accepted over each open connection; never more than the settings allow."""
    throttle = Throttle(3, patience=10)
    throttle.asked_for_less(3)

    grown = []
    for accepted in (9, 1, 19, 1, 100):
        _well(throttle, accepted)
        grown.append(throttle.allowed)

    assert grown == [1, 2, 2, 3, 3]


def test_what_went_well_before_is_forgotten_when_it_asks_for_less() -> None:
    """The count begins anew."""
    throttle = Throttle(4, patience=10)
    throttle.asked_for_less(4)
    _well(throttle, 19)

    throttle.asked_for_less(2)
    _well(throttle, 9)

    assert throttle.allowed == 1
