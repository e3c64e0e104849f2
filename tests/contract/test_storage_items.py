"""Items and filings on both databases: each kept once, in order, and filed as rules and editors say."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.errors import UnknownName
from digest.flow.house import House
from digest.model.item import FoundItem, Image
from digest.storage import filings, items, keeping, newsletters, sources
from digest.storage.keeping import Kept

FOUND = FoundItem(
    title="Unpaid carers and the Court of Protection",
    link="https://example.org/1",
    body_html="<p>All of it.</p>",
    body_text="All of it.",
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def keep(house: House, *found: FoundItem, source: str = "sscr-news", now: datetime = NOW) -> list[tuple[int, Kept]]:
    """Keep items of a source and file them, as gathering does."""
    with house.store.write() as connection:
        source_id = sources.find(connection, source).id
        kept = keeping.keep(connection, source_id, found, now=now)
        filings.file_anew(connection, [i for i, how in kept if how is not Kept.SAME], now=now)
    return kept


def titles(house: House) -> list[str]:
    """All titles, in the order of the list."""
    with house.store.read() as connection:
        return [item.title for item in items.listed(connection)]


def test_an_item_is_kept_once_and_changed_where_its_source_changed_it(social_care: House) -> None:
    """New, then the same, then changed; its number stays."""
    ((first, new),) = keep(social_care, FOUND)
    ((again, same),) = keep(social_care, FOUND)
    ((later, changed),) = keep(social_care, replace(FOUND, title="Carers and the Care Act"))

    assert (new, same, changed) == (Kept.NEW, Kept.SAME, Kept.CHANGED)
    assert first == again == later
    assert titles(social_care) == ["Carers and the Care Act"]


def test_what_one_source_holds_under_two_links_is_two_items(social_care: House) -> None:
    """An item is known within its source by its identity alone."""
    keep(social_care, FOUND, replace(FOUND, link="https://example.org/2"))

    assert len(titles(social_care)) == 2


def test_an_item_comes_back_as_it_was_kept(social_care: House) -> None:
    """A bare day stays a day, an instant an instant, in whatever script."""
    exact = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    whole = replace(
        FOUND,
        published=date(2026, 7, 1),
        people=("Siân", "李"),
        word_count=440,
        excerpt=True,
        title="“Gofal” 🙂",
        lead="In short.",
        language="cy",
        images=(Image("https://example.org/a.png", "Two people at a table"),),
    )
    ((one, _), (two, _)) = keep(social_care, whole, replace(FOUND, link=None, published=exact))

    with social_care.store.read() as connection:
        bare, instant = items.load(connection, one), items.load(connection, two)

    assert (bare.title, bare.people, bare.published) == ("“Gofal” 🙂", ("Siân", "李"), date(2026, 7, 1))
    assert (bare.word_count, bare.excerpt, bare.link) == (440, True, "https://example.org/1")
    assert (instant.published, instant.link, instant.first_seen_at) == (exact, None, NOW)
    assert (bare.lead, bare.language) == ("In short.", "cy")
    assert bare.images == (Image("https://example.org/a.png", "Two people at a table"),)


def test_items_are_listed_newest_first_by_the_minute(social_care: House) -> None:
    """Of one day by the hour, a bare day at its beginning; without a date where they were first seen."""
    day = datetime(2026, 11, 20, tzinfo=UTC)
    dates = {
        "morning": day.replace(hour=9),
        "evening": day.replace(hour=18),
        "bare": date(2026, 11, 20),
        "older": date(2026, 11, 19),
        "undated": None,
    }
    keep(
        social_care, *(replace(FOUND, title=t, link=f"https://example.org/{t}", published=d) for t, d in dates.items())
    )

    assert titles(social_care) == ["undated", "evening", "morning", "bare", "older"]


def test_a_newsletter_sees_what_may_be_dated_since(social_care: House) -> None:
    """Bare days with a day of grace, as zones differ; what has no date by when it was seen."""
    since = datetime(2026, 11, 10, tzinfo=UTC)
    dates = {"in": since, "out": since - timedelta(seconds=1), "grace": date(2026, 11, 9), "far": date(2026, 11, 8)}
    keep(
        social_care, *(replace(FOUND, title=t, link=f"https://example.org/{t}", published=d) for t, d in dates.items())
    )
    keep(social_care, replace(FOUND, title="seen before", link=None), now=since - timedelta(days=1))
    keep(social_care, replace(FOUND, title="seen since", link=None), now=since)

    with social_care.store.read() as connection:
        newsletter_id = newsletters.load(connection, "social-care").id
        found = {item.title for item in items.of_newsletter(connection, newsletter_id, since=since)}

    assert found == {"in", "grace", "seen since"}


def test_an_item_that_is_not_there_is_told_in_one_line(social_care: House) -> None:
    """With the command that lists them."""
    with pytest.raises(UnknownName, match="There is no item 4711") as told, social_care.store.read() as connection:
        items.load(connection, 4711)

    assert "digest items list" in told.value.remedy


def test_two_that_find_the_same_at_once_keep_it_once(social_care: House) -> None:
    """Two schedulers read one source at the same moment: one item, no failure."""
    found = [replace(FOUND, link=f"https://example.org/{n}", title=f"Carers {n}") for n in range(40)]
    start, problems, kept = threading.Barrier(2), [], []

    def gather() -> None:
        start.wait()
        try:
            kept.extend(how for _, how in keep(social_care, *found))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=gather) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert len(titles(social_care)) == 40
    assert kept.count(Kept.NEW) == 40


def test_rules_file_and_say_why(social_care: House) -> None:
    """In the newsletter's order of topics."""
    ((number, _),) = keep(social_care, FOUND)

    with social_care.store.read() as connection:
        found = filings.of_item(connection, number)
        topics = items.load(connection, number).topics

    assert topics == ("carers", "law")
    assert [(f.topic, f.origin, f.stands) for f in found] == [("carers", "rule", True), ("law", "rule", True)]
    assert any("carer*” in the title" in reason for reason in found[0].reasons)
    assert any("Court of Protection” in the title" in reason for reason in found[1].reasons)


