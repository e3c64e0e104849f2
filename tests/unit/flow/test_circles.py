"""Circles: pages and delivery share a process, and neither ends what the other still wants."""

import gc
from contextlib import ExitStack

from digest.flow import circles


def test_the_search_is_as_it_was_only_when_the_last_has_ended() -> None:
    """In whatever order they begin and end."""
    before = gc.get_threshold()
    delivery, pages = ExitStack(), ExitStack()
    delivery.enter_context(circles.seldom_sought())
    pages.enter_context(circles.seldom_sought())

    delivery.close()
    meanwhile = gc.get_threshold()
    pages.close()

    assert meanwhile != before
    assert gc.get_threshold() == before


def test_a_delivery_that_ends_puts_nothing_back_into_the_search() -> None:
    """What the pages have left out stays out until they end."""
    with circles.left_out():
        frozen = gc.get_freeze_count()
        with circles.seldom_sought():
            pass
        after = gc.get_freeze_count()

    assert 0 < after <= frozen  # what is freed goes from it by itself
    assert after > frozen // 2
    assert gc.get_freeze_count() < after
