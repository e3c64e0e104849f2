"""Leaving a topic, a newsletter or everything, and taking it back within the hour."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from digest.errors import ConsentRefused
from digest.flow import person
from digest.rendering.tongues import marked
from digest.web import forms, holder, preferences
from digest.web.archive_pages import ArchivePages
from digest.web.forms import Form, FormRefused, first
from digest.web.frame import PATHS
from digest.web.kit import Kit
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.second_thoughts import can_take_back
from subscribers.tokens import Purpose


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes, leaving = APIRouter(), Leaving(kit)

    @routes.api_route("/preferences/{token}/leave", methods=["GET", "HEAD"])
    def ask(token: str) -> Response:
        return leaving.ask(token)

    @routes.post("/preferences/{token}/leave")
    def leave(token: str, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return leaving.leave(token, form)

    return routes


class Leaving:
    """Answers for whoever leaves."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house

    def undo(self, purpose: Purpose, token: str) -> Response:
        """Take a leaving back, within the hour; says so where it is too late. Raises TokenRefused, or Erased, as all of
        these do."""
        held, pages, voice = holder.find(self._kit, purpose, token)
        try:
            person.take_back(self._house, held)
        except ConsentRefused:
            return self.ended(held, pages, purpose, token)
        newsletter = pages.archive.publication.newsletter
        goes_on = voice.say("Your subscription to %(newsletter)s goes on as it was.", newsletter=newsletter.name)
        back = voice.say("You are back")
        return self._kit.message(self._kit.private(voice, newsletter, back), back, goes_on)

    def ask(self, token: str) -> Response:
        """The page that asks what to leave."""
        held, pages, voice = holder.find(self._kit, Purpose.PREFERENCES, token)
        if held.state is SubscriptionState.ENDED:
            return self.ended(held, pages, Purpose.PREFERENCES, token)
        return self._kit.html(
            "public/leave",
            self._kit.private(voice, pages.archive.publication.newsletter, voice.say("Leave")),
            address=masked(held.email),
            action=self._kit.linker("/", PATHS.leave(token)),
            back=self._kit.linker("/", PATHS.preferences(token)),
            topics=preferences.leavable(pages.archive, held),
            reasons=[(value, voice.say(words)) for value, words in preferences.REASONS],
        )

    def leave(self, token: str, form: Form) -> Response:
        """Leave what was chosen. Raises FormRefused."""
        held, pages, voice = holder.find(self._kit, Purpose.PREFERENCES, token)
        what, why = first(form, "what"), first(form, "why")
        topic = what.removeprefix("topic:") if what.startswith("topic:") else ""
        if topic and topic not in [each["slug"] for each in preferences.leavable(pages.archive, held)]:
            raise FormRefused(marked("That is not one of your topics. Nothing was changed."))
        person.leave(self._house, held, topic=topic, everything=what == "everything", why=why)
        changed, _, _ = holder.find(self._kit, Purpose.PREFERENCES, token)
        if changed.state is SubscriptionState.ENDED:
            return self.ended(changed, pages, Purpose.PREFERENCES, token, everything=what == "everything")
        saved = voice.say("Saved")
        return self._kit.message(
            self._kit.private(voice, pages.archive.publication.newsletter, saved),
            saved,
            voice.say("That topic comes no more; your others go on."),
            onward=(voice.say("Back to your topics"), self._kit.linker("/", PATHS.preferences(token))),
        )

    def ended(
        self, held: Subscription, pages: ArchivePages, purpose: Purpose, token: str, *, everything: bool = False
    ) -> Response:
        """The page afterwards, with a button that takes it back for as long as that can be."""
        newsletter = pages.archive.publication.newsletter
        voice = self._kit.voice(newsletter, held.language)
        undo = PATHS.preferences(token) if purpose is Purpose.PREFERENCES else f"{PATHS.unsubscribe(token)}/undo"
        return self._kit.html(
            "public/ended",
            self._kit.private(voice, newsletter, voice.say("Unsubscribed")),
            address=masked(held.email),
            everything=everything,
            undo=self._kit.linker("/", undo) if can_take_back(held, self._house.clock.now()) else "",
            archive=self._kit.past_issues(newsletter),
            again=self._kit.linker("/", PATHS.subscribe(newsletter.slug)),
        )
