"""Readers' own pages in a browser, in every state: good HTML, nothing for axe, and no word too long for a phone."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from digest.captcha.question import QuestionCheck
from digest.model.person import Task, Verdict
from digest.web.app import create_app
from digest.web.site import build
from subscribers.tokens import Purpose
from tests.support import walk
from tests.support.axe import OF_COLOURS, violations
from tests.support.browser import Windows
from tests.support.counter import FORM, Counter, Stencil, opened, stencil
from tests.support.html_checker import ALLOWED_IN_LETTERS, check, not_allowed
from tests.support.web_house import client, tags

__all__ = ["stencil"]

LANGUAGES = ("de", walk.PRETENDED)
LETTER = "letter in the browser"
#: Pages that no other test of axe opens, each in the state in which it has most on it.
FOR_AXE = (
    *("mistakes", "asked", "confirm", "confirmed", "nothing chosen", "paused", "own page at last", "no address"),
    *("not sure", "new address", "moved", "unsubscribed", "ended", "left everything", "copy", "question"),
    *("home by key", "issue by key", LETTER),
)
#: One of each template, and those with long words.
FOR_PHONES = (*FOR_AXE[:-1], "form", "preferences", "embed", "leave", "unsubscribe", "where", "nothing there", "erased")
PLACE = "http://pages.example/"


def address(language: str, name: str) -> str:
    """Where a page is shown."""
    return f"{PLACE}{language}/{name.replace(' ', '-')}"


@dataclass(frozen=True)
class Walked:
    """Pages by name, for each language, and what they load."""

    pages: dict[str, dict[str, str]]
    files: dict[str, tuple[str, bytes]]

    def show(self, windows: Windows, language: str, name: str) -> None:
        """Have the browser find it at its place."""
        windows.answers.update(self.files)
        windows.answers[address(language, name)] = ("text/html; charset=utf-8", self.pages[language][name].encode())


class Widget:
    """A check by a widget that is nobody's."""

    task = Task(field="token", script="https://widgets.example/api.js", widget="widget", site_key="public")

    def passed(self, answer: str, *, client: str) -> Verdict:
        """Never."""
        return Verdict.REFUSED


@pytest.fixture(scope="module")
def walked(stencil: Stencil, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    pages: dict[str, dict[str, str]] = {}
    files: dict[str, tuple[str, bytes]] = {}
    own = walk.pretended(tmp_path_factory.mktemp("own") / "templates")
    with ExitStack() as houses:
        for language in LANGUAGES:
            counter = houses.enter_context(opened(stencil, tmp_path_factory.mktemp(language)))
            counter = walk.speaking(counter, language, catalogues=own)
            found = walk.pages(counter, language)
            pages[language] = {name: page.text for name, page in found.items()} | asking(counter)
            pages[language] |= behind_a_key(counter)
            files |= loaded(counter, *(pages[language][name] for name in ("form", "home by key")))
        yield Walked(pages, files)


def asking(counter: Counter) -> dict[str, str]:
    """The form with each kind of check."""
    question = QuestionCheck("What is the name of our town?", ["St Ives"])
    houses = {
        "question": replace(counter.house, person_check=lambda: question),
        "widget": replace(counter.house, person_check=Widget),
    }
    return {name: client(create_app(house)).get(FORM).text for name, house in houses.items()}


def behind_a_key(counter: Counter) -> dict[str, str]:
    """The archive for its readers alone, and a letter in the browser; of the reader who is still there."""
    walk.changed(counter, private=True)
    sent = next(row["id"] for row in counter.trial.rows("delivery") if row["subscription_id"] == 2)
    key = {purpose: counter.house.keys.token(purpose, n) for purpose, n in ((Purpose.READ, 2), (Purpose.VIEW, sent))}
    home = f"/read/{key[Purpose.READ]}/archive/quay/"
    places = {"home by key": home, "issue by key": f"{home}2026-10/", LETTER: f"/view/{key[Purpose.VIEW]}"}
    answers = {name: counter.browser.get(place) for name, place in places.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.text for name, answer in answers.items()}


def loaded(counter: Counter, *pages: str) -> dict[str, tuple[str, bytes]]:
    """The style sheets and pictures of pages."""
    hrefs = [
        str(a["href"])
        for html in pages
        for tag, a in tags(html)
        if tag == "link" and a.get("rel") in ("stylesheet", "icon")
    ]
    answers = {href: counter.browser.get(href) for href in hrefs}
    return {f"{PLACE}{href.lstrip('/')}": (a.headers["content-type"], a.content) for href, a in answers.items()}


@pytest.mark.parametrize("name", FOR_AXE)
def test_axe_finds_nothing_in_a_readers_own_page(windows: Windows, walked: Walked, name: str) -> None:
    """By day and in the dark, in German, whose words are long."""
    walked.show(windows, "de", name)
    page = windows.open(width=390)
    page.goto(address("de", name))

    light = violations(page)
    page.emulate_media(color_scheme="dark")
    assert (light, violations(page, OF_COLOURS)) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_wider_than_the_smallest_phone(windows: Windows, walked: Walked, language: str) -> None:
    """Nothing has to be pushed aside to be read at 320 pixels, with words that are long or run from right to left."""
    page = windows.open(width=320, height=640)
    wide = {}
    for name in FOR_PHONES:
        walked.show(windows, language, name)
        page.goto(address(language, name))
        width = page.evaluate("document.documentElement.scrollWidth")
        wide |= {name: width} if width > 320 else {}

    assert wide == {}


def test_every_page_is_good_html(walked: Walked) -> None:
    """In every state, in a language from left to right and in one from right to left; nothing is allowed."""
    documents = {f"{name} in {tag}": html for tag, pages in walked.pages.items() for name, html in pages.items()}
    remarks = check(documents)

    assert len(documents) > 100
    assert not_allowed([r for r in remarks if not r.document.startswith(LETTER)], ()) == []
    assert not_allowed([r for r in remarks if r.document.startswith(LETTER)], ALLOWED_IN_LETTERS) == []


def test_a_folder_of_files_is_good_html(stencil: Stencil, tmp_path: Path) -> None:
    """All of a static site, with nothing allowed."""
    with opened(stencil, tmp_path / "house") as counter:
        build(counter.house, tmp_path / "site")
    site = {str(file): file.read_text() for file in (tmp_path / "site").rglob("*.html")}

    assert len(site) >= 10
    assert not_allowed(check(site), ()) == []
