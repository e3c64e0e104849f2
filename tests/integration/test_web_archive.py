"""The archive: past issues, topics and feeds, served and as a folder of files."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from digest.errors import SettingsRefused
from digest.model import colour
from digest.model.newsletter import Brand
from digest.storage.tables import article
from digest.web import brand
from digest.web.app import create_app
from digest.web.site import build
from tests.support.web_house import EMAIL, NAME, SCRIPT, Trial, client, tags, trial, words

ATOM = {"a": "http://www.w3.org/2005/Atom"}
HOME = "/archive/quay/"
PAGES = (
    HOME,
    f"{HOME}2026-10/",
    f"{HOME}2026-09/",
    f"{HOME}2026-09/a-rota-that-carers-script-alert-1-script-wrote/",
    f"{HOME}2026-09/budgets-for-carers-five-years-on/",
    f"{HOME}topics/carers/",
    f"{HOME}topics/money/",
)
FEEDS = (f"{HOME}feed.atom", f"{HOME}topics/carers/feed.atom")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as furnished:
        yield furnished


def test_the_front_page_shows_the_newest_issue_and_lists_the_others(house: Trial) -> None:
    """Its title, introduction and first titles; the older ones by year with date, first line and count."""
    said = words(client(create_app(house.house)).get("/").text)

    assert "Newest issue · 31 October 2026" in said
    assert "Who pays for the budget" in said
    assert "2026 30 September September 2026 What fell. 2 pieces" in said
    assert "Money 2" in said


def test_an_issue_shows_each_piece_once_with_what_leads_on(house: Trial) -> None:
    """In the letter's order, under its first topic, with the other topics named and a link to the original."""
    page = client(create_app(house.house)).get(f"{HOME}2026-09/")

    said = words(page.text)
    assert said.count("Nobody reads the forms.") == 1
    assert said.index("The rota holds.") > said.index("Nobody reads the forms.")
    assert "Also in Money" in said
    assert ("a", {"href": "https://news.example.org/rota"}) in tags(page.text)


def test_a_piece_has_a_page_of_its_own(house: Trial) -> None:
    """The whole text, who wrote it, when, where; the original as canonical, and the neighbours in the issue."""
    page = client(create_app(house.house)).get(PAGES[3])

    assert "By Ruth &#34;R&#34; Adeyemi · 10 September 2026" in page.text
    assert "Nobody is rung at night." in page.text
    assert ("link", {"rel": "canonical", "href": "https://news.example.org/rota"}) in tags(page.text)
    assert [a["rel"] for tag, a in tags(page.text) if tag == "a" and "rel" in a] == ["prev"]


@pytest.mark.parametrize("path", ["/nothing", "/archive/nobody/", f"{HOME}2026-11/", f"{HOME}2026-10/x/", "/static/x"])
def test_what_is_not_there_is_said_in_plain_words(house: Trial, path: str) -> None:
    """A mistyped address, a draft, a strange name: the same page, without a word on what there is instead."""
    answer = client(create_app(house.house)).get(path)

    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "content-security-policy" in answer.headers


def test_no_page_holds_anything_of_a_reader(house: Trial) -> None:
    """The archive is for everybody: no address, no name, no token."""
    browser = client(create_app(house.house))

    for path in (*PAGES, *FEEDS):
        body = browser.get(path).text
        assert EMAIL not in body
        assert "Priya" not in body
        assert "/preferences/" not in body


def test_hostile_names_and_titles_stay_text(house: Trial) -> None:
    """Whatever stands in a title, a topic or a stored body, a browser finds no script, no handler, no inline style."""
    with house.house.store.write() as connection:
        stored = {**house.rows("article")[0]["content"]}
        stored["body_html"] = f"<p onclick='x()' style='color:red'>Kept {SCRIPT}<img src=x onerror=x()></p>"
        connection.execute(update(article).where(article.c.slug == stored["slug"]).values(content=stored))
    browser = client(create_app(house.house))

    for path in (*PAGES, house.unsubscribe, house.preferences):
        answer = browser.get(path)
        assert answer.status_code == 200
        for tag, attributes in tags(answer.text):
            assert tag not in ("script", "style", "img")
            assert not any(name == "style" or name.startswith("on") for name in attributes)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert NAME in [a.get("content") for tag, a in tags(browser.get(HOME).text) if tag == "meta"]


