"""Notices: what a newsletter writes to one person at the beginning: please confirm, and welcome.

They are made as an issue is: compiled once for a newsletter and a language, then filled for each person.

front ─► confirm, welcome ─► Notice ─► filled(values) ─► subject, HTML, text
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from digest.model.cadence import Cadence
from digest.model.newsletter import Brand
from digest.rendering.blocks import READING, Block, compile_pair
from digest.rendering.context import Context, look
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.fragments import one_line, web_address
from digest.rendering.message import Prepared, prepare
from digest.rendering.phrases import Phrases
from digest.rendering.variant import Layout, Part

#: How many titles of the latest issue a welcome shows.
TITLES = 5
_KEY = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The newest issue that is out."""

    title: str
    #: Its page in the archive, absolute.
    url: str
    #: Titles and pages of what it shows, in its order.
    pieces: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What a notice says of the newsletter itself."""

    name: str
    brand: Brand
    #: BCP 47 tags of the language that the notice speaks, and of the newsletter's own.
    language: str
    written_in: str
    archive_home_url: str
    #: Whether past issues are for readers alone; then addresses within them have a slot for the reader’s key.
    private: bool = False
    #: None while nothing is out.
    latest: Latest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A notice as one person gets it."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice, compiled; its values are those of `confirm_values` or `welcome_values`."""

    subject: str
    preheader: str
    block: Block

    def prepared(self, headers: Mapping[str, str]) -> Prepared:
        """Ready to be made a message with these headers; the subject is its own."""
        part = Part(_KEY, {"preheader": self.preheader})
        layout = Layout(parts=(part,), subject=self.subject, preheader=self.preheader, item_ids=())
        return prepare({_KEY: self.block}, layout, headers)

    def filled(self, values: Mapping[str, str]) -> Filled:
        """What one person sees. Raises BadTemplate for a slot without a value."""
        prepared = self.prepared({})
        return Filled(subject=self.subject, html=prepared.html(values), text=prepared.text(values))


def confirm(front: Front, env: TemplateEnvironment) -> Notice:
    """Asks the holder of an address whether it was they who asked. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    return notice(
        "confirm",
        front,
        env,
        subject=say("Please confirm your subscription to %(name)s", name=name),
        preheader=say("Without your yes, nothing comes."),
    )


def welcome(front: Front, env: TemplateEnvironment) -> Notice:
    """Tells somebody who has confirmed what comes now, and shows the latest issue. Raises BadTemplate."""
    say, name = env.phrases.tongue.say, one_line(front.name)
    return notice(
        "welcome",
        front,
        env,
        subject=say("Welcome to %(name)s", name=name),
        preheader=say("What comes, how often, and how to change it."),
    )


def confirm_values(
    phrases: Phrases,
    *,
    newsletter: str,
    name: str,
    email: str,
    cadence: Cadence,
    topics: Sequence[str] | None,
    confirm_url: str,
    until: date,
) -> dict[str, str]:
    """What a confirmation says to one person, by slot. `topics` are names, None for everything; the link works up to
    `until`."""
    return {
        "greeting": phrases.greeting(name),
        "asked": phrases.asked(newsletter=newsletter, cadence=cadence, address=email, topics=topics),
        "confirm_url": confirm_url,
        "until": phrases.works_until(until),
    }


def welcome_values(
    phrases: Phrases,
    *,
    newsletter: str,
    name: str,
    email: str,
    cadence: Cadence,
    topics: Sequence[str] | None,
    signed_up_on: date,
    next_on: date | None,
    preferences_url: str,
    unsubscribe_url: str,
    reading: str = "",
) -> dict[str, str]:
    """What a welcome says to one person, by slot. `topics` are names, None for everything; `reading` is the part of an
    address that opens past issues which are for readers alone."""
    return {
        "greeting": phrases.greeting(name),
        "comes": phrases.comes(newsletter=newsletter, cadence=cadence, topics=topics),
        "next": phrases.next_issue(next_on, on=signed_up_on),
        "why": phrases.why(cadence=cadence, signed_up_on=signed_up_on, address=email, topics=topics),
        "preferences_url": preferences_url,
        "pause_url": f"{preferences_url}#pause",
        "unsubscribe_url": unsubscribe_url,
    } | ({READING: reading} if reading else {})


def notice(
    kind: str,
    front: Front,
    env: TemplateEnvironment,
    *,
    subject: str,
    preheader: str,
    word: Mapping[str, str] | None = None,
) -> Notice:
    """A notice of a kind, compiled; `word` is what the plain kind says. Raises BadTemplate."""
    values: Context = {
        "word": dict(word or {}),
        "look": look(
            front.brand,
            name=front.name,
            title=subject,
            line=one_line(front.brand.publisher),
            language=front.language,
            own_language=front.written_in,
            archive_home_url=front.archive_home_url,
        ),
        "latest": _latest(front.latest),
    }
    within = front.archive_home_url if front.private else ""
    blocks = compile_pair(f"email/notice/{kind}.mjml.j2", f"email/notice/{kind}.txt.j2", values, env, within=within)
    return Notice(subject=subject, preheader=preheader, block=blocks[_KEY])


def _latest(latest: Latest | None) -> Context | None:
    if latest is None:
        return None
    return {
        "title": one_line(latest.title),
        "url": web_address(latest.url),
        "pieces": [{"title": one_line(title), "url": web_address(url)} for title, url in latest.pieces[:TITLES]],
    }
