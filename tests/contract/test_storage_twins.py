"""Twins on both databases: a piece that two sources bring is one, and says where else it is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.flow.house import House
from digest.model.item import FoundItem, Item
from digest.model.source import Source, SourceKind
from digest.storage import filings, items, keeping, newsletters, sources

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = (
    "The harbour's night carers have kept a diary for a year. They wrote down when they woke, who called, and what "
    "it cost them the next day. Most of them slept less than five hours in a row, and those who shared the nights "
    "with a neighbour slept longest of all. The study asks what a council would have to pay for one night in four."
)
PIECE = FoundItem(
    title="What the nights cost those who care",
    link="https://example.org/nights",
    published=date(2026, 11, 3),
    body_html=f"<p>{TEXT}</p>",
    body_text=TEXT,
)
REPRINT = replace(PIECE, link="https://example.net/blog/nights")


def keep(house: House, source: str, *found: FoundItem) -> list[int]:
    with house.store.write() as connection:
        kept = keeping.keep(connection, sources.find(connection, source).id, found, now=NOW)
    return [item_id for item_id, _ in kept]


def listed(house: House, **which: str) -> list[Item]:
    with house.store.read() as connection:
        return items.listed(connection, items.Which(**which))


def of_newsletter(house: House) -> list[Item]:
    with house.store.read() as connection:
        newsletter_id = newsletters.load(connection, "social-care").id
        return items.of_newsletter(connection, newsletter_id, since=NOW - timedelta(days=60))


@pytest.mark.parametrize(
    "again",
    [
        REPRINT,
        replace(REPRINT, title="Nights, and what they cost"),
        replace(PIECE, guid="another", title="Something else altogether", body_html="", body_text=""),
        replace(REPRINT, published=None, body_text=TEXT[:150], excerpt=True),
    ],
    ids=["the same words", "another title", "the same link", "an excerpt"],
)
def test_a_piece_from_two_sources_is_one_with_also_at(social_care: House, again: FoundItem) -> None:
    """The first that came stands for both, in lists and for the newsletter."""
    (first,) = keep(social_care, "sscr-news", PIECE)
    (second,) = keep(social_care, "scwru-blog", again)

    for found in (listed(social_care), of_newsletter(social_care)):
        assert [item.id for item in found] == [first]
        assert [(e.id, e.source, e.link) for e in found[0].also_at] == [(second, "scwru-blog", again.link)]


def test_the_source_that_brought_it_later_still_lists_it(social_care: House) -> None:
    """Whoever asks for that very source, sees what it has."""
    (first,) = keep(social_care, "sscr-news", PIECE)
    (second,) = keep(social_care, "scwru-blog", REPRINT)

    (found,) = listed(social_care, source="scwru-blog")

    assert found.id == second
    assert [each.id for each in found.also_at] == [first]


def test_a_third_joins_the_first(social_care: House) -> None:
    """However it is related to the second."""
    with social_care.store.write() as connection:
        third = sources.save(connection, Source(slug="third", name="Third", kind=SourceKind.DESK))
        sources.attach(connection, third, newsletters.load(connection, "social-care").id)
    numbers = [
        *keep(social_care, "sscr-news", PIECE),
        *keep(social_care, "scwru-blog", REPRINT),
        *keep(social_care, "third", replace(REPRINT, title="Nights again")),
    ]

    (found,) = of_newsletter(social_care)

    assert [found.id, *(each.id for each in found.also_at)] == numbers


def test_within_one_source_nothing_is_a_twin(social_care: House) -> None:
    """A source that repeats itself means two pieces, as its identifiers say."""
    keep(social_care, "sscr-news", PIECE)
    keep(social_care, "sscr-news", REPRINT)

    assert len(listed(social_care)) == 2


def test_two_of_one_source_are_not_joined_through_a_third(social_care: House) -> None:
    """Each month's seminar is announced on one page; another source has the first."""
    bees = replace(PIECE, guid="g1", title="Seminar on bees in November", body_text="Bees and honey.")
    wasps = replace(PIECE, guid="g2", title="Seminar on wasps in December", body_text="All about wasps.")
    keep(social_care, "sscr-news", bees)
    keep(social_care, "scwru-blog", replace(bees, guid="h1"))
    (third,) = keep(social_care, "sscr-news", wasps)

    assert third in [item.id for item in of_newsletter(social_care)]


def test_a_piece_is_under_the_topics_of_all_its_sources_but_none_that_an_editor_refused(social_care: House) -> None:
    """The first may be a teaser that says little; whoever files the second files the piece."""
    (first,) = keep(social_care, "sscr-news", PIECE)
    (second,) = keep(social_care, "scwru-blog", REPRINT)
    with social_care.store.write() as connection:
        filings.file_by_hand(connection, second, "events", stands=True, by="Ruth", now=NOW)
        filings.file_by_hand(connection, second, "research", stands=True, by="Ruth", now=NOW)
        filings.file_by_hand(connection, first, "research", stands=False, by="Ruth", now=NOW)

    (found,) = of_newsletter(social_care)

    assert (found.id, found.topics) == (first, ("events",))
    assert [item.id for item in listed(social_care, topic="events")] == [first]


def test_pieces_of_one_title_and_differing_text_are_two(social_care: House) -> None:
    """“Vacancies this month” comes every month, from everybody."""
    generic = replace(PIECE, title="Vacancies at our unit this month", body_text="Two posts for researchers.")
    other = replace(REPRINT, title="Vacancies at our unit this month", body_text="A lecturer is wanted by March.")

    keep(social_care, "sscr-news", generic)
    keep(social_care, "scwru-blog", other)

    assert len(listed(social_care)) == 2


def test_a_newsletter_that_reads_only_the_later_source_gets_its_piece(social_care: House) -> None:
    """What another newsletter has from elsewhere does not take it away."""
    keep(social_care, "sscr-news", PIECE)
    (second,) = keep(social_care, "scwru-blog", REPRINT)
    with social_care.store.write() as connection:
        sources.detach(connection, sources.find(connection, "sscr-news").id)

    (found,) = of_newsletter(social_care)

    assert (found.id, found.also_at) == (second, ())


def test_a_reprint_of_what_is_too_old_is_as_old(social_care: House) -> None:
    """It does not come as news because somebody printed it again."""
    keep(social_care, "sscr-news", replace(PIECE, published=date(2025, 1, 1)))
    keep(social_care, "scwru-blog", replace(REPRINT, title="Nights, and what they cost"))

    assert of_newsletter(social_care) == []


def test_hundreds_at_once_find_their_twins(social_care: House) -> None:
    """Beyond what a database takes as parameters of one statement."""
    many = [
        replace(
            PIECE,
            title=f"Number {n} of a long row of pieces",
            link=f"https://example.org/{n}",
            body_text=f"The words of piece number {n} are its own.",
        )
        for n in range(700)
    ]
    keep(social_care, "sscr-news", *many)
    keep(social_care, "scwru-blog", *(replace(each, link=f"{each.link}/again") for each in many))

    found = of_newsletter(social_care)

    assert len(found) == 700
    assert all(len(item.also_at) == 1 for item in found)