def test_an_item_that_changes_is_filed_anew(social_care: House) -> None:
    """What no longer speaks for a topic leaves it."""
    ((number, _),) = keep(social_care, FOUND)
    keep(social_care, replace(FOUND, title="Carers and dementia"))

    with social_care.store.read() as connection:
        assert items.load(connection, number).topics == ("carers", "older-people")


def test_an_editors_word_stands_whatever_the_rules_say(social_care: House) -> None:
    """Taken out of one topic and put under another, an item stays so when its source changes it."""
    ((number, _),) = keep(social_care, FOUND)
    with social_care.store.write() as connection:
        filings.file_by_hand(connection, number, "carers", stands=False, by="Ruth", now=NOW)
        filings.file_by_hand(connection, number, "events", stands=True, by="Ruth", now=NOW)

    keep(social_care, replace(FOUND, body_html="<p>More.</p>", body_text="Carers, carers, carers."))

    with social_care.store.read() as connection:
        assert items.load(connection, number).topics == ("law", "events")
        assert {f.reasons for f in filings.of_item(connection, number) if f.origin == "editor"} == {
            ("decided by Ruth",)
        }


def test_an_editor_may_change_their_mind(social_care: House) -> None:
    """The last word counts."""
    ((number, _),) = keep(social_care, FOUND)
    for stands in (True, False, True):
        with social_care.store.write() as connection:
            filings.file_by_hand(connection, number, "events", stands=stands, by="Ruth", now=NOW)

    with social_care.store.read() as connection:
        assert "events" in items.load(connection, number).topics


def test_a_topic_that_is_not_there_is_told(social_care: House) -> None:
    """Before anything is written."""
    ((number, _),) = keep(social_care, FOUND)

    with pytest.raises(UnknownName, match="There is no topic “zoo”"), social_care.store.write() as connection:
        filings.file_by_hand(connection, number, "zoo", stands=True, by="Ruth", now=NOW)