def test_feeds_are_atom_with_ids_that_stay(house: Trial) -> None:
    """RFC 4287: id, title, updated, author and links; an entry's id is the address frozen with its issue."""
    browser = client(create_app(house.house))

    answers = [browser.get(path) for path in FEEDS]
    whole, carers = (ET.fromstring(a.content) for a in answers)

    assert answers[0].headers["content-type"].startswith("application/atom+xml")
    assert whole.findtext("a:id", namespaces=ATOM) == f"http://testserver{FEEDS[0]}"
    ids = [entry.findtext("a:id", namespaces=ATOM) for entry in whole.findall("a:entry", ATOM)]
    assert f"http://testserver{PAGES[3]}" in ids
    assert len(ids) == len(set(ids)) == 3
    assert len(carers.findall("a:entry", ATOM)) == 2
    for entry in whole.findall("a:entry", ATOM):
        assert entry.findtext("a:updated", namespaces=ATOM) in ("2026-10-01T08:00:00Z", "2026-11-01T08:00:00Z")
        assert str(entry.findtext("a:content", namespaces=ATOM)).startswith("<p>")
        alternate = entry.find("a:link[@rel='alternate']", ATOM)
        assert alternate is not None
        assert browser.get(str(alternate.get("href"))).status_code == 200


def test_what_a_browser_has_already_is_not_sent_again(house: Trial) -> None:
    """A page, a feed and a file come with an ETag; asked with it, the answer is 304 and empty."""
    browser = client(create_app(house.house))

    for path in (HOME, FEEDS[0], f"{HOME}brand.css", "/static/site.css"):
        first = browser.get(path)
        again = browser.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert "max-age" in first.headers["cache-control"]


def test_the_archive_follows_what_is_published(house: Trial) -> None:
    """What is kept in memory is let go as soon as an issue comes out."""
    from digest.flow import approve, publish

    browser = client(create_app(house.house))
    before = browser.get(f"{HOME}2026-11/").status_code
    approve.approve(house.house, "quay/2026-11", by="editor")
    publish.publish(house.house, "quay/2026-11")

    assert (before, browser.get(f"{HOME}2026-11/").status_code) == (404, 200)


def test_health_is_a_word(house: Trial) -> None:
    """Whoever watches the service gets JSON, with the database asked."""
    answer = client(create_app(house.house)).get("/health")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_the_static_site_says_what_is_served(house: Trial, tmp_path: Path) -> None:
    """Every page of the folder is, tag by tag and word by word, the one served at its path, and each of its links leads
    to the same place; all else is the same to the byte. Only searching is otherwise, as no server answers there."""
    site = tmp_path / "site"
    count = build(house.house, site)

    browser = client(create_app(house.house))
    files = [file for file in site.rglob("*") if file.is_file() and not file.name.startswith(".")]
    pages = {f"/{file.relative_to(site).as_posix()}": file for file in files if "/search/" not in file.as_posix()}
    told = []
    for name, file in pages.items():
        path = name.removesuffix("index.html")
        answer = browser.get(path, follow_redirects=True)
        if file.suffix == ".html" and path != "/":  # the front page of a house with one newsletter leads to its archive
            assert seen(file.read_text(), name) == seen(answer.text, path), path
            told.append(path)
        elif path != "/":
            assert file.read_bytes() == answer.content, path
    assert set(told) >= set(PAGES)
    assert not list((site / "static").glob("preview.*"))
    assert count == len(files)


