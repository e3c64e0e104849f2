"""Changes on both databases: an item follows its source until an issue with it is frozen; then they are noted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.model.item import FoundItem, Image
from digest.storage import archive, changes, issues, items, keeping, sources
from digest.storage.keeping import Kept
from tests.support.desk import NEWSLETTER, Desk

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOUND = FoundItem(
    title="Carers and the law",
    link="https://example.org/1",
    published=datetime(2026, 11, 3, 9, tzinfo=UTC),
    body_html="<p>All of it.</p>",
    body_text="All of it.",
)
CORRECTED = replace(FOUND, title="Carers and the new law", body_html="<p>More of it.</p>", body_text="More of it.")


def keep(desk: Desk, found: FoundItem) -> tuple[int, Kept]:
    return desk.keep(found)[0]


def publish(desk: Desk) -> None:
    desk.reader("priya@example.org")
    desk.month("2026-11")


def test_until_it_comes_out_an_item_follows_its_source(desk: Desk) -> None:
    """A draft shows the newest."""
    keep(desk, FOUND)
    number, how = keep(desk, CORRECTED)

    assert how is Kept.CHANGED
    with desk.house.store.read() as connection:
        assert items.load(connection, number).title == CORRECTED.title
        assert changes.of_item(connection, number) == []


def test_what_came_out_stays_and_the_change_is_noted(desk: Desk) -> None:
    """In the item, in the archive, in the list of changes; however often the source is read again, once."""
    number, _ = keep(desk, FOUND)
    publish(desk)

    hows = [keep(desk, CORRECTED)[1] for _ in range(3)]

    assert hows == [Kept.NOTED, Kept.SAME, Kept.SAME]
    with desk.house.store.read() as connection:
        assert items.load(connection, number).title == FOUND.title
        issue = issues.find(connection, f"{NEWSLETTER}/2026-11")
        assert [a.title for a in archive.articles_of(connection, issue.id)] == [FOUND.title]
        (noted,) = changes.of_item(connection, number)
        assert changes.listed(connection) == [(number, FOUND.title, noted)]
    assert noted.parts == ("title", "text")
    assert noted.now == {"title": CORRECTED.title, "text": "More of it."}


def test_each_further_change_is_a_note_of_its_own(desk: Desk) -> None:
    """Also one that takes a part back."""
    number, _ = keep(desk, FOUND)
    publish(desk)

    keep(desk, CORRECTED)
    keep(desk, replace(CORRECTED, title=FOUND.title))
    keep(desk, FOUND)

    with desk.house.store.read() as connection:
        assert [c.parts for c in changes.of_item(connection, number)] == [("title", "text"), ("text",)]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"link": "https://example.org/moved", "guid": "g"}, "link"),
        ({"published": None}, "date"),
        ({"published": FOUND.published + timedelta(days=1)}, "date"),
        ({"people": ("Siân",)}, "people"),
    ],
)
def test_every_part_is_told_apart(desk: Desk, change: dict, part: str) -> None:
    """So that an editor sees at a glance whether it matters."""
    found = replace(FOUND, guid="g")
    number, _ = keep(desk, found)
    publish(desk)

    keep(desk, replace(found, **change))

    with desk.house.store.read() as connection:
        assert [c.parts for c in changes.of_item(connection, number)] == [(part,)]


def test_what_no_reader_would_miss_is_no_change(desk: Desk) -> None:
    """A new picture is kept, and nothing noted."""
    number, _ = keep(desk, FOUND)
    publish(desk)
    image = Image("https://example.org/a.png", "A desk")

    _, how = keep(desk, replace(FOUND, images=(image,), lead="In short."))

    assert how is Kept.SAME
    with desk.house.store.read() as connection:
        assert items.load(connection, number).images == (image,)
        assert changes.of_item(connection, number) == []


def test_a_feed_that_begins_to_give_identifiers_brings_nothing_anew(desk: Desk) -> None:
    """What was known by its link still is, and takes the identifier."""
    first, _ = keep(desk, FOUND)
    second, how = keep(desk, replace(FOUND, guid="tag:example.org,2026:1"))
    third, again = keep(desk, replace(FOUND, guid="tag:example.org,2026:1", link="https://example.org/moved"))

    assert first == second == third
    assert (how, again) == (Kept.SAME, Kept.CHANGED)


def test_two_identifiers_on_one_page_are_two_items(desk: Desk) -> None:
    """A page of short notices, each with an identifier."""
    keep(desk, replace(FOUND, guid="a"))
    keep(desk, replace(FOUND, guid="b", title="Another notice"))

    assert len(desk.items()) == 2


def test_of_two_with_one_identity_in_one_reading_the_first_counts(desk: Desk) -> None:
    """Feeds begin with the newest."""
    with desk.house.store.write() as connection:
        source_id = sources.find(connection, "sscr-news").id
        kept = keeping.keep(connection, source_id, [CORRECTED, FOUND], now=NOW)

    assert [how for _, how in kept] == [Kept.NEW, Kept.SAME]
    assert kept[0][0] == kept[1][0]
    assert [item.title for item in desk.items()] == [CORRECTED.title]
