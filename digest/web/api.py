"""The JSON endpoint to sign somebody up, by the same rules as the form: double opt-in, one answer, the same limits."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from digest.errors import Again, UnknownName
from digest.flow import sign_up
from digest.flow.sign_up import TooMany
from digest.model.notice import RequestKind
from digest.rendering.tongues import marked
from digest.storage import newsletters
from digest.web import forms, openapi, proving, wishes
from digest.web.hearing import voice_for
from digest.web.kit import Kit, conditional
from digest.web.page import Page
from digest.web.wishes import Mistakes

#: All that lies here is for programs: whatever goes wrong, they hear JSON.
ROOT = "/api/"
PATH = f"{ROOT}subscriptions"
_FIELDS = frozenset({"newsletter", *wishes.FIELDS, proving.FIELD})
_NO_FIELD = marked("There is no such field; there are answer, cadence, email, language, name, newsletter and topics.")
_ASKED = marked(
    "If that address can be subscribed, a letter is on its way; the subscription begins when its link is confirmed."
)


class _Later(Again):
    """Nobody can tell just now whether it is a person who asks."""


def router(kit: Kit) -> APIRouter:
    """The route, on one kit."""
    routes = APIRouter()
    told = json.dumps(openapi.document(kit.house.links.base), ensure_ascii=False, indent=1).encode()
    description = Page(path=openapi.PATH, media_type="application/json", body=told)

    @routes.post(PATH)
    def subscribe(request: Request, body: Annotated[bytes, Depends(forms.body)]) -> Response:
        voice = voice_for(kit, request)
        # A page elsewhere can make a browser post a form to us, but not JSON without asking us first.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return refused(415, {"": voice.say("Send JSON, with the content type application/json.")})
        try:
            _take(kit, _object(body), forms.client(request))
        except _Later as later:
            return refused(503, {proving.FIELD: voice.problem(later)}, {"Retry-After": "60"})
        except Mistakes as mistakes:
            return refused(400, {field: voice.say(words) for field, words in mistakes.by_field.items()})
        except UnknownName:
            return refused(404, {"newsletter": voice.say("There is no such newsletter.")})
        except TooMany as refusal:
            return refused(429, {"": voice.problem(refusal)}, {"Retry-After": "3600"})
        return _answer(202, {"status": "asked", "message": voice.say(_ASKED)})

    @routes.api_route(openapi.PATH, methods=["GET", "HEAD"])
    def described(request: Request) -> Response:
        return conditional(request, description)

    return routes


def is_for(request: Request, prefix: str) -> bool:
    """Whether a request is for one of the addresses of programs."""
    path: str = request.scope["path"]
    return path.removeprefix(prefix).startswith(ROOT)


def _take(kit: Kit, asked: dict[str, Any], client: str) -> None:
    """Raises Mistakes, UnknownName, TooMany, or _Later."""
    slug = _text(asked, "newsletter")
    if not slug:
        raise Mistakes({"newsletter": marked("Say which newsletter.")})
    with kit.house.store.read() as connection:
        publication = newsletters.load(connection, slug)
    texts = {name: _text(asked, name) for name in ("email", "cadence", "name", "language")}
    wished = wishes.read(publication, kit.house.tongues, topics=_topics(asked), **texts)
    proof = kit.proving.of(_text(asked, proving.FIELD), client)
    if proof.mistake:
        raise _Later(proof.mistake) if proof.later else Mistakes({proving.FIELD: proof.mistake})
    sign_up.ask(kit.house, RequestKind.SIGN_UP, slug, wished.email, wished.wish, client=client)


def _object(body: bytes) -> dict[str, Any]:
    try:
        # An escaped half of a pair is JSON, but no text.
        asked = json.loads(json.dumps(json.loads(body), ensure_ascii=False).encode())
    except (ValueError, RecursionError) as error:
        raise Mistakes({"": marked("This is not JSON in UTF-8.")}) from error
    if not isinstance(asked, dict):
        raise Mistakes({"": marked("Send one object, such as {“newsletter”: …, “email”: …}.")})
    if strange := sorted(set(asked) - _FIELDS):
        raise Mistakes({strange[0][:40]: _NO_FIELD})
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise Mistakes({name: marked("This has to be a text.")})
    return value


def _topics(asked: dict[str, Any]) -> list[str]:
    topics = asked.get("topics", ["all"])
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise Mistakes({"topics": marked("This has to be a list of topics’ slugs, or [“all”].")})
    return topics


def refused(status: int, errors: dict[str, str], headers: dict[str, str] | None = None) -> Response:
    """What programs hear when something cannot be taken, by field; an empty field for all of it."""
    told = [{"field": field, "message": message} for field, message in errors.items()]
    return _answer(status, {"status": "refused", "errors": told}, headers)


def _answer(status: int, words: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(words, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})
