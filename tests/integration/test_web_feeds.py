"""Feeds, sitemaps and what a page says of itself to machines."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest

from digest.web.app import create_app
from digest.web.site import build
from tests.support.web_house import SCRIPT, Trial, client, tags, trial, words

HOME = "/archive/quay/"
MAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
PLACES = (HOME, f"{HOME}topics/carers/")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        yield furnished


@pytest.mark.parametrize("place", PLACES)
def test_a_feed_reader_reads_the_same_in_both_feeds(house: Trial, place: str) -> None:
    """Entries, their order, ids, titles, links and days; nothing in them runs."""
    browser = client(create_app(house.house))

    atom = feedparser.parse(browser.get(f"{place}feed.atom").content)
    told = browser.get(f"{place}feed.json")
    items = told.json()["items"]

    assert not atom.bozo
    assert told.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert [entry.id for entry in atom.entries] == [item["id"] for item in items] != []
    assert [entry.link for entry in atom.entries] == [item["url"] for item in items]
    assert [entry.updated for entry in atom.entries] == [item["date_modified"] for item in items]
    assert SCRIPT not in "".join(item["content_html"] for item in items)


def test_a_json_feed_has_what_its_standard_asks_for(house: Trial) -> None:
    """JSON Feed 1.1: version and title; for each item an id and a content; who wrote, what about, where it is from."""
    feed = client(create_app(house.house)).get(f"{HOME}feed.json").json()

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"http://testserver{HOME}feed.json"
    assert feed["home_page_url"] == f"http://testserver{HOME}"
    assert (feed["language"], len(feed["items"])) == ("en-GB", 3)
    rota = next(item for item in feed["items"] if "rota" in item["id"])
    assert rota["external_url"] == "https://news.example.org/rota"
    assert rota["authors"] == [{"name": 'Ruth "R" Adeyemi'}]
    assert rota["date_published"] == "2026-09-09T23:00:00Z"
    assert all({"id", "url", "title", "content_html"} <= set(item) for item in feed["items"])


def test_a_feed_that_has_not_changed_is_not_sent_again(house: Trial) -> None:
    """By its ETag or, for readers that keep only the date, by Last-Modified; the ETag decides where both are sent."""
    browser = client(create_app(house.house))
    first = browser.get(f"{HOME}feed.json")
    since = {"If-Modified-Since": first.headers["last-modified"]}

    asked = [
        since,
        {"If-None-Match": first.headers["etag"]},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "the day before yesterday"},
        since | {"If-None-Match": '"another"'},
    ]

    assert [browser.get(f"{HOME}feed.json", headers=headers).status_code for headers in asked] == [
        *(304, 304),
        *(200, 200, 200),
    ]


def test_pages_name_their_feeds(house: Trial) -> None:
    """A topic its own before those of everything, so that a feed reader offers what is looked at."""
    browser = client(create_app(house.house))

    named = [
        [a["href"] for tag, a in tags(browser.get(place).text) if tag == "link" and a["rel"] == "alternate"]
        for place in PLACES
    ]

    everything = [f"{HOME}feed.atom", f"{HOME}feed.json"]
    assert named == [everything, [f"{PLACES[1]}feed.atom", f"{PLACES[1]}feed.json", *everything]]


def test_the_sitemap_names_the_pages_that_are_ours(house: Trial) -> None:
    """Each can be asked for; items whose original is elsewhere are not there, robots.txt says where it lies."""
    browser = client(create_app(house.house))

    maps = ET.fromstring(browser.get("/sitemap.xml").content)
    at = str(maps.findtext("s:sitemap/s:loc", namespaces=MAP))
    pages = [str(each.text) for each in ET.fromstring(browser.get(at).content).iterfind("s:url/s:loc", MAP)]

    assert at == f"http://testserver{HOME}sitemap.xml"
    assert f"http://testserver{HOME}2026-09/budgets-for-carers-five-years-on/" in pages
    assert not [page for page in pages if page.endswith("/who-pays-for-the-budget/")]
    assert {browser.get(page).status_code for page in pages} == {200}
    assert "Sitemap: http://testserver/sitemap.xml" in browser.get("/robots.txt").text


def test_what_is_shared_says_what_it_is(house: Trial) -> None:
    """Open Graph: kind, title, address, language and day; the same title as the page has."""
    page = client(create_app(house.house)).get(f"{HOME}2026-09/")

    said = {a.get("property"): a.get("content") for tag, a in tags(page.text) if tag == "meta" and "property" in a}

    assert said["og:type"] == "article"
    assert said["og:url"] == f"http://testserver{HOME}2026-09/"
    assert str(said["og:title"]).startswith("September 2026")
    assert (said["og:locale"], said["article:published_time"]) == ("en_GB", "2026-09-30")


def test_the_only_newsletter_is_where_the_front_page_leads(house: Trial, tmp_path: Path) -> None:
    """Served it redirects; as a file it leads on by itself, and has a link for whoever is not led."""
    served = client(create_app(house.house)).get("/", follow_redirects=False)
    build(house.house, tmp_path / "site")
    written = (tmp_path / "site" / "index.html").read_text()

    assert served.headers["location"] == HOME
    assert ("meta", {"http-equiv": "refresh", "content": "0; url=archive/quay/index.html"}) in tags(written)
    assert ("a", {"href": "archive/quay/index.html"}) in tags(written)


def test_pages_speak_the_newsletters_language(tmp_path: Path) -> None:
    """Words, plurals and days; what the newsletter itself wrote stays as it is."""
    with trial(tmp_path, newsletter='language = "de-AT"') as german:
        browser = client(create_app(german.house))
        home, issue, topic = (browser.get(path) for path in (HOME, f"{HOME}2026-09/", f"{HOME}topics/carers/"))
        feed = browser.get(f"{HOME}feed.json").json()

    assert "Neueste Ausgabe · 31. Oktober 2026" in words(home.text)
    assert "30. September 2026 · Ausgabe 1 · 2 Beiträge" in words(issue.text)
    assert "Thema · 2 Beiträge" in words(topic.text)
    assert ("html", {"lang": "de-AT", "dir": "ltr"}) in tags(home.text)
    assert feed["language"] == "de-AT"
