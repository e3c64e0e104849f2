"""What answers JSON does as its own description says, whatever it is asked: nothing undescribed, never a fault."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi.openapi.utils import get_openapi
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, Config, GenerationMode
from schemathesis.generation.feedback import NO_FEEDBACK

from digest.web import openapi
from digest.web.app import create_app
from digest.web.archive import PAGES
from digest.web.door import Door
from subscribers.tokens import Purpose
from tests.support.web_house import Trial, client, trial

#: So many tries of what is read, and twice as many of what is posted; each takes some ten milliseconds.
TRIES = 12
FEED, TOPIC_FEED = "/archive/{newsletter}/feed.json", "/archive/{newsletter}/topics/{topic}/feed.json"
COPY, SUBSCRIBE = "/about-you/{token}/copy.json", "/api/subscriptions"

_RIGHT, _WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        sign_up = furnished.house.settings.sign_up.model_copy(update={"network_per_hour": 100_000})
        patient = furnished.house.settings.model_copy(update={"sign_up": sign_up})
        yield replace(furnished, house=replace(furnished.house, settings=patient))


@pytest.fixture(scope="module")
def app(house: Trial) -> Door:
    return create_app(house.house)


def _tried(app: Door, document: dict[str, Any], path: str, mode: GenerationMode) -> set[int]:
    """Ask in many ways, and hold each answer to the description: status, type, headers, body. Returns the statuses."""
    schema = schemathesis.openapi.from_dict(document, config=Config())
    schema.app = app
    [method] = schema[path]
    statuses = set()

    tries = 2 * TRIES if path == SUBSCRIBE else TRIES

    @settings(max_examples=tries, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(schema[path][method].as_strategy(mode, feedback=NO_FEEDBACK))
    def conforms(case: Case) -> None:
        statuses.add(case.call_and_validate().status_code)

    conforms()
    return statuses


def _known(house: Trial) -> dict[str, Any]:
    """The description with what is known here in place of any text: so there is something at most addresses."""
    document = deepcopy(openapi.document("http://testserver"))
    person = house.house.keys.token(Purpose.PERSON, house.rows("subscriber")[0]["id"])
    here = {
        "newsletter": ["quay"],
        "topic": ["carers", "night"],
        "token": [person, house.preferences.rpartition("/")[2]],
        "If-None-Match": ["*"],
        "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "tomorrow"],
    }
    for path in (FEED, TOPIC_FEED, COPY):
        parameters = document["paths"][path]["get"]["parameters"]
        document["paths"][path]["get"]["parameters"] = [
            {**each, "schema": {"enum": here[each["name"]]}} for each in parameters
        ]
    return document


def _sensible(document: dict[str, Any], mode: GenerationMode) -> dict[str, Any]:
    """The description with what this newsletter has: all that it allows must be taken, all else be refused."""
    body = document["paths"][SUBSCRIBE]["post"]["requestBody"]["content"]["application/json"]["schema"]
    known = {
        "newsletter": {"enum": ["quay"]},
        "email": {"type": "string", "pattern": r"^[a-z0-9]{1,30}@[a-z]{1,20}\.example$"},
        "topics": {"type": "array", "items": {"enum": ["carers", "money", "all"]}, "minItems": 1},
        "cadence": {"enum": ["monthly", "quarterly"]},
        "name": {"type": "string", "pattern": "^[A-Za-zÀ-ž ]{0,40}$"} if mode is _RIGHT else {"type": "string"},
        "language": {"enum": ["de", "en", "en-GB"]},
        "answer": {"type": "string"},
    }
    assert set(known) == set(body["properties"])
    document["paths"][SUBSCRIBE]["post"]["requestBody"]["content"]["application/json"]["schema"] = {
        **body,
        "properties": known,
    }
    return document


def test_the_description_is_one_by_its_own_standard(app: Door) -> None:
    """OpenAPI 3.1, served where programs look for it, and the same to the byte for as long as nothing changes."""
    browser = client(app)
    told = browser.get(openapi.PATH)

    schemathesis.openapi.from_dict(told.json(), config=Config()).validate()
    assert told.json()["servers"] == [{"url": "http://testserver"}]
    assert browser.get(openapi.PATH, headers={"If-None-Match": told.headers["etag"]}).status_code == 304


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
def test_all_that_answers_json_is_described(app: Door) -> None:
    """What is under /api, and what ends in .json."""
    described = set(openapi.document("")["paths"])
    paths = {
        *get_openapi(title="", version="", routes=app.whole.routes)["paths"],
        *(f"/archive/{{newsletter}}/{p}" for p in PAGES),
    }

    assert {path for path in paths if path.startswith("/api/") or path.endswith(".json")} | {"/health"} == described


def test_texts_that_nobody_has_heard_of_are_refused(app: Door, house: Trial) -> None:
    """Whatever signs they are made of, as newsletters, topics, names, languages."""
    assert _tried(app, _known(house), SUBSCRIBE, _RIGHT) <= {400, 404}


@pytest.mark.parametrize(("mode", "statuses"), [(_RIGHT, {202}), (_WRONG, {400, 404, 415})], ids=str)
def test_what_is_described_is_taken_and_nothing_else(
    app: Door, house: Trial, mode: GenerationMode, statuses: set[int]
) -> None:
    """For a newsletter, topics and frequencies that there are; one field of the wrong kind, and all is refused."""
    assert _tried(app, _sensible(_known(house), mode), SUBSCRIBE, mode) <= statuses


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        (FEED, {200, 304}),
        (TOPIC_FEED, {200, 304, 404}),
        (COPY, {200, 404}),
        (openapi.PATH, {200}),
        ("/health", {200}),
    ],
)
def test_what_is_read_is_as_described(app: Door, house: Trial, path: str, statuses: set[int]) -> None:
    """Each field of each answer; where there is nothing, a page says so."""
    assert _tried(app, _known(house), path, _RIGHT) == statuses


@pytest.mark.parametrize("path", [FEED, TOPIC_FEED, COPY])
def test_strange_addresses_lead_nowhere(app: Door, path: str) -> None:
    """Whatever stands in the place of a slug or a token."""
    assert _tried(app, deepcopy(openapi.document("http://testserver")), path, _RIGHT) == {404}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", SUBSCRIBE, 405), ("DELETE", SUBSCRIBE, 405), ("POST", openapi.PATH, 405), ("GET", "/api/people", 404)],
)
def test_programs_hear_json_when_nothing_answers_there(app: Door, method: str, path: str, status: int) -> None:
    """And which methods there are (RFC 9110, 15.5.6); pages are for people."""
    answer = client(app).request(method, path)

    assert (answer.status_code, answer.json()["status"]) == (status, "refused")
    assert ("allow" in answer.headers) == (status == 405)


def test_programs_hear_json_when_it_was_too_much(app: Door) -> None:
    """More than any wish takes is not read to its end."""
    answer = client(app).post(SUBSCRIBE, content=b"[" * 70_000, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == ""
