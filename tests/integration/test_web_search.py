"""Searching past issues: the page of results, whatever is typed, and the files of a static site."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.web.app import create_app
from digest.web.search_page import page_number
from digest.web.site import build
from tests.contract.test_storage_search import HOSTILE
from tests.support.web_house import SCRIPT, Trial, client, tags, trial, words

HOME = "/archive/quay/"
SEARCH = f"{HOME}search/"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        yield furnished


def test_what_is_found_leads_to_the_pieces_and_their_issues(house: Trial) -> None:
    """Title and words around with the found ones marked; the words stay in the field."""
    page = client(create_app(house.house)).get(SEARCH, params={"q": "forms"})

    links = [a["href"] for tag, a in tags(page.text) if tag == "a"]
    assert "1 piece found" in words(page.text)
    assert "Nobody reads the <mark>forms</mark>." in page.text
    assert {f"{HOME}2026-09/budgets-for-carers-five-years-on/", f"{HOME}2026-09/"} <= set(links)
    assert [a["value"] for tag, a in tags(page.text) if a.get("id") == "q"] == ["forms"]


def test_marks_are_the_only_tags_in_a_result(house: Trial) -> None:
    """A title that is markup is shown as it is written, also where it is what was found."""
    page = client(create_app(house.house)).get(SEARCH, params={"q": "script rota"})

    assert SCRIPT not in page.text
    assert "&lt;<mark>script</mark>&gt;alert(1)" in page.text


def test_a_search_without_result_says_what_to_try(house: Trial) -> None:
    """With what was typed, as text."""
    page = client(create_app(house.house)).get(SEARCH, params={"q": f"zebra {SCRIPT}"})

    assert SCRIPT not in page.text
    assert "Nothing was found for “zebra" in words(page.text)
    assert "Try fewer words" in page.text


def test_a_page_of_results_is_no_page_for_search_engines(house: Trial) -> None:
    """It is told so, and robots.txt keeps them from asking for one after the other."""
    browser = client(create_app(house.house))

    page = browser.get(SEARCH, params={"q": "carers"})

    assert ("meta", {"name": "robots", "content": "noindex"}) in tags(page.text)
    assert "Disallow: /archive/*/search/" in browser.get("/robots.txt").text


@pytest.mark.parametrize("page", ["0", "-1", "2", "51", "999999999999", "x", "", "²", "1e3"])
def test_any_page_number_is_answered(house: Trial, page: str) -> None:
    """The first for what is none, nothing behind the last."""
    answer = client(create_app(house.house)).get(SEARCH, params={"q": "carers", "page": page})

    assert answer.status_code == 200
    assert "2 pieces found" in words(answer.text)
    assert 1 <= page_number(page) <= 50


def test_hostile_words_are_words(house: Trial) -> None:
    """Whatever is typed the answer is a page, and nothing of it stands in it as markup."""
    browser = client(create_app(house.house))

    for typed in HOSTILE:
        answer = browser.get(SEARCH, params={"q": typed.encode("utf-8", "replace")})
        assert answer.status_code == 200, typed
        assert "<script>" not in answer.text


def test_an_archive_that_is_not_there_has_no_search(house: Trial) -> None:
    """It is a page like any other."""
    assert client(create_app(house.house)).get("/archive/nobody/search/", params={"q": "x"}).status_code == 404


def test_a_static_site_brings_what_it_searches(house: Trial, tmp_path: Path) -> None:
    """Every piece with its words, in a file that stays small; without scripts the page says what to do instead."""
    build(house.house, tmp_path / "site")
    folder = tmp_path / "site" / "archive" / "quay" / "search"

    told = json.loads((folder / "1.json").read_text())
    page = (folder / "index.html").read_text()

    assert told[0]["href"].startswith("../2026-10/")
    assert all((folder / piece["href"]).resolve().is_file() for piece in told)
    assert "forms" in next(piece for piece in told if "budgets" in piece["href"])["words"] + told[1]["summary"]
    assert ("script", {"src": "../../../static/search.js", "defer": None}) in tags(page)
    assert "<noscript>" in page
    assert (tmp_path / "site" / "static" / "search.js").is_file()
