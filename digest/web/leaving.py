"""Leaving a topic, a newsletter or everything, and taking it back within the hour."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import Response

from digest.errors import ConsentRefused
from digest.flow import person
from digest.web import forms, preferences
from digest.web.archive_pages import ArchivePages
from digest.web.forms import Form, FormRefused, first
from digest.web.frame import PATHS, Frame, branded
from digest.web.kit import Kit
from subscribers import directory
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
        """Take a leaving back, within the hour. Raises TokenRefused; says so where it is too late."""
        with self._house.store.read() as connection:
            held = self._held(connection, purpose, token)
            if held is None:
                return not_subscribed(self._kit)
            pages = self._kit.archive(connection, held.newsletter)
        try:
            person.take_back(self._house, held)
        except ConsentRefused:
            return self.ended(held, pages, purpose, token)
        return self._kit.message(
            "You are back",
            f"Your subscription to {pages.archive.publication.newsletter.name} goes on as it was.",
            frame=self._frame(pages, "You are back"),
        )

    def ask(self, token: str) -> Response:
        """The page that asks what to leave."""
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.PREFERENCES, token)
            if held is None:
                return not_subscribed(self._kit)
            pages = self._kit.archive(connection, held.newsletter)
        if held.state is SubscriptionState.ENDED:
            return self.ended(held, pages, Purpose.PREFERENCES, token)
        return self._kit.html(
            "public/leave",
            self._frame(pages, "Leave"),
            address=masked(held.email),
            action=self._kit.linker("/", PATHS.leave(token)),
            back=self._kit.linker("/", PATHS.preferences(token)),
            topics=preferences.leavable(pages.archive, held),
            reasons=preferences.REASONS,
        )

    def leave(self, token: str, form: Form) -> Response:
        """Leave what was chosen."""
        with self._house.store.read() as connection:
            held = self._held(connection, Purpose.PREFERENCES, token)
            if held is None:
                return not_subscribed(self._kit)
            pages = self._kit.archive(connection, held.newsletter)
        what, why = first(form, "what"), first(form, "why")
        topic = what.removeprefix("topic:") if what.startswith("topic:") else ""
        if topic and topic not in [each["slug"] for each in preferences.leavable(pages.archive, held)]:
            raise FormRefused("That is not one of your topics. Nothing was changed.")
        person.leave(self._house, held, topic=topic, everything=what == "everything", why=why)
        with self._house.store.read() as connection:
            changed = self._held(connection, Purpose.PREFERENCES, token) or held
        if changed.state is SubscriptionState.ENDED:
            return self.ended(changed, pages, Purpose.PREFERENCES, token, everything=what == "everything")
        return self._kit.message(
            "Saved",
            "That topic comes no more; your others go on.",
            frame=self._frame(pages, "Saved"),
            onward=("Back to your topics", self._kit.linker("/", PATHS.preferences(token))),
        )

    def ended(
        self, held: Subscription, pages: ArchivePages, purpose: Purpose, token: str, *, everything: bool = False
    ) -> Response:
        """The page afterwards, with a button that takes it back for as long as that can be."""
        newsletter = pages.archive.publication.newsletter
        undo = PATHS.preferences(token) if purpose is Purpose.PREFERENCES else f"{PATHS.unsubscribe(token)}/undo"
        return self._kit.html(
            "public/ended",
            self._frame(pages, "Unsubscribed"),
            address=masked(held.email),
            everything=everything,
            undo=self._kit.linker("/", undo) if can_take_back(held, self._house.clock.now()) else "",
            archive=self._kit.linker("/", PATHS.archive(newsletter.slug)),
            again=self._kit.linker("/", PATHS.subscribe(newsletter.slug)),
        )

    def _held(self, connection: Connection, purpose: Purpose, token: str) -> Subscription | None:
        return directory.find(connection, self._house.keys.read(purpose, token))

    def _frame(self, pages: ArchivePages, title: str) -> Frame:
        newsletter = pages.archive.publication.newsletter
        return branded(self._kit.linker, "/", newsletter, title=f"{title}: {newsletter.name}", private=True)


def not_subscribed(kit: Kit) -> Response:
    """For whoever was erased: we no longer know of what, or who."""
    return kit.message("You are not subscribed", "Nothing goes to you by this link any more.")
