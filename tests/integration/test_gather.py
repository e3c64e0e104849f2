"""Gathering from a real server: only what is new is asked for, a broken source stops nobody, and health is told."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import UnknownName
from digest.flow.gather import gather, gather_due
from digest.flow.health import Health, health
from digest.flow.house import House
from digest.flow.reading import Readers, outcome
from digest.model.item import Item
from digest.model.source import Source, SourceKind
from digest.sources.fetch import Document, Known
from digest.storage import filings, items, newsletters, sources
from tests.support.site import Site


def entries(*titles: str) -> bytes:
    """A JSON Feed with these titles."""
    made = [
        {"id": title, "url": f"https://example.org/{n}", "title": title, "content_text": f"All about {title}."}
        for n, title in enumerate(titles)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "items": made}).encode()


@pytest.fixture
def add(reading: House) -> Callable[..., None]:
    """Lets the newsletter read an address."""

    def added(address: str, slug: str = "feed", **values: object) -> None:
        wanted = Source(slug=slug, name=slug, kind=values.pop("kind", SourceKind.JSON), location=address, **values)
        with reading.store.write() as connection:
            newsletter_id = newsletters.load(connection, "social-care").id
            sources.attach(connection, sources.save(connection, wanted), newsletter_id, wanted.topics)

    return added


def fares(house: House, slug: str = "feed") -> Health:
    return next(each for each in health(house) if each.slug == slug)


def kept(house: House, slug: str = "feed") -> list[Item]:
    with house.store.read() as connection:
        return items.listed(connection, items.Which(source=slug))


def test_what_is_new_is_kept_and_what_is_known_is_not_asked_for_again(reading: House, add, site: Site) -> None:
    """The second time the server is told what we have, and says in a few bytes that there is no more."""
    add(site.page("/feed", entries("Carers", "Night shifts"), ETag='"1"'))

    (first,) = gather(reading, ["feed"])
    site.page("/feed", b"", status=304)
    (second,) = gather(reading, ["feed"])

    assert (first.new, first.error) == (2, "")
    assert (second.unchanged, second.error) == (True, "")
    assert site.asked[1][1]["If-None-Match"] == '"1"'
    assert [item.title for item in kept(reading)] == ["Carers", "Night shifts"]


def test_the_same_bytes_are_not_read_again(reading: House, add, site: Site) -> None:
    """Many servers know nothing of conditions; the bytes tell."""
    add(site.page("/feed", entries("Carers")))

    gather(reading)
    (second,) = gather(reading)

    assert second.unchanged


def test_one_broken_source_stops_no_other(reading: House, add, site: Site) -> None:
    """Each failure is told in words, with its source."""
    add(site.page("/good", entries("Carers")), "good")
    add(site.page("/html", b"<html><body><p>Not found</p></body></html>"), "html", kind=SourceKind.FEED)
    add(site.page("/gone", status=410), "gone")
    add(site.page("/later", status=503, Retry_After="7200"), "later")
    add("http://169.254.169.254/latest/meta-data/", "inside")
    add("http://127.0.0.1:1/", "nobody")

    results = {each.source: each for each in gather(reading)}

    assert results["good"].new == 1
    assert {slug for slug, each in results.items() if each.error} == {"html", "gone", "later", "inside", "nobody"}
    assert "no feed" in fares(reading, "html").words or "not an RSS or Atom feed" in fares(reading, "html").words
    assert fares(reading, "gone").words.startswith("Ended: ")
    assert "169.254.169.254" in fares(reading, "inside").last_error
    assert fares(reading, "good").words == "Well"


def test_a_source_that_fails_is_asked_ever_more_seldom(reading: House, add, site: Site) -> None:
    """An hour, two, four … at most a day; once it answers, it is read hourly as before."""
    add(site.page("/feed", status=500))
    waits = []
    for _ in range(7):
        gather_due(reading)
        waits.append(fares(reading).next_at - reading.clock.now())
        reading.clock.at = fares(reading).next_at
    site.page("/feed", entries("Carers"))
    (well,) = gather_due(reading)

    assert [wait / timedelta(hours=1) for wait in waits] == [1, 2, 4, 8, 16, 24, 24]
    assert (well.new, fares(reading).failures) == (1, 0)
    assert fares(reading).next_at - reading.clock.now() == timedelta(hours=1)


def test_a_server_that_asks_for_peace_gets_it(reading: House, add, site: Site) -> None:
    """Also the other sources on it: they are not asked in this run."""
    for number in range(4):
        address = site.page(f"/{number}", status=429, Retry_After="86400")
        add(address, f"feed-{number}")

    gather(reading)

    assert len(site.asked) <= 2  # as many as may ask one host at once
    waits = {fares(reading, f"feed-{n}").next_at - reading.clock.now() for n in range(4)}
    assert waits == {timedelta(days=1)}


def test_a_server_that_says_how_long_it_stays_the_same_is_believed_for_a_day(reading: House, add, site: Site) -> None:
    """Not for a year, which is what some say of everything."""
    add(site.page("/day", entries("Carers"), Cache_Control="max-age=36000"), "ten-hours")
    add(site.page("/year", entries("Rights"), Cache_Control="max-age=31536000"), "year")

    gather(reading)

    now = reading.clock.now()
    assert fares(reading, "ten-hours").next_at == now + timedelta(hours=10)
    assert fares(reading, "year").next_at == now + timedelta(days=1)


def test_a_source_that_has_ended_is_left_in_peace_until_it_is_named(reading: House, add, site: Site) -> None:
    """Its server may have been wrong; an editor may say so."""
    add(site.page("/feed", status=410))
    gather_due(reading)
    reading.clock.pass_by(days=30)
    assert gather_due(reading) == []
    assert gather(reading) == []

    site.page("/feed", entries("Carers"))
    (named,) = gather(reading, ["feed"])

    assert named.new == 1
    assert fares(reading).ended_at is None


def test_a_move_for_good_is_remembered_and_undone_when_it_leads_nowhere(reading: House, add, site: Site) -> None:
    """The newsletter's file keeps the address it has; after three failures it is tried again."""
    old, new = site.page("/old", status=301, Location="/new"), site.page("/new", entries("Carers"))
    add(old)
    gather(reading)
    assert (fares(reading).location, fares(reading).moved_to) == (old, new)

    gather(reading)
    assert [path for path, _ in site.asked] == ["/old", "/new", "/new"]
    site.page("/new", status=404)
    site.page("/old", entries("Carers", "Rights"))
    failed = [gather(reading)[0].error for _ in range(3)]
    (back,) = gather(reading)

    assert all(failed)
    assert (back.new, fares(reading).moved_to) == (1, "")


