"""What every check of a person keeps to, whatever it asks; and what each does besides."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest

from digest.captcha.nothing import NoCheck
from digest.captcha.question import QuestionCheck
from digest.captcha.siteverify import SiteverifyCheck
from digest.model.person import Task, Verdict
from digest.ports import PersonCheck
from tests.support.site import Site, site

__all__ = ["site"]

SECRET, TOKEN = "of-this-site", "a-token-of-the-widget"
#: What is right for each adapter, and what is not.
RIGHT = {"nothing": "", "question": "st. ives", "siteverify": TOKEN}
WRONG = {"question": "St Malo", "siteverify": "made-up"}
AWKWARD = ["", " ", "\0", "x" * 100_000, "\ud83d", "é\u2028&secret=mine", "'; DROP TABLE subscriber"]

Asked = list[dict[str, list[str]]]


@pytest.fixture
def asked(site: Site) -> Asked:
    """A service that knows one token; what it was asked."""
    seen: Asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        seen.append(parse_qs(body))
        success = seen[-1]["response"] == [TOKEN] and seen[-1]["secret"] == [SECRET]
        _say(request, json.dumps({"success": success, "error-codes": []}).encode())

    site.answers["/siteverify"] = answer
    return seen


def _say(request: BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def service(site: Site, path: str = "/siteverify", *, seconds: float = 5) -> SiteverifyCheck:
    task = Task(field="token", script="https://widgets.example/api.js", widget="widget", site_key="public")
    return SiteverifyCheck(task=task, verify_url=site.address + path, secret=SECRET, timeout_seconds=seconds)


@pytest.fixture(params=["nothing", "question", "siteverify"])
def check(request: pytest.FixtureRequest, site: Site, asked: Asked) -> tuple[str, PersonCheck]:
    made: dict[str, Callable[[], PersonCheck]] = {
        "nothing": NoCheck,
        "question": lambda: QuestionCheck("What is our town called?", ["St Ives", "Saint Ives"]),
        "siteverify": lambda: service(site),
    }
    return request.param, made[request.param]()


def test_the_right_answer_passes_and_again(check: tuple[str, PersonCheck]) -> None:
    """Whether a token may be used twice is for its service to say."""
    name, adapter = check

    assert [adapter.passed(RIGHT[name], client="192.0.2.7") for _ in range(2)] == [Verdict.PASSED] * 2


def test_a_wrong_answer_is_refused(check: tuple[str, PersonCheck]) -> None:
    """Where anything is asked at all."""
    name, adapter = check
    if name not in WRONG:
        pytest.skip("it asks nothing")

    assert adapter.passed(WRONG[name], client="") is Verdict.REFUSED
    assert adapter.passed("", client="") is Verdict.REFUSED


@pytest.mark.parametrize("answer", AWKWARD)
def test_whatever_comes_has_a_verdict(check: tuple[str, PersonCheck], answer: str) -> None:
    """Nothing that is typed or sent raises."""
    name, adapter = check

    assert adapter.passed(answer, client="2001:db8::1") in (set(Verdict) if name == "nothing" else {Verdict.REFUSED})


def test_what_a_form_shows_is_complete(check: tuple[str, PersonCheck]) -> None:
    """Nothing, a question with a field, or a widget with all it is made of."""
    task = check[1].task

    shown = (bool(task.field), bool(task.question), bool(task.script and task.widget and task.site_key))
    assert shown in {(False, False, False), (True, True, False), (True, False, True)}


@pytest.mark.parametrize("answer", ["St Ives", " st  IVES. ", "saint ives", "SAINT-IVES", "ＳＴ Ｉｖｅｓ"])
def test_an_answer_counts_however_it_is_written(answer: str) -> None:
    """Capitals, spaces, stops and widths are nobody's mistake."""
    adapter = QuestionCheck("Our town?", ["St Ives", "Saint Ives"])

    assert adapter.passed(answer, client="") is Verdict.PASSED


def test_an_answer_of_signs_alone_never_counts() -> None:
    """Not even where an administrator left such a one in the settings."""
    assert QuestionCheck("?", ["", "…"]).passed("...", client="") is Verdict.REFUSED


def test_a_service_is_asked_by_the_common_protocol(site: Site, asked: Asked) -> None:
    """Secret, response and remoteip, by POST, and nothing else of anybody."""
    adapter = service(site)
    adapter.passed(TOKEN, client="192.0.2.7")
    adapter.passed("", client="192.0.2.7")

    assert asked == [{"secret": [SECRET], "response": [TOKEN], "remoteip": ["192.0.2.7"]}]
    assert SECRET not in repr(adapter)


@pytest.mark.parametrize(
    ("body", "status", "more"),
    [
        (b"<html>", 200, {}),
        (b"[]", 200, {}),
        (b'{"success": "yes"}', 200, {}),
        (b"{}", 200, {}),
        (b"[" * 50_000, 200, {}),
        (b'"' + b"x" * 100_000, 200, {}),
        (b"", 500, {}),
        (b'{"success": true}', 403, {}),
        (b"", 302, {"Location": "/siteverify"}),
    ],
)
def test_a_service_that_says_nothing_useful_tells_nothing(
    site: Site, asked: Asked, body: bytes, status: int, more: dict[str, str]
) -> None:
    """It is not followed elsewhere either, as the secret would go there."""
    site.page("/odd", body, status, **more)

    assert service(site, "/odd").passed(TOKEN, client="") is Verdict.UNKNOWN
    assert asked == []


def test_a_service_that_is_not_there_or_too_slow_tells_nothing(site: Site) -> None:
    """In the time that is set, also where it sends byte after byte."""

    def trickle(request: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
            request.wfile.write(bytes([byte]))
            if site.over.wait(0.05):
                return

    site.answers["/slow"] = trickle
    began = time.monotonic()
    slow = service(site, "/slow", seconds=0.3).passed(TOKEN, client="")
    took = time.monotonic() - began
    gone = SiteverifyCheck(task=Task(), verify_url="http://127.0.0.1:1/", secret=SECRET, timeout_seconds=2)

    assert (slow, gone.passed(TOKEN, client="")) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert took < 3
