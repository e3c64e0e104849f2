"""The spread on both databases: each minute its share, and each part of the readers in every hour."""

import pytest
from sqlalchemy import Integer, func, literal, select

from digest.flow.house import House
from digest.storage.clock import database_now
from digest.storage.spread import Share, due_at
from subscribers.given import Rows, as_rows


def spread(house: House, count: int, *over: Share) -> list[int]:
    """How many seconds from now each of so many rows is due, in their order."""
    which = Rows(literal(as_rows((n,) for n in range(count)))).field(0, Integer())
    number = func.row_number().over(order_by=which)
    query = select(due_at(number, count, over).label("due"), database_now().label("now")).order_by(which)
    with house.store.read() as connection:
        found = connection.execute(query).all()
    return [round((row.due - row.now).total_seconds()) for row in found]


@pytest.mark.parametrize("count", [1, 2, 7, 60, 359])
def test_each_minute_has_its_share(house: House, count: int) -> None:
    """None has two more than another."""
    due = spread(house, count, Share(after=0, seconds=1800), Share(after=86400, seconds=1800))
    minutes = [second // 60 if second < 86400 else 30 + (second - 86400) // 60 for second in due]
    shares = [minutes.count(minute) for minute in range(60)]

    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1


def test_readers_who_stand_together_are_spread_over_all_of_it(house: House) -> None:
    """Such as those of one topic or one domain: a tenth of the time has about a tenth of them."""
    due = spread(house, 1000, Share(after=0, seconds=36000))

    for begin in range(0, 1000, 100):
        tenths = [sum(1 for each in due[begin : begin + 100] if each // 3600 == hour) for hour in range(10)]
        assert min(tenths) >= 6
        assert max(tenths) <= 15  # from whichever place they are drawn