def test_a_move_for_now_is_followed_each_time(reading: House, add, site: Site) -> None:
    """302 says nothing of the next time."""
    add(site.page("/old", status=302, Location="/new"))
    site.page("/new", entries("Carers"))

    gather(reading)

    assert fares(reading).moved_to == ""


def test_many_sources_are_read_in_other_processes_with_the_same_outcome(reading: House, add, site: Site) -> None:
    """More than a handful at once; what cannot be read there is told as it is here."""
    for number in range(30):
        add(site.page(f"/{number}", entries(f"Carers {number}")), f"feed-{number}")
    add(site.page("/broken", b'{"version": "https://jsonfeed.org/version/1.1", "items": ['), "broken")

    results = {each.source: each for each in gather(reading)}

    assert sum(each.new for each in results.values()) == 30
    assert "the JSON is broken" in results["broken"].error
    assert fares(reading, "broken").failures == 1


def test_a_pool_that_gives_up_loses_nothing(reading: House) -> None:
    """One of its processes was killed: what waited is read here, and a new pool is made for what comes."""
    document = Document(data=entries("Carers"), address=None, known=Known())
    source = Source(slug="feed", name="feed", kind=SourceKind.JSON, location="feed")
    with reading.store.read() as connection:
        rules = {(): filings.rules_for(connection, ())}

    with Readers(rules, 1) as readers:
        begun = [readers.begin(source, document, {}) for _ in range(30)]
        readers._pool.stop()
        more = [readers.begin(source, document, {}) for _ in range(3)]
        read = [outcome(each) for each in (*begun, *more)]

    assert [len(each.found) for each in read] == [1] * 33


def test_two_who_gather_at_once_ask_each_source_once(reading: House, add, site: Site) -> None:
    """Each takes its share; nothing is kept twice."""
    for number in range(8):
        add(site.page(f"/{number}", entries(f"Carers {number}")), f"feed-{number}")
    start, results = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        results.extend(gather_due(reading))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.source for each in results) == [f"feed-{number}" for number in range(8)]
    assert len(site.asked) == 8


def test_a_source_brings_its_own_topics(reading: House, add, site: Site) -> None:
    """Whatever its items say; the reason is told."""
    add(site.page("/feed", entries("A piece about nothing")), topics=("events",))

    gather(reading)

    assert [item.topics for item in kept(reading)] == [("events",)]


def test_a_piece_on_a_day_to_come_is_held_until_then(reading: House, add, site: Site) -> None:
    """It is kept and listed; the choosing waits for its day."""
    tomorrow = (reading.clock.now() + timedelta(days=1)).isoformat()
    feed = json.loads(entries("Carers tomorrow"))
    feed["items"][0]["date_published"] = tomorrow
    add(site.page("/feed", json.dumps(feed).encode()))

    gather(reading)

    (item,) = kept(reading)
    assert item.published == datetime.fromisoformat(tomorrow).astimezone(UTC)


def test_a_name_that_is_none_is_told_before_anything_is_asked(reading: House, add, site: Site) -> None:
    """With those there are."""
    add(site.page("/feed", entries("Carers")))

    with pytest.raises(UnknownName, match="There is no source “fed”"):
        gather(reading, ["feed", "fed"])

    assert site.asked == []
