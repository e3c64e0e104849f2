"""A person's own page: all that we keep about them, their name and address, a copy, and the end of it all.

Its link works for a day and goes to the address itself: letters get passed on, and their links with them.
"""

import json
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from digest.flow import person, purge, sign_up
from digest.flow.person import Person
from digest.model.newsletter import Newsletter
from digest.model.notice import RequestKind
from digest.rendering.fragments import one_line
from digest.rendering.tongues import marked
from digest.storage import newsletters
from digest.web import forms, records, wishes
from digest.web.forms import Form, first
from digest.web.frame import PATHS, plain
from digest.web.hearing import voice_for
from digest.web.kit import Kit
from digest.web.signing_up import PREVIEW
from digest.web.voice import Voice
from subscribers.address import masked
from subscribers.directory import Subscription
from subscribers.errors import ConsentRefused, UnknownReader
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
    def where(request: Request) -> Response:
        return page.where(voice_for(kit, request))

    @routes.post("/preferences/")
    def ask(request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return page.ask(form, request)

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
    def new_address(token: str, request: Request) -> Response:
        return page.preview(request) if token == PREVIEW else page.new_address(token)

    @routes.post("/new-address/{token}", dependencies=[Depends(forms.drain)])
    def move(token: str) -> Response:
        return page.move(token)

    return routes


class _OwnPage:
    """Answers for one person at a time."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house

    def where(self, voice: Voice, email: str = "", mistake: str = "") -> Response:
        """For who has lost their link: it is sent to the address."""
        response = self._kit.html(
            "public/where",
            plain(self._kit.linker, "/", title=voice.say("Your own page"), language=voice.tag),
            status=400 if mistake else 200,
            action=self._kit.linker("/", PATHS.ask()),
            email=one_line(email)[:254],
            mistakes={"email": voice.say(mistake)} if mistake else {},
        )
        response.headers["Vary"] = "Accept-Language"
        return response

    def ask(self, form: Form, request: Request) -> Response:
        """The same answer for every address. Raises TooMany."""
        email, voice = first(form, "email"), voice_for(self._kit, request)
        if wrong := wishes.wrong_address(email):
            return self.where(voice, email, wrong)
        with self._house.store.read() as connection:
            slugs = newsletters.slugs(connection)
        if slugs:
            sign_up.ask(self._house, RequestKind.LINK, slugs[0], email, client=forms.client(request))
        return self._kit.word(
            voice,
            voice.say("Look into your mailbox"),
            voice.say(
                "If the address you gave is one of ours, a letter with the link is on its way. The link works for a "
                "day."
            ),
            voice.say("We send one in an hour, and three in a day, however often they are asked for."),
        )

    def show(self, token: str, *, notice: str = "", mistake: str = "", email: str = "") -> Response:
        """All that is kept; what is said besides is marked. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
            kept = person.kept(self._house, connection, found)
            newsletter, voice = self._spoken(connection, found)
            subscriptions = [self._subscription(connection, held, voice) for held in found.subscriptions]
        action = self._kit.linker("/", PATHS.person(token))
        return self._kit.html(
            "public/own_page",
            self._kit.private(voice, newsletter, voice.say("About you")),
            status=400 if mistake else 200,
            address=found.email,
            name=found.name,
            since=voice.long_date(found.since.date()),
            subscriptions=subscriptions,
            kept=records.told(voice, kept),
            action=action,
            copy=f"{action}/copy.json",
            erase=f"{action}/erase",
            notice=voice.say(notice) if notice else "",
            mistakes={"email": voice.say(mistake)} if mistake else {},
            email=email,
        )

    def change(self, token: str, form: Form) -> Response:
        """Another name, or another address. Raises TokenRefused, TooMany."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
        match first(form, "do"):
            case "name":
                person.rename(self._house, found, name=first(form, "name"))
                return self.show(token, notice=marked("Saved."))
            case "address":
                email = first(form, "email")
                if wrong := wishes.wrong_address(email):
                    return self.show(token, mistake=wrong, email=one_line(email)[:254])
                person.ask_new_address(self._house, found, email)
                return self.show(
                    token,
                    notice=marked("We have written to the new address. It counts once its link is confirmed there."),
                )
        return self.show(token)

    def copy(self, token: str) -> Response:
        """Everything, to take away. Raises TokenRefused."""
        with self._house.store.read() as connection:
            kept = person.kept(self._house, connection, person.find(self._house, connection, token))
        body = json.dumps(kept, ensure_ascii=False, indent=2, default=lambda at: at.isoformat())
        headers = {"Content-Disposition": 'attachment; filename="about-you.json"'}
        return Response(body, media_type="application/json", headers=headers)

    def really(self, token: str, *, mistake: str = "") -> Response:
        """Asks once more. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
            newsletter, voice = self._spoken(connection, found)
        here = self._kit.linker("/", PATHS.person(token))
        return self._kit.html(
            "public/erase",
            self._kit.private(voice, newsletter, voice.say("Erase everything")),
            status=400 if mistake else 200,
            address=found.email,
            action=f"{here}/erase",
            back=here,
            mistakes={"sure": voice.say(mistake)} if mistake else {},
        )

    def erase(self, token: str, form: Form) -> Response:
        """Forget them at once. Raises TokenRefused."""
        if first(form, "sure") != "yes":
            return self.really(token, mistake=marked("Tick this if everything is to be erased."))
        with self._house.store.read() as connection:
            found = person.find(self._house, connection, token)
            _, voice = self._spoken(connection, found)
        with suppress(UnknownReader):  # in another window, just now
            purge.erase(self._house, found.email, channel="page")
        return self._kit.word(
            voice,
            voice.say("Everything is erased"),
            voice.say(
                "Your address, name and choices are gone. A code stays from which nobody can make out your address, so "
                "that no list that somebody else brings can bring you back."
            ),
            voice.say("Nothing comes from us any more."),
        )

    def new_address(self, token: str) -> Response:
        """Before the button; opening it changes nothing. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found, new = person.moving(self._house, connection, token)
            newsletter, voice = self._spoken(connection, found)
        if found.email == new:
            return self._moved(newsletter, voice, new)
        return self._kit.html(
            "public/new_address",
            self._kit.private(voice, newsletter, voice.say("Confirm your new address")),
            old=masked(found.email),
            new=masked(new),
            action=self._kit.linker("/", PATHS.address(token)),
        )

    def move(self, token: str) -> Response:
        """The yes of who holds the new address. Raises TokenRefused."""
        with self._house.store.read() as connection:
            found, new = person.moving(self._house, connection, token)
            newsletter, voice = self._spoken(connection, found)
        try:
            person.move(self._house, token)
        except ConsentRefused:
            refused = voice.say("That address cannot be taken")
            why = voice.say(
                "It has subscriptions of its own, or we may not write to it. Choose another, or use its own page."
            )
            return self._kit.message(self._kit.private(voice, newsletter, refused), refused, why, status=409)
        return self._moved(newsletter, voice, new)

    def preview(self, request: Request) -> Response:
        """For links in previews, which belong to nobody."""
        voice = voice_for(self._kit, request)
        what = voice.say("In a reader’s own copy it confirms a new address.")
        return self._kit.word(voice, voice.say("This link is from a preview"), what)

    def _moved(self, newsletter: Newsletter, voice: Voice, new: str) -> Response:
        changed = voice.say("Your address has changed")
        said = voice.say("We write to %(address)s from now on. The old address was told.", address=masked(new))
        return self._kit.message(self._kit.private(voice, newsletter, changed), changed, said)

    def _subscription(self, connection: Connection, held: Subscription, voice: Voice) -> dict[str, str]:
        publication = newsletters.load(connection, held.newsletter)
        names = [t.name for t in publication.topics if t.slug in (held.preference.topics or ())]
        token = self._house.keys.token(Purpose.PREFERENCES, held.id)
        return {
            "name": publication.newsletter.name,
            "state": records.state(voice, held.state),
            "topics": voice.phrases.chosen(None if held.preference == EVERYTHING else names),
            "often": records.often(voice, held.cadence),
            "href": self._kit.linker("/", PATHS.preferences(token)),
        }

    def _spoken(self, connection: Connection, found: Person) -> tuple[Newsletter, Voice]:
        """In the colours of the newsletter they have had longest."""
        newsletter = newsletters.load(connection, found.subscriptions[0].newsletter).newsletter
        return newsletter, self._kit.voice(newsletter, found.language)
