"""Readers' own pages: one-click unsubscribe (RFC 8058) and preferences. Whoever holds the link is the reader."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import TokenRefused
from digest.flow import sign_up
from digest.model.notice import RequestKind
from digest.rendering.tongues import marked
from digest.web import choices, forms, holder, preferences
from digest.web.archive_pages import ArchivePages
from digest.web.forms import Form, FormRefused, first
from digest.web.frame import PATHS
from digest.web.hearing import voice_for
from digest.web.kit import Kit
from digest.web.leaving import Leaving
from digest.web.together import Together
from digest.web.voice import Voice
from subscribers import directory
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.service import Subscribers
from subscribers.tokens import Purpose

#: Paths that hold somebody's token.
PRIVATE = ("/u/", "/preferences/")
#: For programs.
_DONE = PlainTextResponse("Unsubscribed.")
#: What links in previews bear in place of a token.
PREVIEW = "preview"

_READ = ["GET", "HEAD"]


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes = APIRouter()
    desk = _Desk(kit)

    @routes.api_route("/preferences/{token}", methods=_READ)
    def show(token: str, request: Request) -> Response:
        return desk.preview(request) if token == PREVIEW else desk.show(token)

    @routes.post("/preferences/{token}")
    def change(token: str, request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        if token == PREVIEW:
            return desk.preview(request)
        match first(form, "do"):
            case "undo":
                return desk.leaving.undo(Purpose.PREFERENCES, token)
            case "link":
                return desk.send_link(token, forms.client(request))
        return desk.change(token, form)

    return routes


def one_click(kit: Kit) -> list[Route]:
    """The page, the one click and the way back of unsubscribe links, under `/u/`: they come by the thousand after an
    issue."""
    desk = _Desk(kit)

    def ask(request: Request) -> Response:
        token = request.path_params["token"]
        return desk.preview(request) if token == PREVIEW else desk.ask(token)

    async def unsubscribe(request: Request) -> Response:
        await forms.drain(request)
        if request.path_params["token"] == PREVIEW:
            return await run_in_threadpool(desk.preview, request)
        return await desk.unsubscribe(request)

    async def undo(request: Request) -> Response:
        await forms.drain(request)
        token = request.path_params["token"]
        return await run_in_threadpool(desk.leaving.undo, Purpose.UNSUBSCRIBE, token)

    return [
        Route("/u/{token}", unsubscribe, methods=["POST"]),
        Route("/u/{token}", ask, methods=["GET"]),
        Route("/u/{token}/undo", undo, methods=["POST"]),
    ]


class _Desk:
    """Answers for one reader at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house
        self.leaving = Leaving(kit)
        self._together = Together(kit.house)

    def ask(self, token: str) -> Response:
        """The page before the button; opening it changes nothing, however often a scanner does. Raises TokenRefused,
        or Erased, as all of these do."""
        held, pages, voice = holder.find(self._kit, Purpose.UNSUBSCRIBE, token)
        if held.state is SubscriptionState.ENDED:
            return self.leaving.ended(held, pages, Purpose.UNSUBSCRIBE, token)
        newsletter = pages.archive.publication.newsletter
        return self._kit.html(
            "public/unsubscribe",
            self._kit.private(voice, newsletter, voice.say("Unsubscribe")),
            address=masked(held.email),
            action=self._kit.linker("/", PATHS.unsubscribe(token)),
        )

    async def unsubscribe(self, request: Request) -> Response:
        """The one click. Answers 200 whatever the link, so that no mail program calls it broken and no one learns; a
        program, which shows nothing of it to anybody, gets a word in place of a page."""
        token, for_people = request.path_params["token"], "text/html" in request.headers.get("accept", "")
        try:
            await self._together.leave(self._house.keys.read(Purpose.UNSUBSCRIBE, token))
        except TokenRefused:
            return await run_in_threadpool(self._refused, request)
        return await run_in_threadpool(self._left, token) if for_people else _DONE

    def _refused(self, request: Request) -> Response:
        return no_longer(self._kit, voice_for(self._kit, request), status=200)

    def _left(self, token: str) -> Response:
        held, pages, _ = holder.find(self._kit, Purpose.UNSUBSCRIBE, token)
        return self.leaving.ended(held, pages, Purpose.UNSUBSCRIBE, token)

    def send_link(self, token: str, client: str) -> Response:
        """Have the link to all that we keep sent by mail: this page may be open before somebody a letter was passed
        on to. Raises TooMany."""
        held, pages, voice = holder.find(self._kit, Purpose.PREFERENCES, token)
        sign_up.ask(self._house, RequestKind.LINK, held.newsletter, held.email, client=client)
        notice = voice.say("A link is on its way to %(address)s.", address=masked(held.email))
        return self._page(token, held, pages, notice=notice)

    def show(self, token: str) -> Response:
        """What a reader has chosen."""
        held, pages, _ = holder.find(self._kit, Purpose.PREFERENCES, token)
        return self._page(token, held, pages)

    def change(self, token: str, form: Form) -> Response:
        """Do what the button says."""
        held, pages, voice = holder.find(
            self._kit, Purpose.PREFERENCES, token
        )  # all that takes time comes before the writing
        try:
            with self._house.store.write() as connection:
                held = directory.find(connection, held.id) or held
                if held.state is SubscriptionState.ENDED:
                    return self.leaving.ended(held, pages, Purpose.PREFERENCES, token)
                done = self._carry_out(connection, held, pages, form)
                changed = directory.find(connection, held.id) or held
        except FormRefused as refused:
            return self._page(token, held, pages, refusal=voice.problem(refused), asked=form)
        return self._page(token, changed, pages, notice=self._told(done, changed, pages))

    def preview(self, request: Request) -> Response:
        """For links in previews, which belong to nobody."""
        voice = voice_for(self._kit, request)
        return self._kit.word(
            voice,
            voice.say("This link is from a preview"),
            voice.say(
                "Links for leaving, pausing and choosing topics do nothing in a preview. In a reader’s own copy they "
                "work."
            ),
        )

    def _carry_out(self, connection: Connection, held: Subscription, pages: ArchivePages, form: Form) -> str:
        """What was done, in marked words. Raises FormRefused before anything is written."""
        now, newsletter = self._house.clock.now(), pages.archive.publication.newsletter
        people = Subscribers(connection, self._house.keys, now=now, channel="page")
        match first(form, "do"):
            case "" | "save":
                asked = preferences.wish(form, pages.archive, held)
                people.choose(held, chosen=asked.chosen, cadence=asked.cadence)
                if "language" in form:
                    people.describe(held, language=preferences.language(form, self._house.tongues))
                return marked("Saved. Counts from the next issue.")
            case "pause" if held.state is not SubscriptionState.PENDING:
                people.pause(held, preferences.pause_until(form, newsletter, now))
                return marked("Paused until %(date)s.")
            case "resume":
                people.resume(held)
                return marked("Resumed. You get the next issue.")
            case "unsubscribe":
                people.end(held)
                return ""
        raise FormRefused(marked("This page has no such button. Nothing was changed."))

    def _told(self, done: str, changed: Subscription, pages: ArchivePages) -> str:
        """In the language that was perhaps just chosen."""
        newsletter, until = pages.archive.publication.newsletter, changed.paused_until
        voice = self._kit.voice(newsletter, changed.language)
        return voice.say(done, date=preferences.day(until, newsletter, voice) if until else "") if done else ""

    def _page(
        self,
        token: str,
        held: Subscription,
        pages: ArchivePages,
        *,
        notice: str = "",
        refusal: str = "",
        asked: Form | None = None,
    ) -> Response:
        if held.state is SubscriptionState.ENDED:
            return self.leaving.ended(held, pages, Purpose.PREFERENCES, token)
        newsletter = pages.archive.publication.newsletter
        voice, now = self._kit.voice(newsletter, held.language), self._house.clock.now()
        liked = first(asked or {}, "language") or held.language
        return self._kit.html(
            "public/preferences",
            self._kit.private(voice, newsletter, voice.say("Your topics")),
            status=400 if refusal else 200,
            action=self._kit.linker("/", PATHS.preferences(token)),
            leave=self._kit.linker("/", PATHS.leave(token)),
            languages=choices.languages(self._house.tongues, newsletter, liked),
            notice=notice,
            refusal=refusal,
            **preferences.view(pages.archive, held, now, voice, asked),
        )


def no_longer(kit: Kit, voice: Voice, *, status: int) -> Response:
    """For a link that is not ours, too old, or for something else; it does not say which."""
    return kit.word(
        voice,
        voice.say("This link no longer works"),
        voice.say("Nothing was changed. Please use the link at the foot of your newest issue."),
        status=status,
    )
