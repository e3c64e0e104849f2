"""Readers' own pages: one-click unsubscribe (RFC 8058) and preferences. Whoever holds the link is the reader."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from digest.errors import TokenRefused
from digest.flow import sign_up
from digest.model.notice import RequestKind
from digest.web import choices, forms, preferences
from digest.web.archive_pages import ArchivePages
from digest.web.forms import Form, FormRefused, first
from digest.web.frame import PATHS, Frame, branded
from digest.web.kit import Kit
from digest.web.leaving import Leaving, not_subscribed
from digest.web.together import Together
from subscribers import directory
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.service import Subscribers
from subscribers.tokens import Purpose

#: Paths that hold somebody's token.
PRIVATE = ("/u/", "/preferences/")
#: What links in previews bear in place of a token.
PREVIEW = "preview"

_READ = ["GET", "HEAD"]
_SAVED = "Saved. Counts from the next issue."


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes = APIRouter()
    desk = _Desk(kit)

    @routes.api_route("/preferences/{token}", methods=_READ)
    def show(token: str) -> Response:
        return desk.preview() if token == PREVIEW else desk.show(token)

    @routes.post("/preferences/{token}")
    def change(token: str, request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        if token == PREVIEW:
            return desk.preview()
        match first(form, "do"):
            case "undo":
                return desk.leaving.undo(Purpose.PREFERENCES, token)
            case "link":
                return desk.send_link(token, forms.client(request))
        return desk.change(token, form)

    return routes


def one_click(kit: Kit) -> Router:
    """The page, the one click and the way back of unsubscribe links, to be mounted at `/u` together: after an issue
    they come by the thousand, and the framework's own way to a route takes longer than all that a click changes."""
    desk = _Desk(kit)

    def ask(request: Request) -> Response:
        token = request.path_params["token"]
        return desk.preview() if token == PREVIEW else desk.ask(token)

    async def unsubscribe(request: Request) -> Response:
        await forms.drain(request)
        token, for_people = request.path_params["token"], "text/html" in request.headers.get("accept", "")
        return desk.preview() if token == PREVIEW else await desk.unsubscribe(token, for_people=for_people)

    async def undo(request: Request) -> Response:
        await forms.drain(request)
        token = request.path_params["token"]
        return await run_in_threadpool(desk.leaving.undo, Purpose.UNSUBSCRIBE, token)

    asked = Route("/{token}", ask, methods=["GET"])
    done = [Route("/{token}", unsubscribe, methods=["POST"]), Route("/{token}/undo", undo, methods=["POST"])]
    return Router([asked, *done], redirect_slashes=False)


