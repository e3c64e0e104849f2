"""What a reader's own key opens: their letters in the browser, and the archive of a private newsletter."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from digest.errors import TokenRefused
from digest.flow.reread import COPY, reread
from digest.web import sitemap
from digest.web.archive import PAGES, searched
from digest.web.archive_pages import ArchivePages
from digest.web.frame import PATHS
from digest.web.hearing import voice_for
from digest.web.hrefs import Linker
from digest.web.kit import Kit, conditional
from digest.web.page import Page
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.tokens import Purpose

#: Paths that hold somebody's token.
PRIVATE = ("/view/", "/read/")
#: What links in previews bear in place of a token.
_PREVIEW = "preview"
_READ = ["GET"]  # and with it HEAD
_READERS = (SubscriptionState.ACTIVE, SubscriptionState.PAUSED)
#: A letter brings its own style, and nothing else; its links open as everywhere.
_LETTER_POLICY = (
    "default-src 'none'; img-src https:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes, room = APIRouter(), _Room(kit)
    routes.add_route("/view/{token}", room.letter, _READ)
    archive = "/read/{token}/archive/{newsletter}/"
    routes.add_route(f"{archive}search/", room.of(lambda pages, request: searched(kit, pages, request)), _READ)
    for place, make in PAGES.items():
        if place == sitemap.NAME:  # no search engine should know them
            continue
        routes.add_route(f"{archive}{place}", room.of(_made_by(make)), _READ)
    return routes


def _made_by(make: Callable[[ArchivePages, Mapping[str, str]], Page]) -> Callable[[ArchivePages, Request], Page]:
    return lambda pages, request: make(pages, request.path_params)


class _Room:
    """Answers whoever has a key."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house

    def letter(self, request: Request) -> Response:
        """A letter as its reader got it; GET changes nothing, and nothing in it can."""
        token = request.path_params["token"]
        if token in (_PREVIEW, COPY):
            return self._nobodys(request)
        with self._house.store.read() as connection:
            html = reread(self._house, connection, token)
        return HTMLResponse(html, headers={"Content-Security-Policy": _LETTER_POLICY})

    def of(self, make: Callable[[ArchivePages, Request], Page]) -> Callable[[Request], Response]:
        """What answers with one kind of page of a private archive."""

        def answer(request: Request) -> Response:
            token, newsletter = request.path_params["token"], request.path_params["newsletter"]
            if token == _PREVIEW:
                return self._nobodys(request)
            with self._house.store.read() as connection:
                self._must_read(connection, token, newsletter)
                pages = self._kit.archive(connection, newsletter)
            if not pages.archive.publication.newsletter.private:
                open_path = request.url.path.partition(f"/read/{token}")[2]
                return RedirectResponse(self._kit.linker("/", open_path), status_code=302)
            return conditional(request, make(self._opened(pages, token), request), keep="no-store")

        return answer

    def _must_read(self, connection: Connection, token: str, newsletter: str) -> None:
        """Raises TokenRefused, also for whoever has left."""
        held = directory.find(connection, self._house.keys.read(Purpose.READ, token))
        if held is None or held.newsletter != newsletter or held.state not in _READERS:
            raise TokenRefused("This link does not work, or no longer.", remedy="Use the link in your newest issue.")

    def _opened(self, pages: ArchivePages, token: str) -> ArchivePages:
        """The pages with the reader's key in each link among them."""
        key = PATHS.reading(token)
        base = f"{self._house.links.base}{key}"
        return replace(pages, linker=_keyed(self._kit.linker, key, pages.slug), base=base, keyed=True)

    def _nobodys(self, request: Request) -> Response:
        """For links that belong to nobody: of a preview, or of a copy in the browser."""
        voice = voice_for(self._kit, request)
        if request.path_params["token"] == _PREVIEW:
            return self._kit.word(
                voice,
                voice.say("This link is from a preview"),
                voice.say("In a reader’s own copy it shows the letter in the browser, or past issues."),
            )
        return self._kit.word(
            voice,
            voice.say("This copy is for reading"),
            voice.say(
                "It may have been passed on, so nothing can be changed from it. The links for changing topics, pausing "
                "and unsubscribing are in the letter itself, in your mailbox."
            ),
        )


def _keyed(linker: Linker, key: str, newsletter: str) -> Linker:
    """Links within one archive bear the key; its colours are nobody's secret."""
    home = PATHS.archive(newsletter)

    def link(here: str, to: str) -> str:
        bears = to.startswith(home) and not to.endswith(".css")
        return linker(here, f"{key}{to}" if bears else to)

    return link
