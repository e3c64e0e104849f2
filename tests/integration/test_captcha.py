"""A check that whoever signs up is a person: on the form, for programs, and when nobody can tell."""

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from digest import settings
from digest.bootstrap import open_house
from digest.errors import SettingsRefused
from digest.web.guard import POLICY, PRIVATE_POLICY
from tests.support.counter import FORM, NEW, Counter, counter, stencil
from tests.support.site import Site, site
from tests.support.web_house import tags, words

__all__ = ["counter", "site", "stencil"]

QUESTION = 'check = "question"\nquestion = "What is our town called?"\nanswers = ["St Ives"]'
SERVICE = """check = "service"
verify_url = "{at}/siteverify"
script_url = "https://widgets.example/api.js"
site_key = "public"
secret_file = "{folder}/secret"
widget_class = "h-captcha"
response_field = "h-captcha-response"
origins = ["https://*.widgets.example"]
timeout_seconds = 2
"""


def checked(counter: Counter, folder: Path, captcha: str) -> Counter:
    """The same counter with a check in its settings."""
    text = (folder / "digest.toml").read_text()
    (folder / "digest.toml").write_text(f"{text}[web.captcha]\n{captcha}\n")
    chosen = settings.load(folder)
    other = open_house(chosen)
    other.store.close()
    house = replace(counter.house, settings=chosen, person_check=other.person_check)
    return Counter(counter.trial, house, counter.clock, counter.box)


@pytest.fixture
def asking(counter: Counter, tmp_path: Path) -> Counter:
    return checked(counter, tmp_path, QUESTION)


@pytest.fixture
def verified(counter: Counter, tmp_path: Path, site: Site) -> Counter:
    (tmp_path / "secret").write_text("of-this-site\n")
    return checked(counter, tmp_path, SERVICE.format(at=site.address, folder=tmp_path))


def knows(site: Site, token: str) -> None:
    """Have the service know one token."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        posted = request.rfile.read(int(request.headers["Content-Length"])).decode()
        body = json.dumps({"success": f"response={token}&" in posted and "secret=of-this-site" in posted}).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    site.answers["/siteverify"] = answer


def letters(counter: Counter) -> list[str]:
    return [str(letter["To"]) for letter in counter.post()]


def test_by_default_nothing_is_asked_and_nothing_loaded(counter: Counter) -> None:
    """No script, no field, and the policy of every other page."""
    page = counter.browser.get(FORM)

    assert page.headers["content-security-policy"] == POLICY
    assert not any(tag == "script" for tag, _ in tags(page.text))
    assert not any(a.get("name") == "answer" for _, a in tags(page.text))


def test_a_question_stands_in_the_form_and_takes_its_answer(asking: Counter) -> None:
    """A wrong one is told beside its field, what else was typed stays; and nothing comes from elsewhere."""
    page = asking.browser.get(FORM)
    wrong = asking.ask(answer="Truro")
    none_yet = letters(asking)
    right = asking.ask(answer=" st. ives")

    assert "What is our town called?" in page.text
    assert page.headers["content-security-policy"] == POLICY
    assert (wrong.status_code, right.status_code) == (400, 200)
    assert "This is not the answer." in words(wrong.text)
    typed = {a.get("name"): a.get("value") for tag, a in tags(wrong.text) if tag == "input"}
    assert (typed["email"], typed["answer"]) == (NEW, "Truro")
    assert (none_yet, letters(asking)) == ([], [NEW])


def test_a_widget_stands_on_its_page_and_nowhere_else(verified: Counter) -> None:
    """Only that page lets in its script, and only from the hosts that are named; other pages are as strict as ever."""
    page, other = verified.browser.get(FORM), verified.browser.get("/preferences/")

    policy = page.headers["content-security-policy"]
    scripts = [a["src"] for tag, a in tags(page.text) if tag == "script"]
    assert scripts == ["https://widgets.example/api.js"]
    assert "script-src https://widgets.example https://*.widgets.example;" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")
    assert ("div", {"class": "h-captcha", "data-sitekey": "public"}) in tags(page.text)
    assert other.headers["content-security-policy"] == PRIVATE_POLICY


def test_a_token_is_verified_before_anything_is_kept(verified: Counter, site: Site) -> None:
    """Without one, or with one that the service does not know, nobody is written to."""
    knows(site, "good")
    answers = [verified.ask(**{"h-captcha-response": token}) for token in ("", "bad", "good")]

    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert "Please show that you are a person." in words(answers[0].text)
    assert letters(verified) == [NEW]


@pytest.mark.parametrize(("policy", "status", "written"), [("refuse", 503, []), ("accept", 200, [NEW])])
def test_when_nobody_can_tell_the_settings_decide(
    counter: Counter, tmp_path: Path, site: Site, policy: str, status: int, written: list[str]
) -> None:
    """Closed, in plain words and with all that was typed still there; or open, where a town hall would rather."""
    (tmp_path / "secret").write_text("of-this-site\n")
    more = SERVICE.format(at=site.address, folder=tmp_path) + f'when_unreachable = "{policy}"'
    house = checked(counter, tmp_path, more)

    answer = house.ask(**{"h-captcha-response": "any"})
    told = house.browser.post("/api/subscriptions", json={"newsletter": "quay", "email": NEW, "answer": "any"})

    assert answer.status_code == status
    assert ("We cannot check at the moment" in answer.text) == (policy == "refuse")
    assert told.status_code == (503 if policy == "refuse" else 202)
    assert letters(house) == written


def test_programs_bring_the_answer_too(asking: Counter) -> None:
    """In a field of its own, as there would else be a way around the form."""
    asked = {"newsletter": "quay", "email": NEW}
    without, wrong = (asking.browser.post("/api/subscriptions", json=asked | more) for more in ({}, {"answer": "no"}))
    right = asking.browser.post("/api/subscriptions", json={**asked, "answer": "St Ives"})

    assert [answer.status_code for answer in (without, wrong, right)] == [400, 400, 202]
    assert without.json()["errors"] == [{"field": "answer", "message": "This is not the answer. Please try again."}]


def test_a_program_that_fell_into_the_trap_is_not_verified(verified: Counter, site: Site) -> None:
    """It hears what everybody hears, and the service is not troubled."""
    answer = verified.ask(website="https://spam.example", **{"h-captcha-response": "any"})

    assert answer.status_code == 200
    assert site.asked == []


@pytest.mark.parametrize(
    ("captcha", "complaint"),
    [
        ('check = "question"', "needs question and answers"),
        ('check = "service"', "needs verify_url"),
        ('verify_url = "http://verify.example/"', "https://"),
        ('script_url = "javascript:alert(1)"', "script_url"),
        ('origins = ["https://x.example; script-src *"]', "origins"),
        ('origins = ["*"]', "origins"),
        ('check = "riddle"', "check"),
    ],
)
def test_half_a_check_is_refused_when_settings_are_read(tmp_path: Path, captcha: str, complaint: str) -> None:
    """Not when the first reader comes; and no setting widens the policy by more than a host."""
    (tmp_path / "digest.toml").write_text(f"[web.captcha]\n{captcha}\n")

    with pytest.raises(SettingsRefused, match=complaint):
        settings.load(tmp_path)


def test_a_secret_that_cannot_be_read_is_named(counter: Counter, tmp_path: Path, site: Site) -> None:
    """When the pages are opened, in words for whoever set it up."""
    with pytest.raises(SettingsRefused, match="secret_file"):
        checked(counter, tmp_path, SERVICE.format(at=site.address, folder="/nowhere"))
