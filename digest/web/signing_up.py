"""Signing up: the form, its answer, and the yes that follows. One answer for every address, and the same work."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from digest.errors import TokenRefused
from digest.flow import sign_up
from digest.model.cadence import Cadence
from digest.model.newsletter import Newsletter
from digest.model.notice import RequestKind
from digest.rendering.fragments import one_line
from digest.rendering.tongues import marked
from digest.web import choices, forms, proving, stamp, wishes
from digest.web.archive_pages import ArchivePages
from digest.web.forms import Form, first
from digest.web.frame import PATHS, Frame, branded
from digest.web.hearing import voice_for
from digest.web.kit import Kit
from digest.web.voice import Voice
from digest.web.wishes import Mistakes, Wished
from digest.web.words import Words
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.preferences import EVERYTHING_WORD
from subscribers.tokens import Purpose

#: Paths that hold somebody's token.
PRIVATE = ("/confirm/",)
#: What links in previews bear in place of a token.
PREVIEW = "preview"
#: Only programs fill it in: people do not see it.
TRAP = "website"
#: How many titles give a taste of a topic.
_TITLES = 2
_READ = ["GET", "HEAD"]
_KEPT_BY_NOBODY = {"Cache-Control": "no-store"}
_ONCE_MORE = marked("Please look whether this is right, and press the button once more.")


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes = APIRouter()
    counter = _Counter(kit)

    @routes.api_route("/subscribe/{slug}/", methods=_READ)
    def show(slug: str) -> Response:
        return counter.show(slug)

    @routes.post("/subscribe/{slug}/")
    def take(slug: str, request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        return counter.take(slug, form, forms.client(request))

    @routes.api_route("/subscribe/{slug}/embed", methods=_READ)
    def embed(slug: str) -> Response:
        return counter.embed(slug)

    @routes.api_route("/confirm/{token}", methods=_READ)
    def ask(token: str, request: Request) -> Response:
        return counter.preview(request) if token == PREVIEW else counter.ask(token)

    @routes.post("/confirm/{token}", dependencies=[Depends(forms.drain)])
    def confirm(token: str, request: Request) -> Response:
        return counter.preview(request) if token == PREVIEW else counter.confirm(token)

    return routes


class _Counter:
    """Answers whoever wants to begin."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._house = kit, kit.house
        self._key = kit.house.keys.derive("form")

    def show(self, slug: str) -> Response:
        """The form, with everything ticked."""
        return self._form(self._pages(slug), {"topics": [EVERYTHING_WORD]})

    def take(self, slug: str, form: Form, client: str) -> Response:
        """Keep what is asked for, and say what happens now. Raises Again where a network asks for too much."""
        pages = self._pages(slug)
        try:
            wished = self._wished(pages, form)
        except Mistakes as mistakes:
            return self._form(pages, form, mistakes=mistakes, status=400)
        if not self._was_filled_in_by_a_person(slug, form):
            return self._form(pages, form, notice=_ONCE_MORE)
        if not first(form, TRAP):
            proof = self._kit.proving.of_form(form, client)
            if proof.mistake:
                unproved = Mistakes({proving.FIELD: proof.mistake})
                return self._form(pages, form, mistakes=unproved, status=503 if proof.later else 400)
            sign_up.ask(self._house, RequestKind.SIGN_UP, slug, wished.email, wished.wish, client=client)
        return self._asked(pages)

    def embed(self, slug: str) -> Response:
        """A form for other sites to copy: plain HTML, which leads to our own page."""
        newsletter = self._pages(slug).archive.publication.newsletter
        voice = self._kit.voice(newsletter)
        frame = self._kit.private(voice, newsletter, voice.say("A form for your site"))
        return self._kit.html("public/embed", frame, action=self._house.links.subscribe(slug))

    def ask(self, token: str) -> Response:
        """The page before the button; opening it confirms nothing, however often a scanner does."""
        with self._house.store.read() as connection:
            held = sign_up.waiting_for(self._house, connection, token)
            if held is None or held.state is SubscriptionState.ENDED:
                raise TokenRefused("This link does not work any more.")
            pages = self._kit.archive(connection, held.newsletter)
        if held.state is not SubscriptionState.PENDING:
            return self._confirmed(pages, held)
        newsletter, chosen = pages.archive.publication.newsletter, held.preference.topics
        topics = [t.name for t in pages.archive.publication.topics if chosen is not None and t.slug in chosen]
        voice = self._kit.voice(newsletter, held.language)
        comes = voice.phrases.comes(
            newsletter=newsletter.name, cadence=Cadence(held.cadence), topics=None if chosen is None else topics
        )
        return self._kit.html(
            "public/confirm",
            self._kit.private(voice, newsletter, voice.say("Confirm your subscription")),
            address=masked(held.email),
            comes=one_line(comes),
            action=self._kit.linker("/", PATHS.confirm(token)),
        )

    def confirm(self, token: str) -> Response:
        """The yes. Said twice it is said once. Raises TokenRefused."""
        held = sign_up.confirm(self._house, token)
        with self._house.store.read() as connection:
            return self._confirmed(self._kit.archive(connection, held.newsletter), held)

    def preview(self, request: Request) -> Response:
        """For links in previews, which belong to nobody."""
        voice = voice_for(self._kit, request)
        what = voice.say("In a reader’s own copy it confirms a subscription.")
        return self._kit.word(voice, voice.say("This link is from a preview"), what)

    def _wished(self, pages: ArchivePages, form: Form) -> Wished:
        values = {name: first(form, name) for name in ("email", "cadence", "name", "language")}
        topics = form.get("topics", [])
        return wishes.read(pages.archive.publication, self._house.tongues, topics=topics, **values)

    def _was_filled_in_by_a_person(self, slug: str, form: Form) -> bool:
        """Whether the form was ours, of today, and took as long as reading it does. One that stands on another site
        has no stamp, and is shown once more on ours."""
        since = stamp.age(self._key, slug, first(form, "stamp"), now=self._house.clock.now())
        shortest = timedelta(seconds=self._house.settings.sign_up.shortest_seconds)
        return since is not None and shortest <= since <= stamp.LONGEST

    def _form(
        self,
        pages: ArchivePages,
        form: Form,
        *,
        mistakes: Mistakes | None = None,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        newsletter, now = pages.archive.publication.newsletter, self._house.clock.now()
        ticked, voice = form.get("topics", []), self._kit.voice(newsletter)
        by_field = mistakes.by_field if mistakes else {}
        response = self._kit.html(
            "public/sign_up",
            self._frame(newsletter, voice, shared=not mistakes and not notice),
            status=status,
            action=self._kit.linker("/", PATHS.subscribe(newsletter.slug)),
            about=one_line(newsletter.description),
            often=voice.usual(newsletter.default_cadence),
            due=choices.next_due(newsletter, newsletter.default_cadence, now, voice),
            everything=EVERYTHING_WORD in ticked,
            topics=choices.topics(pages.archive, ticked, titles=0 if newsletter.private else _TITLES),
            cadences=choices.cadences(newsletter, first(form, "cadence"), voice),
            languages=choices.languages(self._house.tongues, newsletter, first(form, "language")),
            email=one_line(first(form, "email"))[:254],
            name=one_line(first(form, "name"))[:200],
            stamp=stamp.made(self._key, newsletter.slug, now=now),
            trap=TRAP,
            proof=self._kit.proving.view(form),
            notice=voice.say(notice) if notice else "",
            mistakes={field: voice.say(words) for field, words in by_field.items()},
        )
        response.headers.update(_KEPT_BY_NOBODY)
        if policy := self._kit.proving.policy:
            response.headers["Content-Security-Policy"] = policy
        return response

    def _asked(self, pages: ArchivePages) -> Response:
        """The same for everybody, to the last byte: whether somebody is subscribed is nobody else's business."""
        newsletter = pages.archive.publication.newsletter
        voice = self._kit.voice(newsletter)
        response = self._kit.html(
            "public/asked",
            self._kit.private(voice, newsletter, voice.say("Look into your mailbox")),
            archive=self._kit.past_issues(newsletter),
            again=self._kit.linker("/", PATHS.subscribe(newsletter.slug)),
        )
        response.headers.update(_KEPT_BY_NOBODY)
        return response

    def _confirmed(self, pages: ArchivePages, held: Subscription) -> Response:
        newsletter = pages.archive.publication.newsletter
        voice, now = self._kit.voice(newsletter, held.language), self._house.clock.now()
        due = choices.next_due(newsletter, held.cadence, now, voice)
        done = voice.say("You are subscribed")
        return self._kit.message(
            self._kit.private(voice, newsletter, done),
            done,
            _thanks(voice, one_line(newsletter.name), due),
            voice.say(
                "A letter of welcome with the latest issue is on its way. Its links change your topics, pause, or end "
                "it."
            ),
            onward=(voice.say("Read past issues meanwhile"), self._past_issues(newsletter, held)),
        )

    def _past_issues(self, newsletter: Newsletter, held: Subscription) -> str:
        """With their own key where it takes one: its holder has just shown that the mailbox is theirs."""
        if not newsletter.private:
            return self._kit.past_issues(newsletter)
        key = PATHS.reading(self._house.keys.token(Purpose.READ, held.id))
        return self._kit.linker("/", f"{key}{PATHS.archive(newsletter.slug)}")

    def _pages(self, slug: str) -> ArchivePages:
        with self._house.store.read() as connection:
            return self._kit.archive(connection, slug)

    def _frame(self, newsletter: Newsletter, voice: Voice, *, shared: bool) -> Frame:
        """A form with something in it is nobody's but theirs who typed it."""
        title = voice.say("Sign up for %(newsletter)s", newsletter=newsletter.name)
        frame = branded(self._kit.linker, "/", newsletter, title=title, language=voice.tag, private=not shared)
        frame = replace(frame, scripts=self._kit.proving.scripts, home=self._kit.past_issues(newsletter))
        if not shared:
            return frame
        url = self._house.links.subscribe(newsletter.slug)
        nav = Words(voice.phrases).nav(newsletter.slug, lambda to: self._kit.linker("/", to)) if frame.home else ()
        return replace(frame, url=url, nav=nav, description=one_line(newsletter.description))


def _thanks(voice: Voice, newsletter: str, due: str) -> str:
    if not due:
        return voice.say("Thank you. %(newsletter)s comes to you from its next issue on.", newsletter=newsletter)
    return voice.say(
        "Thank you. %(newsletter)s comes to you from its next issue on, due on %(day)s.", newsletter=newsletter, day=due
    )
