"""A person's own page: all that we keep about them, their name and address, a copy, and the end of it all.

Its link works for a day and goes to the address itself: letters get passed on, and their links with them.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from digest.flow import person, purge, sign_up
from digest.flow.person import Person
from digest.model.notice import RequestKind
from digest.rendering.fragments import one_line
from digest.rendering.phrases import ENGLISH
from digest.storage import newsletters
from digest.web import forms, wishes
from digest.web.forms import Form, first
from digest.web.frame import PATHS, Frame, branded, plain
from digest.web.kit import Kit
from digest.web.signing_up import PREVIEW
from subscribers.address import masked
from subscribers.errors import ConsentRefused
from subscribers.preferences import EVERYTHING
from subscribers.tokens import Purpose

#: Paths that hold somebody's token.
PRIVATE = ("/about-you/", "/new-address/")
_READ = ["GET", "HEAD"]


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes = APIRouter()
    page = _OwnPage(kit)

    @routes.api_route("/preferences/", methods=_READ)
    def where() -> Response:
        return page.where()

    @routes.post("/preferences/")
    def ask(request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return page.ask(form, forms.client(request))

    @routes.api_route("/about-you/{token}", methods=_READ)
    def show(token: str) -> Response:
        return page.show(token)

    @routes.post("/about-you/{token}")
    def change(token: str, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return page.change(token, form)

    @routes.api_route("/about-you/{token}/copy.json", methods=_READ)
    def copy(token: str) -> Response:
        return page.copy(token)

    @routes.api_route("/about-you/{token}/erase", methods=_READ)
    def really(token: str) -> Response:
        return page.really(token)

    @routes.post("/about-you/{token}/erase")
    def erase(token: str, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return page.erase(token, form)

    @routes.api_route("/new-address/{token}", methods=_READ)
    def new_address(token: str) -> Response:
        return kit.message("This link is from a preview") if token == PREVIEW else page.new_address(token)

    @routes.post("/new-address/{token}", dependencies=[Depends(forms.drain)])
    def move(token: str) -> Response:
        return page.move(token)

    return routes


class _OwnPage:
    """Answers for one person at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house

    def where(self, email: str = "", mistakes: dict[str, str] | None = None) -> Response:
        """For who has lost their link: it is sent to the address."""
        return self._kit.html(
            "public/where",
            plain(self._kit.linker, "/", title="Your own page"),
            status=400 if mistakes else 200,
            action=self._kit.linker("/", PATHS.ask()),
            email=one_line(email)[:254],
            mistakes=mistakes or {},
        )

    def ask(self, form: Form, client: str) -> Response:
        """The same answer for every address."""
        email = first(form, "email")
        if wrong := wishes.wrong_address(email):
            return self.where(email, {"email": wrong})
        with self._house.store.read() as connection:
            slugs = newsletters.slugs(connection)
        if slugs:
            sign_up.ask(self._house, RequestKind.LINK, slugs[0], email, client=client)
        return self._kit.message(
            "Look into your mailbox",
            "If the address you gave is one of ours, a letter with the link is on its way. The link works for a day.",
            "We send one in an hour, and three in a day, however often they are asked for.",
        )

    def show(self, token: str, **said: object) -> Response:
        """All that is kept. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
            kept = person.kept(self._house, connection, found)
            frame = self._frame(connection, found, "About you")
            subscriptions = [self._subscription(connection, found, each.id) for each in found.subscriptions]
        action = self._kit.linker("/", PATHS.person(token))
        context = {"mistakes": {}, "notice": "", "email": "", **said}
        return self._kit.html(
            "public/own_page",
            frame,
            status=400 if context["mistakes"] else 200,
            address=found.email,
            name=found.name,
            since=ENGLISH.long_date(found.since.date()),
            subscriptions=subscriptions,
            kept={**kept, "consent": [_line(each) for each in kept["consent"]]},
            action=action,
            copy=f"{action}/copy.json",
            erase=f"{action}/erase",
            **context,
        )

    def change(self, token: str, form: Form) -> Response:
        """Another name, or another address. Raises TokenRefused, TooMany."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
        match first(form, "do"):
            case "name":
                person.rename(self._house, found, name=first(form, "name"))
                return self.show(token, notice="Saved.")
            case "address":
                email = first(form, "email")
                if wrong := wishes.wrong_address(email):
                    return self.show(token, mistakes={"email": wrong}, email=one_line(email)[:254])
                person.ask_new_address(self._house, found, email)
                return self.show(
                    token, notice="We have written to the new address. It counts once its link is confirmed there."
                )
        return self.show(token)

    def copy(self, token: str) -> Response:
        """Everything, to take away. Raises TokenRefused."""
        with self._house.store.read() as connection:
            kept = person.kept(self._house, connection, person.find(self._house, connection, token))
        body = json.dumps(kept, ensure_ascii=False, indent=2, default=lambda at: at.isoformat())
        headers = {"Content-Disposition": 'attachment; filename="about-you.json"'}
        return Response(body, media_type="application/json", headers=headers)

    def really(self, token: str, *, mistakes: dict[str, str] | None = None) -> Response:
        """Asks once more. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
            frame = self._frame(connection, found, "Erase everything")
        here = self._kit.linker("/", PATHS.person(token))
        return self._kit.html(
            "public/erase",
            frame,
            status=400 if mistakes else 200,
            address=found.email,
            action=f"{here}/erase",
            back=here,
            mistakes=mistakes or {},
        )

    def erase(self, token: str, form: Form) -> Response:
        """Forget them at once. Raises TokenRefused."""
        if first(form, "sure") != "yes":
            return self.really(token, mistakes={"sure": "Tick this if everything is to be erased."})
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
        purge.erase(self._house, found.email, channel="page")
        return self._kit.message(
            "Everything is erased",
            "Your address, name and choices are gone. A code stays from which nobody can make out your address, so "
            "that no list that somebody else brings can bring you back.",
            "Nothing comes from us any more.",
        )

    def new_address(self, token: str) -> Response:
        """Before the button; opening it changes nothing. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found, new = person.moving(self._house, connection, token)
            frame = self._frame(connection, found, "Confirm your new address")
        if found.email == new:
            return self._moved(frame, new)
        return self._kit.html(
            "public/new_address",
            frame,
            old=masked(found.email),
            new=masked(new),
            action=self._kit.linker("/", PATHS.address(token)),
        )

    def move(self, token: str) -> Response:
        """The yes of who holds the new address. Raises TokenRefused."""
        try:
            person.move(self._house, token)
        except ConsentRefused as refused:
            return self._kit.message("That address cannot be taken", str(refused), status=409)
        with self._house.store.read() as connection:
            found, new = person.moving(self._house, connection, token)
            return self._moved(self._frame(connection, found, "Your address has changed"), new)

    def _moved(self, frame: Frame, new: str) -> Response:
        return self._kit.message(
            "Your address has changed",
            f"We write to {masked(new)} from now on. The old address was told.",
            frame=frame,
        )

    def _subscription(self, connection: Connection, found: Person, subscription_id: int) -> dict[str, str]:
        held = next(each for each in found.subscriptions if each.id == subscription_id)
        publication = newsletters.load(connection, held.newsletter)
        names = [t.name for t in publication.topics if t.slug in (held.preference.topics or ())]
        token = self._house.keys.token(Purpose.PREFERENCES, held.id)
        return {
            "name": publication.newsletter.name,
            "state": held.state,
            "topics": ENGLISH.chosen(None if held.preference == EVERYTHING else names),
            "often": held.cadence,
            "href": self._kit.linker("/", PATHS.preferences(token)),
        }

    def _frame(self, connection: Connection, found: Person, title: str) -> Frame:
        publication = newsletters.load(connection, found.subscriptions[0].newsletter)
        return branded(self._kit.linker, "/", publication.newsletter, title=title, private=True)


def _line(record: dict[str, object]) -> dict[str, object]:
    """A consent's event as the page lists it."""
    return {**record, "at": f"{record['at']:%Y-%m-%d %H:%M}"}
