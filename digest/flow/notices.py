"""Notices: what somebody gets who signs up, made from the newsletter as it is now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from digest.flow.freeze import next_on
from digest.flow.house import House
from digest.model.cadence import Cadence, period_of
from digest.rendering import notices
from digest.rendering.notices import Filled, Front, Latest, Notice
from digest.storage import archive, newsletters
from digest.storage.newsletters import Publication
from subscribers.tokens import LIFETIMES, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Both notices of a newsletter in one language, compiled."""

    confirm: Notice
    welcome: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A notice as somebody would get it who is only thought of."""

    #: "confirm" or "welcome".
    kind: str
    letter: Filled


def notices_of(house: House, connection: Connection, publication: Publication, language: str = "") -> Notices:
    """The notices in a language (BCP 47; the newsletter's own when empty), showing the latest issue. May raise
    BadTemplate."""
    spoken = house.tongues.nearest(language, otherwise=publication.newsletter.language)
    front, env = front_of(house, connection, publication, spoken), house.templates_in(spoken)
    return Notices(confirm=notices.confirm(front, env), welcome=notices.welcome(front, env))


def front_of(house: House, connection: Connection, publication: Publication, spoken: str) -> Front:
    """What a newsletter says of itself in a language that there is a catalogue for."""
    newsletter = publication.newsletter
    return Front(
        name=newsletter.name,
        brand=newsletter.brand,
        language=spoken,
        written_in=newsletter.language,
        archive_home_url=house.links.archive(newsletter.slug),
        private=newsletter.private,
        latest=_latest(house, connection, newsletter.slug),
    )


def sample_notices(house: House, slug: str, language: str = "") -> tuple[Sample, ...]:
    """What a newsletter sends to somebody who signs up, to be looked at. Raises UnknownName, BadTemplate."""
    with house.store.read() as connection:
        publication = newsletters.load(connection, slug)
        compiled = notices_of(house, connection, publication, language)
    return tuple(_samples(house, publication, compiled, language))


def _samples(house: House, publication: Publication, compiled: Notices, language: str) -> Iterator[Sample]:
    """For a reader of the first two topics in the usual cadence; the links look like a reader's but do nothing."""
    newsletter = publication.newsletter
    spoken = house.phrases_in(house.tongues.nearest(language, otherwise=newsletter.language))
    today = house.clock.now().astimezone(newsletter.zone).date()
    topics = [topic.name for topic in publication.topics[:2]] or None
    cadence = newsletter.default_cadence
    confirming = notices.confirm_values(
        spoken,
        newsletter=newsletter.name,
        name="",
        email="reader@example.org",
        cadence=cadence,
        topics=topics,
        confirm_url=house.links.confirm("preview"),
        until=today + timedelta(seconds=LIFETIMES[Purpose.CONFIRM]),
    )
    yield Sample(kind="confirm", letter=compiled.confirm.filled(confirming))
    welcoming = notices.welcome_values(
        spoken,
        newsletter=newsletter.name,
        name="",
        email="reader@example.org",
        cadence=cadence,
        topics=topics,
        signed_up_on=today,
        next_on=next_for(house, publication, cadence),
        preferences_url=house.links.preferences("preview"),
        unsubscribe_url=house.links.unsubscribe("preview"),
        reading="read/preview/" if newsletter.private else "",
    )
    yield Sample(kind="welcome", letter=compiled.welcome.filled(welcoming))


def _latest(house: House, connection: Connection, slug: str) -> Latest | None:
    issues = archive.past_issues(connection, slug)
    if not issues:
        return None
    newest = issues[0]
    shown = archive.articles_of(connection, newest.id)
    return Latest(
        title=newest.title,
        url=house.links.issue(slug, newest.key),
        pieces=tuple((article.title, article.archive_url) for article in shown),
    )


def next_for(house: House, publication: Publication, cadence: Cadence) -> date | None:
    """The day of the next issue of a cadence, which may be the present period's."""
    newsletter, now = publication.newsletter, house.clock.now()
    present = period_of(cadence, now.astimezone(newsletter.zone).date())
    return next_on(newsletter, present.previous, now=now) or next_on(newsletter, present, now=now)
