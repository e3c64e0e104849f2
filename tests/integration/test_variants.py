"""Variants: all letters of an issue with their readers, before and after it is out, without a trace."""

from pathlib import Path

import pytest
from sqlalchemy import select

from digest.errors import UnknownReader
from digest.flow.alike import reader_alike
from digest.flow.compare import compare
from digest.flow.compose import compose
from digest.flow.enrol import people
from digest.flow.preview import found_readers, preview, reader_named, reader_numbered
from digest.flow.variants import Map, variants
from digest.model.cadence import Cadence
from digest.storage.tables import metadata
from subscribers import directory
from tests.support.desk import NEWSLETTER, Desk

OCTOBER, NOVEMBER = f"{NEWSLETTER}/2026-10", f"{NEWSLETTER}/2026-11"


@pytest.fixture
def drafted(desk: Desk, tmp_path: Path) -> Desk:
    """Five readers, two items; for one of them nothing, and two who are not written to."""
    for n in range(3):
        desk.reader(f"carer{n}@example.org", "carers", name=f"Carer {n}")
    desk.reader("both@example.org", "carers,law")
    desk.reader("research@example.org", "research")
    desk.reader("waits@example.org", confirmed=False)
    desk.reader("away@example.org")
    with desk.house.store.write() as connection:
        away = directory.of_reader(connection, desk.house.keys, "away@example.org")[0]
        people(desk.house, connection).pause(away, desk.house.clock.now().replace(year=2027))
    days = {"Carers at work": "2026-11-02", "The law on rights": "2026-11-03"}
    desk.write_items(tmp_path, *({"title": title, "published_at": on} for title, on in days.items()))
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    return desk


def seen(desk: Desk, name: str = NOVEMBER) -> Map:
    """The map of an issue."""
    with desk.house.store.read() as connection:
        return variants(connection, preview(desk.house, connection, name))


def counted(found: Map) -> list[tuple[int, int, int]]:
    """Readers, pieces and bytes of each letter."""
    return [(each.readers, each.pieces, each.size) for each in found.variants]


def test_a_draft_is_counted_as_it_is_published(drafted: Desk) -> None:
    """The same letters with as many readers, and as many without; before and after."""
    before = seen(drafted)

    published = drafted.issue("2026-11")
    after = seen(drafted)

    assert [(each.readers, each.pieces) for each in before.variants] == [(3, 1), (1, 2)]
    assert (before.count, before.readers) == (2, 4) == (published.variants, published.readers)
    assert counted(after) == counted(before)
    assert [each.readers for each in before.without] == [1] == [each.readers for each in after.without]


def test_who_gets_nothing_is_told_why(drafted: Desk) -> None:
    """By the reason that says most; who is not written to at all is counted too."""
    found = seen(drafted)

    assert [(each.why, each.readers) for each in found.without] == [("What is new is not on the topics they chose", 1)]
    assert {(each.why, each.readers) for each in found.unwritten} == {
        ("They have not confirmed yet", 1),
        ("They have paused", 1),
    }


def test_counting_leaves_no_trace(drafted: Desk) -> None:
    """Also when it is done twice; what it writes down for itself goes with the transaction."""

    def rows() -> dict[str, list[tuple[object, ...]]]:
        with drafted.house.store.read() as connection:
            return {name: [tuple(r) for r in connection.execute(select(t))] for name, t in metadata.tables.items()}

    before = rows()
    seen(drafted)
    seen(drafted)

    assert rows() == before


@pytest.mark.parametrize("out", [False, True])
def test_each_letter_opens_as_its_readers_get_it(drafted: Desk, out: bool) -> None:
    """As long as the one of any reader of it; where there is none, the reasons are there."""
    if out:
        drafted.issue("2026-11")
    found = seen(drafted)

    with drafted.house.store.read() as connection:
        this = preview(drafted.house, connection, NOVEMBER)
        letters = [this.letter(connection, reader_alike(connection, this, each.key)) for each in found.variants]
        carer = this.letter(connection, reader_named(drafted.house, connection, this.issue, "carer1@example.org"))
        none = reader_alike(connection, this, found.without[0].key)
        assert this.letter(connection, none) is None
        assert this.choice(connection, none).passed_over

    assert carer is not None
    assert letters[0] is not None
    assert [c.id for c in letters[0].choice.chosen] == [c.id for c in carer.choice.chosen]
    assert [len(each.message) for each in letters if each] == [each.size for each in found.variants]


@pytest.mark.parametrize("key", ["", "1", "9" * 30, "x.1..", "1.1.de.3-x", "99.0..", "1.0..-" + "9" * 30])
def test_strange_keys_are_refused(drafted: Desk, key: str) -> None:
    """Whoever writes an address by hand is told, not shown a trace."""
    with drafted.house.store.read() as connection:
        this = preview(drafted.house, connection, NOVEMBER)
        with pytest.raises(UnknownReader):
            reader_alike(connection, this, key)


def test_readers_are_found_by_address_and_by_parts_of_it(drafted: Desk) -> None:
    """Of those who get the issue only; a sign that stands for any other finds nobody."""
    with drafted.house.store.read() as connection:
        issue = preview(drafted.house, connection, NOVEMBER).issue

        def found(text: str) -> list[str]:
            return [reader.email for reader in found_readers(drafted.house, connection, issue, text)]

        assert found("BOTH@example.org") == ["both@example.org"]
        assert found("CARER 2") == ["carer2@example.org"]
        assert found("carer") == [f"carer{n}@example.org" for n in range(3)]
        assert found("waits@example.org") == found("%") == found("nobody@example.org") == []
        waits = directory.of_reader(connection, drafted.house.keys, "waits@example.org")[0]
        with pytest.raises(UnknownReader):
            reader_numbered(connection, issue, waits.id)


def test_a_letter_is_compared_with_the_one_before(drafted: Desk, tmp_path: Path) -> None:
    """Titles and parts that come and go; a first issue has none before it."""
    drafted.issue("2026-11")
    drafted.house.clock.pass_by(days=20)  # type: ignore[attr-defined]
    drafted.write_items(tmp_path, {"title": "Carers and the law on leave", "published_at": "2026-12-02"})
    december = compose(drafted.house, NEWSLETTER, period_key="2026-12")[0]

    with drafted.house.store.read() as connection:
        this, first = (preview(drafted.house, connection, name) for name in (december.name, NOVEMBER))
        both = reader_named(drafted.house, connection, this.issue, "both@example.org")
        found = compare(drafted.house, connection, this, both)
        none = compare(drafted.house, connection, first, both)

    assert none is None
    assert found is not None
    assert found.before.name == NOVEMBER
    assert found.before.period.cadence is Cadence.MONTHLY
    assert found.new == ("Carers and the law on leave",)
    assert set(found.gone) == {"Carers at work", "The law on rights"}
    assert len(found.parts_gone) == 1


@pytest.mark.parametrize("out", [False, True])
def test_each_letter_has_an_example_of_its_readers(drafted: Desk, out: bool) -> None:
    """Who gets that very letter; and from the letter one finds its readers again."""
    if out:
        drafted.issue("2026-11")

    with drafted.house.store.read() as connection:
        this = preview(drafted.house, connection, NOVEMBER)
        found = variants(connection, this, examples=True)
        named = [reader_numbered(connection, this.issue, each.example or 0) for each in found.variants]
        letters = [this.letter(connection, reader) for reader in named]

    assert [reader.email for reader in named] == ["carer0@example.org", "both@example.org"]
    assert [found.getting(letter.layout) for letter in letters if letter] == list(found.variants)
    assert [each.example for each in seen(drafted).variants] == [None, None]
