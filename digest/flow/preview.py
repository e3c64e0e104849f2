"""Preview: an issue as one reader gets it, by the same way as sending, and without writing anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import format_datetime

from sqlalchemy import Connection, select

from digest.flow import past
from digest.flow.choose import Chooser
from digest.flow.freeze import Edition, freeze
from digest.flow.house import House
from digest.flow.letters import personal_values
from digest.model.choice import Choice, Readers
from digest.model.issue import Issue
from digest.model.item import Item
from digest.rendering.headers import PersonalFields
from digest.rendering.message import prepare
from digest.rendering.variant import Layout
from digest.storage import audiences, editions, issues, items
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import UnknownReader
from subscribers.preferences import EVERYTHING, Preference
from subscribers.tables import newsletter, subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom an issue is looked at as: somebody who subscribes, or only a set of topics."""

    label: str
    email: str
    name: str
    chosen: Preference
    cadence: str
    since: datetime
    #: None for somebody who is only thought of: who has had what earlier issues showed.
    held: Subscription | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An issue as one reader gets it."""

    reader: Reader
    subject: str
    preheader: str
    #: In the order in which they stand.
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    #: The message as it would go over the wire.
    message: bytes
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue at one moment, ready to be looked at as anybody."""

    house: House
    edition: Edition
    items: Mapping[int, Item]

    @property
    def issue(self) -> Issue:
        """The issue that is looked at."""
        return self.edition.issue

    def letter(self, connection: Connection, reader: Reader) -> Letter | None:
        """What this reader gets; None when nothing is new to them and the newsletter sends nothing then."""
        choice, layout = self._outcome(connection, reader)
        if layout is None:
            return None
        prepared = prepare(self.edition.blocks, layout, self.edition.headers)
        personal = self._personal(reader)
        message = prepared.message(personal, self._fields(reader, personal["unsubscribe_url"]))
        return Letter(
            reader=reader,
            subject=layout.subject,
            preheader=layout.preheader,
            headers=_headers(message),
            html=prepared.html(personal),
            text=prepared.text(personal),
            message=message,
            choice=choice,
        )

    def choice(self, connection: Connection, reader: Reader) -> Choice:
        """What this reader gets and why, also when it is nothing."""
        return self._outcome(connection, reader)[0]

    def _outcome(self, connection: Connection, reader: Reader) -> tuple[Choice, Layout | None]:
        """What the reader got where the issue is out, else what they would get now."""
        if reader.held is not None and self.issue.frozen_at is not None:
            came = past.what_came(connection, self.edition, reader.held)
            if came is not None:
                return past.choice_of(self.edition, came), came.layout
        return Chooser(self.edition).letter(self._readers(connection, reader))

    def _readers(self, connection: Connection, reader: Reader) -> Readers:
        if reader.held is None:
            return Readers(topics=reader.chosen.topics, received=self.edition.shown_before, first=False)
        here = self.edition.receivable
        span = audiences.Span(since=self.edition.window.since, items=here)
        received = audiences.received_by(
            connection, self.edition.publication.id, reader.held.subscriber_id, self.issue, span
        )
        return Readers(
            topics=reader.chosen.topics,
            received=editions.items_of(connection, received) & frozenset(here),
            first=_is_first(connection, reader.held, self.issue),
        )

    def _personal(self, reader: Reader) -> dict[str, str]:
        return personal_values(
            self.edition.content,
            name=reader.name,
            email=reader.email,
            since=reader.since,
            cadence=self.issue.period.cadence,
            chosen=reader.chosen,
            # Links that look like a reader's but do nothing: a preview must not be able to unsubscribe anybody.
            preferences_url=self.house.links.preferences("preview"),
            unsubscribe_url=self.house.links.unsubscribe("preview"),
        )

    def _fields(self, reader: Reader, unsubscribe_url: str) -> PersonalFields:
        return PersonalFields(
            to=reader.email,
            message_id=f"<preview.{self.issue.id}@{self.house.links.base.partition('://')[2].partition('/')[0]}>",
            date=format_datetime(self.house.clock.now()),
            unsubscribe_url=unsubscribe_url,
            unsubscribe_mailbox="",
            delivery_id=f"{self.issue.id}.preview",
        )


def preview(house: House, connection: Connection, issue_name: str) -> Preview:
    """The issue as it would come out now, or as it was when it was frozen. Raises UnknownName, BadTemplate."""
    issue = issues.find(connection, issue_name)
    edition = freeze(house, connection, issue, now=issue.frozen_at or house.clock.now())
    if issue.frozen_at is not None:
        edition, then = past.as_it_was(connection, edition)
        return Preview(house=house, edition=edition, items=then)
    found = items.of_newsletter(connection, edition.publication.id, since=edition.window.since)
    return Preview(house=house, edition=edition, items={item.id: item for item in found})


def readers(connection: Connection, issue: Issue, *, limit: int = 50) -> list[Reader]:
    """Some of those who get the issue, oldest subscriptions first."""
    mine = (newsletter.c.slug == issue.newsletter, subscription.c.cadence == issue.period.cadence)
    query = directory.subscriptions(*mine, subscription.c.state == SubscriptionState.ACTIVE).limit(limit)
    found = [directory.find(connection, row.id) for row in connection.execute(query)]
    return [reader_of(held) for held in found if held]


def reader_named(house: House, connection: Connection, issue: Issue, email: str) -> Reader:
    """The reader of that address. Raises UnknownReader."""
    for held in directory.of_reader(connection, house.keys, email):
        if held.newsletter == issue.newsletter:
            return reader_of(held)
    raise UnknownReader(f"{email} is not subscribed to {issue.newsletter}.")


def reader_of(held: Subscription) -> Reader:
    """Somebody who subscribes, as one to look as."""
    return Reader(
        label=f"{held.name or held.email} ({held.preference})",
        email=held.email,
        name=held.name,
        chosen=held.preference,
        cadence=held.cadence,
        since=held.confirmed_at or held.created_at,
        held=held,
    )


def reader_of_topics(issue: Issue, chosen: Preference = EVERYTHING) -> Reader:
    """Somebody who has chosen these topics, only thought of."""
    return Reader(
        label="everything" if chosen.topics is None else str(chosen),
        email="reader@example.org",
        name="",
        chosen=chosen,
        cadence=issue.period.cadence,
        since=issue.composed_at,
    )


def _is_first(connection: Connection, held: Subscription, issue: Issue) -> bool:
    considered_at = connection.scalar(select(subscription.c.considered_at).where(subscription.c.id == held.id))
    return considered_at is None or considered_at == issue.frozen_at


def _headers(message: bytes) -> tuple[tuple[str, str], ...]:
    parsed = message_from_bytes(message, policy=policy.default)
    return tuple((name, str(value)) for name, value in parsed.items())
