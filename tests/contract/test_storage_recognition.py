"""Recognition on both databases: an item that is known by something else by now is the same one, and no other is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from itertools import product

import pytest
from sqlalchemy import update

from digest.model.item import FoundItem
from digest.storage import changes, items, keeping, sources
from digest.storage.keeping import Kept
from digest.storage.source_tables import item
from tests.support.desk import Desk

LINK, OTHER = "https://example.org/1", "https://example.org/2"
Kinds = Mapping[str, Mapping[str, str]]

FOUND = FoundItem(
    title="Carers and the law",
    published=date(2026, 11, 3),
    body_html="<p>All of it.</p>",
    body_text="All of it.",
)
#: What items may be known by: a guid, a link, a guid that is but the link, several of these, or none of them.
KINDS: Kinds = {
    "words": {},
    "link": {"link": LINK},
    "permalink": {"link": LINK, "guid": LINK},
    "guid": {"guid": "tag:1"},
    "guid and link": {"guid": "tag:1", "link": LINK},
}
LINKED = ("link", "permalink", "guid and link")


def keep(desk: Desk, *found: FoundItem) -> list[tuple[int, Kept]]:
    """Keep the items of one reading."""
    with desk.house.store.write() as connection:
        source_id = sources.find(connection, "sscr-news").id
        return keeping.keep(connection, source_id, found, now=desk.house.clock.now())


def are_one(desk: Desk, *readings: FoundItem | list[FoundItem]) -> bool:
    """Whether all of these readings, one after the other, found one and the same item."""
    found = [keep(desk, *(each if isinstance(each, list) else [each])) for each in readings]
    return len({number for reading in found for number, _ in reading}) == 1


def unlike(desk: Desk, before: FoundItem, after: FoundItem, *, was: Kinds, now: Kinds = KINDS) -> set[tuple[str, str]]:
    """The kinds that an item was known by and is known by now of which it is not the same any more."""
    numbered = enumerate(product(was, now))
    return {
        (old, new) for n, (old, new) in numbered if not are_one(desk, _as(before, was[old], n), _as(after, now[new], n))
    }


def _as(found: FoundItem, known_by: Mapping[str, str], number: int) -> FoundItem:
    """The item with guid, link and title that no other pair has."""
    return replace(found, title=f"{found.title} {number}", **{name: f"{by}/{number}" for name, by in known_by.items()})


def both_ways(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    return {pair for one, other in pairs for pair in ((one, other), (other, one))}


#: No guid and no link is there before and after.
WORDS_ALONE = both_ways([("words", kind) for kind in KINDS if kind != "words"])
WORDS_ALONE |= both_ways([("guid", "link"), ("guid", "permalink")])


def test_an_item_is_the_same_whatever_it_was_known_by(desk: Desk) -> None:
    """It gains or loses its guid or its link, and is not doubled."""
    assert unlike(desk, FOUND, FOUND, was=KINDS) == set()


def test_an_item_is_the_same_though_its_text_is_corrected_meanwhile(desk: Desk) -> None:
    """Title and date are enough where no guid and no link speaks against it."""
    assert unlike(desk, FOUND, replace(FOUND, body_text="More of it."), was=KINDS) == set()


def test_an_item_is_the_same_though_it_is_dated_meanwhile(desk: Desk) -> None:
    """Title and first words are enough as well."""
    assert unlike(desk, replace(FOUND, published=None), FOUND, was=KINDS) == set()


def test_a_title_alone_tells_nothing_once_something_else_changes(desk: Desk) -> None:
    """Two undated pieces called “Vacancies” are two, unless guid or link says that they are one."""
    undated = replace(FOUND, published=None)

    assert unlike(desk, undated, replace(undated, body_text="Others."), was=KINDS) == WORDS_ALONE


def test_another_guid_is_another_item(desk: Desk) -> None:
    """Though link and words are the same: a page of short notices."""
    guids = {kind: {**known_by, "guid": "tag:2"} for kind, known_by in KINDS.items() if kind.startswith("guid")}

    assert unlike(desk, FOUND, FOUND, was=KINDS, now=guids) == set(product(guids, guids))


def test_another_link_is_another_item(desk: Desk) -> None:
    """Though the words are the same; but with the same guid it has only moved."""
    links = {kind: {name: by.replace(LINK, OTHER) for name, by in KINDS[kind].items()} for kind in LINKED}

    assert unlike(desk, FOUND, FOUND, was=KINDS, now=links) == set(product(LINKED, LINKED)) - {(LINKED[2], LINKED[2])}


@pytest.mark.parametrize("other", ["http://example.org/1", "http://www.example.org/1", "https://example.org/1/"])
def test_a_site_that_moves_brings_nothing_anew(desk: Desk, other: str) -> None:
    """To https, or back, or to another way of writing the same; also where the address is the guid."""
    moved = {kind: {name: by.replace(LINK, other) for name, by in KINDS[kind].items()} for kind in LINKED}

    assert are_one(desk, *(replace(FOUND, **kinds[kind]) for kind in LINKED[:2] for kinds in (KINDS, moved, KINDS)))
    assert are_one(desk, *(replace(FOUND, guid=address) for address in (LINK, other, LINK)))


def test_a_site_that_moves_and_changes_its_guids_at_once_brings_nothing_anew(desk: Desk) -> None:
    """Whatever the items were known by."""
    plain = {kind: {name: by.replace("https:", "http:") for name, by in KINDS[kind].items()} for kind in KINDS}

    assert unlike(desk, FOUND, replace(FOUND, body_text="More of it."), was=plain) == set()


def test_an_item_that_has_moved_leads_to_where_it_is_now(desk: Desk) -> None:
    """It is changed, not doubled, and keeps its number."""
    ((first, _),) = keep(desk, replace(FOUND, link="http://example.org/1"))
    ((second, how),) = keep(desk, replace(FOUND, link=LINK))

    assert (first, how) == (second, Kept.CHANGED)
    assert [item.link for item in desk.items()] == [LINK]


def test_what_came_out_stays_and_the_move_is_noted_once(desk: Desk) -> None:
    """The frozen issue has the link that it had, and the item never comes anew."""
    before, after = replace(FOUND, link="http://example.org/1"), replace(FOUND, link=LINK)
    ((number, _),) = desk.keep(before)
    desk.reader("priya@example.org")
    desk.month("2026-11")

    hows = [keep(desk, each) for each in (after, after, before)]

    assert hows == [[(number, Kept.NOTED)], [(number, Kept.SAME)], [(number, Kept.SAME)]]
    with desk.house.store.read() as connection:
        assert items.load(connection, number).link == "http://example.org/1"
        assert [change.parts for change in changes.of_item(connection, number)] == [("link",)]


def test_what_came_out_and_gains_a_link_is_known_by_it_from_then_on(desk: Desk) -> None:
    """Also when its words change afterwards."""
    ((number, _),) = desk.keep(FOUND)
    desk.reader("priya@example.org")
    desk.month("2026-11")

    linked = replace(FOUND, link=LINK)
    hows = [keep(desk, each) for each in (linked, replace(linked, title="Another"), linked)]

    assert hows == [[(number, Kept.NOTED)], [(number, Kept.NOTED)], [(number, Kept.SAME)]]


@pytest.mark.parametrize("known_by", [{"link": LINK}, {"guid": f"{LINK}?p=1"}, {"guid": LINK, "link": LINK}])
def test_two_entries_of_one_document_that_differ_by_scheme_alone_are_one(desk: Desk, known_by: dict[str, str]) -> None:
    """The first counts, as of any two with one identity."""
    plain = {name: by.replace("https:", "http:") for name, by in known_by.items()}
    entries = [replace(FOUND, **known_by), replace(FOUND, **plain)]

    assert are_one(desk, entries, entries[::-1], entries[:1], entries[1:])
    assert len(desk.items()) == 1


def test_same_words_under_two_links_are_two_items_also_where_one_was_there_without(desk: Desk) -> None:
    """One of them is what was there; the other is new."""
    ((bare, _),) = keep(desk, FOUND)
    one, two = keep(desk, replace(FOUND, link=LINK), replace(FOUND, link=OTHER))

    assert one[0] == bare
    assert two[1] is Kept.NEW
    assert keep(desk, replace(FOUND, link=OTHER), replace(FOUND, link=LINK)) == [
        (two[0], Kept.SAME),
        (bare, Kept.SAME),
    ]


def test_of_pieces_of_one_title_and_day_each_is_found_by_its_words(desk: Desk) -> None:
    """And one of other words is neither, as there is no telling which it would be."""
    one, two = (replace(FOUND, body_text=f"Vacancies {n}.") for n in range(2))
    (first, _), (second, _) = keep(desk, one, two)

    kept = keep(desk, *(replace(FOUND, link=f"{LINK}{n}", body_text=f"Vacancies {n}.") for n in (2, 1, 0)))

    assert [how for _, how in kept] == [Kept.NEW, Kept.CHANGED, Kept.CHANGED]
    assert [number for number, _ in kept[1:]] == [second, first]


def test_of_pieces_that_lead_to_one_page_each_is_found_by_its_title(desk: Desk) -> None:
    """A feed of notices that all lead to its front page begins to give identifiers; a new notice is none of them."""
    ((first, _),) = keep(desk, replace(FOUND, link=LINK))
    titles = ["News", FOUND.title, "More news"]
    kept = keep(desk, *(replace(FOUND, title=title, link=LINK, guid=f"{LINK} {title}") for title in titles))

    assert [how for _, how in kept] == [Kept.NEW, Kept.SAME, Kept.NEW]
    assert kept[1][0] == first
    assert keep(desk, replace(FOUND, title="Last news", link=LINK))[0][1] is Kept.NEW


def test_what_is_still_there_is_not_taken_for_what_is_new(desk: Desk) -> None:
    """A notice without link stays itself when one of the same title and day comes with a link."""
    ((bare, _),) = keep(desk, FOUND)
    (new, how), (still, same) = keep(desk, replace(FOUND, link=LINK, body_text="Others."), FOUND)

    assert (how, same, still) == (Kept.NEW, Kept.SAME, bare)
    assert new != bare


def test_other_sources_have_nothing_to_do_with_it(desk: Desk) -> None:
    """What one source holds is never recognised in another."""
    ((first, _),) = keep(desk, replace(FOUND, link="http://example.org/1"))
    with desk.house.store.write() as connection:
        source_id = sources.find(connection, "scwru-blog").id
        ((second, how),) = keeping.keep(connection, source_id, [replace(FOUND, link=LINK)], now=desk.house.clock.now())

    assert how is Kept.NEW
    assert first != second


def test_an_item_kept_under_its_address_as_it_was_written_is_found(desk: Desk) -> None:
    """Databases of before hold the hash of the very guid or link, whatever its scheme."""
    plain = replace(FOUND, guid="http://www.example.org/?p=1", link="http://www.example.org/1/")
    ((number, _),) = keep(desk, plain)
    with desk.house.store.write() as connection:
        connection.execute(update(item).values(identity=sha256(str(plain.guid).encode()).hexdigest()))

    secure = replace(FOUND, guid="https://www.example.org/?p=1", link="https://www.example.org/1/")
    assert keep(desk, secure) == [(number, Kept.CHANGED)]
