"""Sources on both databases: kept once by their names, due when their time has come, each read by one reader."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Row

from digest.errors import UnknownName
from digest.flow.apply import apply
from digest.flow.house import House
from digest.model.source import Selectors, Source, SourceKind
from digest.resources import folder
from digest.storage import newsletters, sources

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FEED = Source(slug="feed", name="A feed", kind=SourceKind.FEED, location="https://example.org/feed")


def add(house: House, source: Source = FEED, *, read: bool = True) -> int:
    """Add a source, read for social-care unless told otherwise."""
    with house.store.write() as connection:
        source_id = sources.save(connection, source)
        if read:
            sources.attach(connection, source_id, newsletters.load(connection, "social-care").id, source.topics)
        return source_id


def row(house: House, slug: str = "feed") -> Row:
    with house.store.read() as connection:
        return sources.find(connection, slug)


def claim(house: House, *, now: datetime = NOW, until: datetime = LATER) -> list[str]:
    with house.store.write() as connection:
        return [each.slug for each in sources.claim_due(connection, now=now, until=until)]


def note(house: House, slug: str = "feed", **values: object) -> None:
    with house.store.write() as connection:
        sources.note(connection, [(sources.find(connection, slug), values)])


def test_a_source_comes_back_as_it_was_saved(social_care: House) -> None:
    """With its selectors and the topics it brings."""
    page = replace(
        FEED, kind=SourceKind.PAGE, topics=("carers",), selectors=Selectors(item=".teaser", title="h3", date="time")
    )

    add(social_care, page)

    with social_care.store.read() as connection:
        assert newsletters.load(connection, "social-care").sources[-1] == page


def test_a_source_that_has_moved_by_its_editors_hand_starts_afresh(social_care: House) -> None:
    """What its old server said of itself means nothing at the new one."""
    add(social_care)
    seen = {"etag": '"1"', "checksum": "abc", "failures": 3, "ended_at": NOW, "moved_to": "https://example.org/new"}
    note(social_care, **seen)

    add(social_care, replace(FEED, location="https://example.net/feed"))

    found = row(social_care)
    assert (found.etag, found.checksum, found.failures, found.ended_at, found.moved_to) == ("", "", 0, None, "")


def test_a_source_with_another_name_keeps_where_it_has_moved_to_and_is_read_whole_once_more(social_care: House) -> None:
    """Its selectors or its kind may have changed, so “nothing new” would be no answer."""
    add(social_care)
    note(social_care, etag='"1"', checksum="abc", failures=3, moved_to="https://example.org/new")

    add(social_care, replace(FEED, name="Another name"))

    found = row(social_care)
    assert (found.name, found.failures, found.moved_to) == ("Another name", 3, "https://example.org/new")
    assert (found.etag, found.checksum) == ("", "")


def test_how_a_reading_went_is_not_noted_where_the_source_has_been_moved_meanwhile(social_care: House) -> None:
    """What the old place said must not stand beside the new one."""
    add(social_care)
    old = row(social_care)
    add(social_care, replace(FEED, location="https://example.net/feed"))

    with social_care.store.write() as connection:
        sources.note(connection, [(old, {"ended_at": NOW, "etag": '"old"'})])
        as_read = sources.is_as_read(connection, old)

    found = row(social_care)
    assert (found.ended_at, found.etag, as_read) == (None, "", False)


def test_what_was_never_read_is_due_at_once_and_then_claimed(social_care: House) -> None:
    """Until the claim is over, nobody else is given it; a process that dies does not keep it for ever."""
    add(social_care)

    assert claim(social_care) == ["feed"]
    assert claim(social_care) == []
    assert claim(social_care, now=LATER) == ["feed"]


@pytest.mark.parametrize(
    ("source", "read", "values"),
    [
        (replace(FEED, location=""), True, {}),
        (FEED, False, {}),
        (FEED, True, {"ended_at": NOW}),
        (FEED, True, {"next_at": NOW + timedelta(seconds=1)}),
    ],
)
def test_what_is_not_due_is_left_alone(social_care: House, source: Source, read: bool, values: dict) -> None:
    """What lies nowhere, what no newsletter reads, what has ended, what is to be left alone for a while."""
    add(social_care, source, read=read)
    if values:
        note(social_care, **values)

    assert claim(social_care) == []
    with social_care.store.read() as connection:
        assert sources.any_due(connection, now=NOW) is False


def test_two_who_claim_at_once_share_the_sources(social_care: House) -> None:
    """Each source is given to one of them."""
    for number in range(40):
        add(social_care, replace(FEED, slug=f"feed-{number}", location=f"https://example.org/{number}"))
    start, claimed = threading.Barrier(2), []

    def take() -> None:
        start.wait()
        claimed.extend(claim(social_care))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(claimed) == sorted(f"feed-{number}" for number in range(40))


def test_a_source_is_attached_once_and_detached_for_all(social_care: House) -> None:
    """What it has brought stays; it is read no more."""
    source_id = add(social_care)
    add(social_care)
    with social_care.store.read() as connection:
        assert sources.readers(connection)[source_id] == {"social-care": ()}

    with social_care.store.write() as connection:
        sources.detach(connection, source_id)

    with social_care.store.read() as connection:
        assert source_id not in sources.readers(connection)
    assert row(social_care).location == ""
    assert claim(social_care) == []


def test_what_a_source_brings_stands_beside_each_newsletter_that_reads_it(social_care: House) -> None:
    """Attached again, it stays as it was; read by nobody, it brings nothing to anybody."""
    apply(social_care, folder("config") / "newsletters" / "care-notes.toml")
    source_id = add(social_care, replace(FEED, topics=("carers", "law")))
    with social_care.store.write() as connection:
        first, second = (newsletters.load(connection, slug).id for slug in ("social-care", "care-notes"))
        is_new = sources.attach(connection, source_id, second, ("events",))
        is_new_again = sources.attach(connection, source_id, second, ("law",))

    with social_care.store.read() as connection:
        assert (is_new, is_new_again) == (True, False)
        assert sources.readers(connection)[source_id] == {"care-notes": ("events",), "social-care": ("carers", "law")}
        assert sources.brought(connection, source_id) == {first: ("carers", "law"), second: ("events",)}
        assert sources.all_brought(connection)[source_id] == sources.brought(connection, source_id)
        assert sources.brought(connection, 4711) == {}


def test_a_source_that_is_not_there_is_told_in_one_line(social_care: House) -> None:
    """With those there are, and what to do."""
    with pytest.raises(UnknownName, match="there are: scwru-blog, sscr-news") as told, social_care.store.read() as c:
        sources.find(c, "unknown")

    assert "digest sources add" in told.value.remedy
