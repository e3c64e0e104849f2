"""The web app: readers' own pages, the archive, and a word on health."""

import logging
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from digest.errors import Again, BadTemplate, ConsentRefused, Problem, TokenRefused, UnknownName
from digest.flow.house import House
from digest.flow.sign_up import TooMany
from digest.rendering.tongues import marked
from digest.web import api, archive, leaving, own_page, public, reading, signing_up
from digest.web.door import Door
from digest.web.forms import FormRefused
from digest.web.guard import Guard
from digest.web.hearing import accepted, voice_for
from digest.web.holder import Erased
from digest.web.kit import Kit, conditional, open_kit
from digest.web.page import Page
from digest.web.voice import Voice

#: What bears its version in its address never changes there.
_FOR_GOOD = "public, max-age=31536000, immutable"
_READ = ["GET", "HEAD"]
_log = logging.getLogger(__name__)


def create_app(house: House) -> Door:
    """Every public page of a house. Raises SettingsRefused."""
    kit = open_kit(house)
    _ = kit.proving  # what it takes is read now, and not when the first reader comes
    faults = _Faults(kit)
    private = (*public.PRIVATE, *signing_up.PRIVATE, *own_page.PRIVATE, *reading.PRIVATE)
    guard = partial(Guard, broken=faults.broken, private=private, prefix=kit.prefix)
    whole = _whole(kit)
    whole.add_middleware(guard)
    busy = {"/archive/": archive.shelves(kit), "/u/": public.one_click(kit)}
    return Door(whole, busy, {Problem: faults.problem, HTTPException: faults.refused}, guard, prefix=kit.prefix)


def _whole(kit: Kit) -> FastAPI:
    # Its own redirects would name whatever host the request claims to be for.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(own_page.router(kit))
    app.include_router(leaving.router(kit))
    app.include_router(public.router(kit))
    app.include_router(signing_up.router(kit))
    app.include_router(api.router(kit))
    app.include_router(reading.router(kit))
    app.include_router(archive.router(kit))
    add_files(app, kit)
    _add_health(app, kit.house)
    return app


def add_files(app: FastAPI, kit: Kit) -> None:
    """Have an app serve our files."""

    @app.api_route("/static/{name:path}", methods=_READ)
    def static(request: Request, name: str) -> Response:
        return file_response(kit, request, name)


def file_response(kit: Kit, request: Request, name: str) -> Response:
    """One of our files. Only those found at the start are served, so no name can lead anywhere else."""
    asset = kit.files.get(f"/static/{name}")
    if asset is None:
        raise HTTPException(404)
    page = Page(path=f"/static/{name}", media_type=asset.media_type, body=asset.body)
    if request.query_params.get("v") == asset.version:
        return conditional(request, page, keep=_FOR_GOOD)
    return conditional(request, page)


def _add_health(app: FastAPI, house: House) -> None:
    @app.api_route("/health", methods=_READ)
    def health() -> Response:
        try:
            with house.store.read() as connection:
                connection.execute(select(1))
        except Again:
            return _health(503, status="unavailable", database="does not answer")
        return _health(200, status="ok", database="ok")


def _health(code: int, **words: Any) -> Response:
    return JSONResponse(words, status_code=code, headers={"Cache-Control": "no-store"})


def _lacks_slash(request: Request) -> bool:
    """Whether somebody wrote the address of a page without the slash at its end."""
    path = request.url.path
    listed = "/archive/" in path or "/subscribe/" in path
    return request.method in _READ and listed and not path.endswith("/") and "." not in path


def _with_slash(path: str) -> Response:
    return RedirectResponse(f"{quote('/' + path.lstrip('/'))}/", status_code=307)


class _Faults:
    """Turns what went wrong into a page of plain words; what only an admin can use goes to the log."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def problem(self, request: Request, problem: Exception) -> Response:
        """A problem of our own tree."""
        voice = voice_for(self._kit, request)
        say = voice.say
        match problem:
            case TokenRefused():
                return public.no_longer(self._kit, voice, status=404)
            case Erased():
                nothing = say("Nothing goes to you by this link any more.")
                return self._kit.word(voice, say("You are not subscribed"), nothing)
            case FormRefused():
                return self._say(request, voice, 400, say("That did not work"), voice.problem(problem))
            case UnknownName():
                return self._missing(request, voice)
            case ConsentRefused():  # somebody, or they themselves in another window, did the same at the same moment
                words = say("Something was changed just now. Please look at it again.")
                return self._say(request, voice, 409, say("That did not work"), words)
            case TooMany():
                return self._say(request, voice, 429, say("Not so fast"), voice.problem(problem), again="3600")
            case Again():
                _log.warning("%s", problem)
                words = say("We cannot do this at the moment. Nothing was lost; please try again.")
                return self._say(request, voice, 503, say("Not just now"), words, again="60")
        # For the guard, which writes it to the log and answers with the page below.
        raise problem

    def refused(self, request: Request, refused: Exception) -> Response:
        """What the framework turned away: no such page, no such method."""
        status = refused.status_code if isinstance(refused, HTTPException) else 400
        headers = dict(getattr(refused, "headers", None) or {})
        if status == 404 and _lacks_slash(request):
            return _with_slash(request.url.path)
        voice = voice_for(self._kit, request)
        if status == 404:
            return self._missing(request, voice)
        words = voice.say("This page cannot be used that way.")
        response = self._say(request, voice, status, voice.say("That did not work"), words)
        response.headers.update(headers)
        return response

    def broken(self, request: Request) -> Response:
        """What nobody foresaw. Plain text when it is the pages' own template, or a catalogue, that is broken."""
        words = marked("Something went wrong on our side, and has been noted. Please try again later.")
        try:
            # Not by the path: to ask the database may be what has just failed.
            voice = self._kit.speaking(accepted(request, self._kit.house.tongues))
            return self._say(request, voice, 500, voice.say("Something went wrong"), voice.say(words))
        except BadTemplate:
            return PlainTextResponse(words, status_code=500)

    def _say(
        self, request: Request, voice: Voice, status: int, heading: str, words: str, *, again: str = ""
    ) -> Response:
        """A page for people, JSON for programs."""
        if api.is_for(request, self._kit.prefix):
            response = api.refused(status, {"": words})
        else:
            response = self._kit.word(voice, heading, words, status=status)
        if again:
            response.headers["Retry-After"] = again
        return response

    def _missing(self, request: Request, voice: Voice) -> Response:
        if api.is_for(request, self._kit.prefix):
            return api.refused(404, {"": voice.say("There is nothing at this address.")})
        return self._kit.word(
            voice,
            voice.say("There is no such page"),
            voice.say(
                "The address may be mistyped, or the issue may not be out yet. What is for a newsletter’s readers "
                "alone opens by the links in their letters."
            ),
            onward=(voice.say("All newsletters and past issues"), self._kit.linker("/", "/")),
            status=404,
        )
