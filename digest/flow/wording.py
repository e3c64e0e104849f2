"""Wording: what a single letter says, of the newsletter as it is now and of the person it goes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, select

from digest.flow.house import House
from digest.flow.notices import front_of, next_for
from digest.model.cadence import Cadence
from digest.model.delivery import WireText
from digest.model.notice import Duty, NoticeKind
from digest.rendering import notices, words
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.headers import PersonalFields, feedback_id, notice_headers
from digest.rendering.message import Prepared
from digest.rendering.notices import Front, Notice
from digest.rendering.phrases import Phrases
from digest.storage import archive, newsletters
from digest.storage.newsletters import Publication
from subscribers import directory
from subscribers.directory import Subscription
from subscribers.tables import subscriber
from subscribers.tokens import LIFETIMES, Purpose

_MAKERS: Mapping[NoticeKind, Callable[[Front, TemplateEnvironment], Notice]] = {
    NoticeKind.CONFIRM: notices.confirm,
    NoticeKind.WELCOME: notices.welcome,
    NoticeKind.PRESENT: words.present,
    NoticeKind.LINK: words.link,
    NoticeKind.MOVING: words.moving,
    NoticeKind.MOVED: words.moved,
}


@dataclass(frozen=True, slots=True)
class Said:
    """One letter's words; they are put together when it is made."""

    sender: str
    values: Mapping[str, str]
    _prepare: Callable[[], Prepared]

    def message(self, fields: PersonalFields) -> WireText:
        """The whole message. Raises BadTemplate."""
        return self._prepare().message(self.values, fields)


class Letters:
    """Finds the words. What a newsletter says is compiled once for each kind and language, until it changes."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._compiled: dict[tuple[NoticeKind, str, str], tuple[str, Prepared]] = {}

    def of(self, connection: Connection, duty: Duty) -> Said:
        """What this letter says. Raises UnknownName."""
        publication = newsletters.load(connection, duty.newsletter)
        person = connection.execute(select(subscriber).where(subscriber.c.id == duty.subscriber_id)).one()
        held = directory.find(connection, duty.subscription_id) if duty.subscription_id else None
        spoken = self._house.tongues.nearest(person.language, otherwise=publication.newsletter.language)
        about = _About(self._house, publication, duty, person.email or "", person.name, held)
        front = front_of(self._house, connection, publication, spoken)
        stamp = archive.stamp(connection, duty.newsletter)
        return Said(
            publication.newsletter.sender.address,
            about.values(self._house.phrases_in(spoken)),
            lambda: self._prepared(duty.kind, front, publication, stamp),
        )

    def _prepared(self, kind: NoticeKind, front: Front, publication: Publication, stamp: str) -> Prepared:
        newsletter = publication.newsletter
        key = (kind, newsletter.slug, front.language)
        known = self._compiled.get(key)
        if known is None or known[0] != stamp:
            domain = newsletter.sender.address.rpartition("@")[2]
            headers = notice_headers(
                newsletter, feedback_id=feedback_id(kind, newsletter.slug, "notice", domain=domain)
            )
            made = _MAKERS[kind](front, self._house.templates_in(front.language)).prepared(headers)
            known = self._compiled[key] = (stamp, made)
        return known[1]


@dataclass(frozen=True, slots=True)
class _About:
    """One letter's values."""

    house: House
    publication: Publication
    duty: Duty
    email: str
    name: str
    held: Subscription | None

    def values(self, phrases: Phrases) -> Mapping[str, str]:
        """By slot."""
        match self.duty.kind:
            case NoticeKind.CONFIRM:
                return self._confirm(phrases)
            case NoticeKind.WELCOME:
                return self._welcome(phrases)
            case NoticeKind.PRESENT:
                url = self.house.links.preferences(self._token(Purpose.PREFERENCES, self._subscription.id))
                return words.present_values(
                    phrases,
                    newsletter=self.publication.newsletter.name,
                    name=self.name,
                    email=self.duty.recipient,
                    url=url,
                    until=self._until(Purpose.PREFERENCES),
                )
            case NoticeKind.LINK:
                url = self.house.links.person(self._token(Purpose.PERSON, self.duty.subscriber_id))
                until = self._until(Purpose.PERSON)
                return words.link_values(phrases, name=self.name, email=self.duty.recipient, url=url, until=until)
            case NoticeKind.MOVING:
                url = self.house.links.address(self._token(Purpose.ADDRESS, self.duty.id))
                until, new = self._until(Purpose.ADDRESS), self.duty.recipient
                # As above: whoever this goes to may be a stranger to the one who asked.
                return words.moving_values(phrases, name="", old=self.email, new=new, url=url, until=until)
            case NoticeKind.MOVED:
                return words.moved_values(phrases, name=self.name, old=self.duty.recipient, new=self.email)

    def _confirm(self, phrases: Phrases) -> Mapping[str, str]:
        return notices.confirm_values(
            phrases,
            newsletter=self.publication.newsletter.name,
            name="",  # it may be a stranger's words, and this goes to somebody who has not asked for anything
            email=self.duty.recipient,
            cadence=self._cadence,
            topics=self._topics,
            confirm_url=self.house.links.confirm(self._token(Purpose.CONFIRM, self._subscription.id)),
            until=self._until(Purpose.CONFIRM),
        )

    def _welcome(self, phrases: Phrases) -> Mapping[str, str]:
        held = self._subscription
        return notices.welcome_values(
            phrases,
            newsletter=self.publication.newsletter.name,
            name=self.name,
            email=self.duty.recipient,
            cadence=self._cadence,
            topics=self._topics,
            signed_up_on=(held.confirmed_at or held.created_at).date(),
            next_on=next_for(self.house, self.publication, self._cadence),
            preferences_url=self.house.links.preferences(self._token(Purpose.PREFERENCES, held.id)),
            unsubscribe_url=self.house.links.unsubscribe(self.house.keys.token(Purpose.UNSUBSCRIBE, held.id)),
            reading=f"read/{self._token(Purpose.READ, held.id)}/" if self.publication.newsletter.private else "",
        )

    @property
    def _subscription(self) -> Subscription:
        assert self.held is not None, "a letter about a subscription has one"
        return self.held

    @property
    def _cadence(self) -> Cadence:
        return Cadence(self._subscription.cadence)

    @property
    def _topics(self) -> list[str] | None:
        chosen = self._subscription.preference.topics
        return None if chosen is None else [t.name for t in self.publication.topics if t.slug in chosen]

    def _token(self, purpose: Purpose, number: int) -> str:
        return self.house.keys.token(purpose, number, at=self.duty.dated_at)

    def _until(self, purpose: Purpose) -> date:
        ends = self.duty.dated_at + timedelta(seconds=LIFETIMES[purpose])
        return ends.astimezone(self.publication.newsletter.zone).date()