def seen(html: str, here: str) -> tuple[list[tuple[str, dict[str, str | None]]], str]:
    """What a page consists of, and what it says; links as places, however they are written."""

    def place(value: str) -> str:
        whole = urljoin(f"http://testserver{here}", value).removeprefix("http://testserver")
        return re.sub(r"\?v=\w+$|index\.html(?=$|#)", "", unquote(whole))

    leads = {"href", "src", "action"}
    return [
        (tag, {key: place(value) if key in leads and value else value for key, value in attributes.items()})
        for tag, attributes in tags(html)
    ], words(html)


def test_every_link_of_the_static_site_leads_to_a_file(house: Trial, tmp_path: Path) -> None:
    """Opened from the disk, no link, style sheet or icon is missing, and none begins at the disk's root."""
    site = tmp_path / "site"
    build(house.house, site)

    followed = 0
    for file in site.rglob("*.html"):
        for _tag, attributes in tags(file.read_text()):
            target = urldefrag(attributes.get("href") or attributes.get("src") or "").url
            if target and "://" not in target:
                assert not target.startswith("/")
                assert (site / unquote(urljoin(file.relative_to(site).as_posix(), target))).is_file()
                followed += 1
    assert followed > 50


def test_a_site_built_twice_is_the_same(house: Trial, tmp_path: Path) -> None:
    """Byte for byte; what an earlier build left and is no longer needed goes, and nothing is left beside it."""
    site = tmp_path / "out" / "site"
    build(house.house, site)
    first = {file.relative_to(site): file.read_bytes() for file in site.rglob("*") if file.is_file()}
    (site / "stale.html").write_text("old")
    build(house.house, site)

    assert {file.relative_to(site): file.read_bytes() for file in site.rglob("*") if file.is_file()} == first
    assert [each.name for each in site.parent.iterdir()] == ["site"]


def test_a_folder_with_other_files_is_left_alone(house: Trial, tmp_path: Path) -> None:
    """Naming the wrong folder must not cost anybody their work."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("years")

    with pytest.raises(SettingsRefused, match="holds other files"):
        build(house.house, tmp_path / "work")

    assert (tmp_path / "work" / "thesis.txt").read_text() == "years"


@pytest.mark.parametrize("accent", ["#ffff00", "#0f5c5c", "#fff", "#000000", "url(x)"])
def test_any_accent_becomes_one_that_can_be_read(accent: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 on paper and card and for the words on the accent; what is no colour is not used."""
    sheet = brand.stylesheet(Brand(accent=accent, accent_dark=accent)).decode()

    light = dict(part.split(": ") for part in sheet.split("{ ")[1].split(" }")[0].strip("; ").split("; "))
    assert colour.contrast(light["--accent"], "#f6f4ef") >= colour.READABLE
    assert colour.contrast(light["--accent"], light["--on-accent"]) >= colour.READABLE
    assert "url" not in sheet


@pytest.mark.parametrize("template", ["archive/home.html.j2", "base.html.j2"])
def test_a_broken_page_template_shows_no_trace(house: Trial, tmp_path: Path, template: str) -> None:
    """Readers get a plain sentence and the strict headers; file and line are for the log."""
    own = tmp_path / "own" / "web" / template
    own.parent.mkdir(parents=True)
    own.write_text("{{ nonsense.here }}")
    broken = replace(house.house, template_folders=(tmp_path / "own", *house.house.template_folders))

    answer = client(create_app(broken)).get(HOME)

    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "nonsense" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_forgotten_slash_leads_to_the_same_place_whatever_host_is_named(house: Trial) -> None:
    """The redirect names no host, so no request can have it lead elsewhere."""
    answer = client(create_app(house.house)).get(
        "/archive/quay", headers={"Host": "evil.example"}, follow_redirects=False
    )

    assert (answer.status_code, answer.headers["location"]) == (307, "/archive/quay/")