class _Desk:
    """Answers for one reader at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house
        self.leaving = Leaving(kit)
        self._together = Together(kit.house)

    def ask(self, token: str) -> Response:
        """The page before the button; opening it changes nothing, however often a scanner does."""
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.UNSUBSCRIBE, token)
            if held is None:
                return not_subscribed(self._kit)
            pages = self._kit.archive(connection, held.newsletter)
        if held.state is SubscriptionState.ENDED:
            return self.leaving.ended(held, pages, Purpose.UNSUBSCRIBE, token)
        return self._kit.html(
            "public/unsubscribe",
            self._frame(pages, "Unsubscribe"),
            address=masked(held.email),
            action=self._kit.linker("/", PATHS.unsubscribe(token)),
        )

    async def unsubscribe(self, token: str, *, for_people: bool) -> Response:
        """The one click. Answers 200 whatever the link, so that no mail program calls it broken and no one learns; a
        program, which shows nothing of it to anybody, gets a word in place of a page."""
        try:
            await self._together.leave(self._house.keys.read(Purpose.UNSUBSCRIBE, token))
        except TokenRefused:
            return self._no_longer(status=200)
        return await run_in_threadpool(self._left, token) if for_people else PlainTextResponse("Unsubscribed.")

    def _left(self, token: str) -> Response:
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.UNSUBSCRIBE, token)
            if held is None:
                return not_subscribed(self._kit)
            return self.leaving.ended(held, self._kit.archive(connection, held.newsletter), Purpose.UNSUBSCRIBE, token)

    def send_link(self, token: str, client: str) -> Response:
        """Have the link to all that we keep sent by mail: this page may be open before somebody a letter was passed
        on to. Raises TokenRefused."""
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.PREFERENCES, token)
            if held is None:
                return not_subscribed(self._kit)
            pages = self._kit.archive(connection, held.newsletter)
        sign_up.ask(self._house, RequestKind.LINK, held.newsletter, held.email, client=client)
        return self._page(token, held, pages, notice=f"A link is on its way to {masked(held.email)}.")

    def show(self, token: str) -> Response:
        """What a reader has chosen."""
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.PREFERENCES, token)
            if held is None:
                return not_subscribed(self._kit)
            return self._page(token, held, self._kit.archive(connection, held.newsletter))

    def change(self, token: str, form: Form) -> Response:
        """Do what the button says."""
        with self._house.store.read() as connection:  # all that takes time comes before the writing
            held = self._held(connection, Purpose.PREFERENCES, token)
            pages = None if held is None else self._kit.archive(connection, held.newsletter)
        if held is None or pages is None:
            return not_subscribed(self._kit)
        try:
            with self._house.store.write() as connection:
                held = directory.find(connection, held.id) or held
                if held.state is SubscriptionState.ENDED:
                    return self.leaving.ended(held, pages, Purpose.PREFERENCES, token)
                notice = self._carry_out(connection, held, pages, form)
                changed = directory.find(connection, held.id) or held
        except FormRefused as refused:
            return self._page(token, held, pages, refusal=str(refused), asked=form)
        return self._page(token, changed, pages, notice=notice)

    def preview(self) -> Response:
        """For links in previews, which belong to nobody."""
        return self._kit.message(
            "This link is from a preview",
            "Links for leaving, pausing and choosing topics do nothing in a preview. In a reader’s own copy they work.",
        )

    def _carry_out(self, connection: Connection, held: Subscription, pages: ArchivePages, form: Form) -> str:
        """Raises FormRefused before anything is written."""
        now, newsletter = self._house.clock.now(), pages.archive.publication.newsletter
        people = Subscribers(connection, self._house.keys, now=now, channel="page")
        match first(form, "do"):
            case "" | "save":
                asked = preferences.wish(form, pages.archive, held)
                people.choose(held, chosen=asked.chosen, cadence=asked.cadence)
                if "language" in form:
                    people.describe(held, language=preferences.language(form, self._house.tongues))
                return _SAVED
            case "pause" if held.state is not SubscriptionState.PENDING:
                until = preferences.pause_until(form, newsletter, now)
                people.pause(held, until)
                return f"Paused until {preferences.day(until, newsletter)}."
            case "resume":
                people.resume(held)
                return "Resumed. You get the next issue."
            case "unsubscribe":
                people.end(held)
                return ""
        raise FormRefused("This page has no such button. Nothing was changed.")

    def _held(self, connection: Connection, purpose: Purpose, token: str) -> Subscription | None:
        """The subscription of a link, None when its holder was erased. Raises TokenRefused."""
        return directory.find(connection, self._house.keys.read(purpose, token))

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
        return self._kit.html(
            "public/preferences",
            self._frame(pages, "Your topics"),
            status=400 if refusal else 200,
            action=self._kit.linker("/", PATHS.preferences(token)),
            leave=self._kit.linker("/", PATHS.leave(token)),
            languages=choices.languages(
                self._house.tongues,
                pages.archive.publication.newsletter,
                first(asked or {}, "language") or held.language,
            ),
            notice=notice,
            refusal=refusal,
            **preferences.view(pages.archive, held, self._house.clock.now(), asked),
        )

    def _no_longer(self, *, status: int) -> Response:
        return no_longer(self._kit, status=status)

    def _frame(self, pages: ArchivePages, title: str) -> Frame:
        newsletter = pages.archive.publication.newsletter
        return branded(self._kit.linker, "/", newsletter, title=f"{title}: {newsletter.name}", private=True)


def no_longer(kit: Kit, *, status: int) -> Response:
    """For a link that is not ours, too old, or for something else; it does not say which."""
    return kit.message(
        "This link no longer works",
        "Nothing was changed. Please use the link at the foot of your newest issue.",
        status=status,
    )
