"""Variants as both databases keep them: each once, with what it carries."""

import json
from pathlib import Path

from sqlalchemy import select

from digest.flow.compose import compose
from digest.model.issue import IssueId
from digest.model.item import ItemId
from digest.storage import editions
from digest.storage.chunks import SIZE
from digest.storage.editions import NewVariant
from digest.storage.tables import delivery, nothing_new
from tests.support.desk import NEWSLETTER, Desk


def drafted(desk: Desk, folder: Path) -> tuple[IssueId, tuple[ItemId, ...]]:
    """An issue, and some items that its variants can carry."""
    desk.write_items(folder, *({"title": f"Piece {n}", "published_at": "2026-11-02"} for n in range(4)))
    return compose(desk.house, NEWSLETTER, period_key="2026-11")[0].id, tuple(item.id for item in desk.items())


def variant(number: int, *items: ItemId) -> NewVariant:
    """One that says its number, in letters that JSON has to take care of."""
    return NewVariant(
        key=f"{number:064}", layout=json.dumps({"says": f"“{number}” \\ ü"}, ensure_ascii=False), item_ids=items
    )


def test_many_variants_are_kept_at_once_in_their_order(desk: Desk, tmp_path: Path) -> None:
    """More than go into one statement; each row says and carries what was given for it."""
    issue_id, items = drafted(desk, tmp_path)
    new = [variant(n, *items[: n % 5]) for n in range(SIZE * 2 + 3)]

    with desk.house.store.write() as connection:
        rows = editions.save_variants(connection, issue_id, iter(new))
        carried = editions.items_by_variant(connection, rows)
        said = [editions.load_variant(connection, row) for row in rows[:: SIZE // 2]]

    assert len(set(rows)) == len(new)
    assert [carried[row] for row in rows] == [frozenset(each.item_ids) for each in new]
    assert said == [(issue_id, json.loads(each.layout)) for each in new[:: SIZE // 2]]


def test_two_that_say_the_same_are_one(desk: Desk, tmp_path: Path) -> None:
    """Side by side or far apart: one row, the same for both."""
    issue_id, items = drafted(desk, tmp_path)
    first = variant(0, items[0])
    new = [first, first, *(variant(n) for n in range(1, SIZE + 1)), first]

    with desk.house.store.write() as connection:
        rows = editions.save_variants(connection, issue_id, new)
        carried = editions.items_of(connection, rows)

    assert rows[0] == rows[1] == rows[-1]
    assert len(set(rows)) == SIZE + 1
    assert carried == {items[0]}


def test_cohorts_and_quiet_ones_are_filled_each_with_their_own(desk: Desk, tmp_path: Path) -> None:
    """A delivery for whom something is new, a note for the others, and nobody has both or neither."""
    for number in range(12):
        desk.reader(f"r{number}@example.org", ("carers", "law", "research")[number % 3])
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02", "topics": ["carers"]})

    published = desk.issue("2026-11")

    with desk.house.store.read() as connection:
        got = set(connection.scalars(select(delivery.c.subscriber_id)))
        quiet = set(connection.scalars(select(nothing_new.c.subscriber_id)))
    assert (published.readers, published.without) == (len(got), len(quiet)) == (4, 8)
    assert got.isdisjoint(quiet)


def test_no_variants_carry_nothing(desk: Desk) -> None:
    """An empty question has an empty answer, and asks no database."""
    with desk.house.store.write() as connection:
        assert editions.save_variants(connection, IssueId(1), []) == []
        assert editions.items_by_variant(connection, []) == {}
        assert editions.items_of(connection, []) == frozenset()
