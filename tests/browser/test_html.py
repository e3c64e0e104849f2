"""HTML: the W3C's checker over every letter as it is sent, over what Outlook makes of it, and over readers' pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.web.app import create_app
from digest.web.site import build
from subscribers.tokens import Purpose
from tests.browser import family
from tests.support.html_checker import ALLOWED_IN_LETTERS, Remark, as_outlook, check, not_allowed
from tests.support.web_house import TestClient, Trial, client, trial
from tests.unit.rendering.strict import parse

HOME = "/archive/quay/"
#: Letters that between them have all parts there are.
IN_OUTLOOK = ("five", "pictures", "brand", "right to left", "last", "confirmation", "welcome")
RIGHT = "<!doctype html><html lang=en><title>x</title><p>x"
WRONG = f"{RIGHT}<blink>y</blink><table><tr><td>"


def sent(name: str) -> str:
    """The HTML part of a letter, taken out of the bytes that go over the wire."""
    message = family.letters()[name]().message(family.personal(name), family.FIELDS)
    # A notice is no list's mail, so it lacks some of the fields that the strict reader asks for.
    return parse(message).html if b"\r\nList-Id: " in message else family.html(name)


@pytest.fixture(scope="module")
def said() -> dict[str, list[Remark]]:
    """What the checker says: of all letters, some of them as Outlook has them; of a right and of a wrong document."""
    letters = {name: sent(name) for name in family.letters()}
    outlooks = {f"{name} in Outlook": as_outlook(letters[name]) for name in IN_OUTLOOK}
    remarks = check(letters | outlooks | {"right": RIGHT, "wrong: <b>": WRONG})
    made_up = [remark for remark in remarks if remark.document in ("right", "wrong: <b>")]
    return {"letters": [remark for remark in remarks if remark not in made_up], "made up": made_up}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        yield furnished


def test_letters_are_good_html(said: dict[str, list[Remark]]) -> None:
    """But for what mail programs ask for and browsers do not."""
    assert not_allowed(said["letters"]) == []


@pytest.mark.parametrize("allowed", [pattern for pattern, _ in ALLOWED_IN_LETTERS])
def test_nothing_is_allowed_that_no_letter_needs(said: dict[str, list[Remark]], allowed: str) -> None:
    """What is not said any more is taken off the list."""
    assert any(re.fullmatch(allowed, remark.message) for remark in said["letters"])


def test_readers_pages_are_good_html(house: Trial, tmp_path: Path) -> None:
    """With nothing allowed: the archive, served and as files, a reader's own pages in each state, and refusals."""
    browser = client(create_app(house.house))
    home = browser.get(HOME).text
    places = ["2026-09/", "2026-09/budgets-for-carers-five-years-on/", "topics/carers/", "topics/money/", "2031-01/"]
    places += ["search/", "search/?q=carers", "search/?q=zebra"]
    pages = {"home": home} | {place: browser.get(f"{HOME}{place}").text for place in places}
    pages["preferences"] = browser.get(house.preferences).text
    pages["nothing chosen"] = browser.post(house.preferences, data={"do": "save", "cadence": "monthly"}).text
    pages["paused"] = browser.post(house.preferences, data={"do": "pause", "months": "3"}).text
    pages |= signing_up(browser) | own_pages(browser, house)
    build(house.house, tmp_path / "site")
    pages |= {str(file.relative_to(tmp_path)): file.read_text() for file in (tmp_path / "site").rglob("*.html")}
    pages["unsubscribe"] = browser.get(house.unsubscribe).text
    pages["unsubscribed"] = browser.post(house.unsubscribe).text
    pages["ended"] = browser.get(house.preferences).text

    assert not_allowed(check(pages), ()) == []


def signing_up(browser: TestClient) -> dict[str, str]:
    """The form, with and without mistakes, its answer, and the form for other sites."""
    form = "/subscribe/quay/"
    asked = {"email": "new@example.org", "topics": "all"}
    return {
        "form": browser.get(form).text,
        "mistakes": browser.post(form, data={"email": "no", "cadence": "hourly", "name": "a\0b"}).text,
        "once more": browser.post(form, data=asked).text,
        "embed": browser.get(f"{form}embed").text,
        "where": browser.get("/preferences/").text,
        "no address": browser.post("/preferences/", data={"email": ""}).text,
    }


def own_pages(browser: TestClient, house: Trial) -> dict[str, str]:
    """A reader's own page and what leads from it."""
    own = f"/about-you/{house.house.keys.token(Purpose.PERSON, 1)}"
    return {
        "own page": browser.get(own).text,
        "own page with a mistake": browser.post(own, data={"do": "address", "email": "no"}).text,
        "erase": browser.get(f"{own}/erase").text,
        "not sure": browser.post(f"{own}/erase").text,
        "leave": browser.get(f"{house.preferences}/leave").text,
    }


def test_the_checker_tells_what_is_wrong_and_where(said: dict[str, list[Remark]]) -> None:
    """Of each document by its name."""
    assert {remark.document for remark in said["made up"]} == {"wrong: <b>"}
    assert any("blink" in line for line in not_allowed(said["made up"]))


def test_outlook_sees_what_only_it_should() -> None:
    """And nothing that is hidden from it."""
    html = "a<!--[if mso | IE]>b<![endif]-->c<!--[if !mso]><!-->d<!--<![endif]-->e<!-- f --><!--[if mso]>g<![endif]-->"

    assert as_outlook(html) == "abce<!-- f -->g"
