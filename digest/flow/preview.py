"""Preview: an issue as one reader gets it, by the same way as sending, and without writing anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import format_datetime

from sqlalchemy import Connection, func, select

from digest.flow import past
from digest.flow.choose import Choosers
from digest.flow.freeze import Edition, freeze
from digest.flow.house import House
from digest.flow.letters import chosen_names, personal_values
from digest.flow.spoken import Spoken
from digest.model.choice import Choice, Readers
from digest.model.issue import Issue
from digest.model.item import Item
from digest.rendering.headers import PersonalFields, message_id
from digest.rendering.message import Prepared, prepare
from digest.rendering.phrases import Phrases
from digest.rendering.variant import Layout
from digest.storage import editions, issues, items, receipts
from digest.storage.audiences import Cohort
from digest.storage.newsletters import Publication
from subscribers import address as addresses
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import AddressRefused, UnknownReader
from subscribers.preferences import EVERYTHING, Preference
from subscribers.tables import newsletter, subscriber, subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom an issue is looked at as: somebody who subscribes, all who are alike, or only a set of topics."""

    label: str
    email: str
    name: str
    chosen: Preference
    cadence: str
    since: datetime
    #: BCP 47 tag; empty for the newsletter's own.
    language: str = ""
    #: None for somebody who is only thought of: who has had what earlier issues showed.
    held: Subscription | None = None
    #: Those whom they stand for; None for one person.
    alike: Cohort | None = None
    #: What those got, of an issue that is out; None for nothing.
    variant_id: int | None = None

    @property
    def reads_otherwise(self) -> bool:
        """Whether the language is another than what the people it stands for have chosen."""
        own = self.held or self.alike
        return own is not None and own.language != self.language


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
    #: The keys of its blocks, in order.
    parts: tuple[str, ...]
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue at one moment, ready to be looked at as anybody."""

    house: House
    spoken: Spoken
    items: Mapping[int, Item]

    @property
    def edition(self) -> Edition:
        """In the newsletter's own language."""
        return self.spoken.own

    @property
    def issue(self) -> Issue:
        """The issue that is looked at."""
        return self.edition.issue

    def letter(self, connection: Connection, reader: Reader) -> Letter | None:
        """What this reader gets; None when nothing is new to them and the newsletter sends nothing then."""
        choice, layout = self._outcome(connection, reader)
        return None if layout is None else self.laid_out(reader, choice, layout)

    def laid_out(self, reader: Reader, choice: Choice, layout: Layout) -> Letter:
        """The letter of a layout."""
        prepared, personal = self._prepared(reader, layout, self.edition.headers)
        message = prepared.message(personal, self._fields(reader.email, personal["unsubscribe_url"]))
        return Letter(
            reader=reader,
            subject=layout.subject,
            preheader=layout.preheader,
            headers=_headers(message),
            html=prepared.html(personal),
            text=prepared.text(personal),
            message=message,
            choice=choice,
            parts=tuple(part.key for part in layout.parts),
            layout=layout,
        )

    def size(self, reader: Reader, layout: Layout) -> int:
        """How many bytes the message of a layout has."""
        prepared, personal = self._prepared(reader, layout, self.edition.headers)
        return len(prepared.message(personal, self._fields(reader.email, personal["unsubscribe_url"])))

    def test_message(self, connection: Connection, reader: Reader, *, to: str, name: str) -> bytes | None:
        """The same letter marked as a test, to another address; no header of it unsubscribes anybody. None for none."""
        layout = self._outcome(connection, reader)[1]
        if layout is None:
            return None
        kept = {k: v for k, v in self.edition.headers.items() if k != "List-Unsubscribe-Post"}
        marked = replace(layout, subject=f"[Test] {layout.subject}")
        prepared, personal = self._prepared(reader, marked, {**kept, "X-Digest-Test": self.issue.name})
        domain = kept["From"].rpartition("@")[2].rstrip(">")
        fields = self._fields(to, "")._replace(message_id=message_id(name, domain), delivery_id=name)
        return prepared.message(personal, fields._replace(unsubscribe_mailbox=""))

    def choice(self, connection: Connection, reader: Reader) -> Choice:
        """What this reader gets and why, also when it is nothing."""
        return self._outcome(connection, reader)[0]

    def caught_up_from(self, connection: Connection, reader: Reader) -> str:
        """The day from which this reader catches up in it after a long pause; empty for none."""
        came = self._came(connection, reader)
        return (came.readers if came else self._readers(connection, reader)).away

    def _outcome(self, connection: Connection, reader: Reader) -> tuple[Choice, Layout | None]:
        """What the reader got where the issue is out, else what they would get now."""
        came = self._came(connection, reader)
        if came is None:
            return Choosers(self.spoken).reading(reader.language).letter(self._readers(connection, reader))
        if reader.reads_otherwise:
            return Choosers(self.spoken).reading(reader.language).letter(came.readers)
        return past.choice_of(self.edition, came), came.layout

    def _came(self, connection: Connection, reader: Reader) -> past.Came | None:
        if self.issue.frozen_at is None:
            return None
        if reader.held is not None:
            return past.what_came(connection, self.edition, reader.held)
        if reader.alike is not None:
            return past.came_to(connection, self.edition, reader.alike, reader.variant_id)
        return None

    def _readers(self, connection: Connection, reader: Reader) -> Readers:
        here = frozenset(self.edition.receivable)
        if reader.alike is not None:
            received, alike = editions.items_of(connection, reader.alike.received) & here, reader.alike
            return Readers(topics=reader.chosen.topics, received=received, first=alike.first, away=alike.away)
        if reader.held is None:
            return Readers(topics=reader.chosen.topics, received=self.edition.shown_before, first=False)
        span, away = self.edition.span.of(reader.held.away_since)
        number = self.edition.publication.id
        variants = receipts.received_by(connection, number, reader.held.subscriber_id, self.issue, span)
        return Readers(
            topics=reader.chosen.topics,
            received=editions.items_of(connection, variants) & here,
            first=_is_first(connection, reader.held, self.issue),
            away=away,
        )

    def _prepared(self, reader: Reader, layout: Layout, headers: Mapping[str, str]) -> tuple[Prepared, dict[str, str]]:
        edition = self.spoken.edition(layout.language)
        return prepare(edition.blocks, layout, headers), self._personal(reader, edition.phrases)

    def _personal(self, reader: Reader, phrases: Phrases) -> dict[str, str]:
        return personal_values(
            phrases,
            name=reader.name,
            email=reader.email,
            since=reader.since,
            cadence=self.issue.period.cadence,
            topics=chosen_names(self.edition.content, reader.chosen),
            # Links that look like a reader's but do nothing: a preview must not be able to unsubscribe anybody.
            preferences_url=self.house.links.preferences("preview"),
            unsubscribe_url=self.house.links.unsubscribe("preview"),
            view_url=self.house.links.view("preview"),
            reading="read/preview/",
        )

    def _fields(self, to: str, unsubscribe_url: str) -> PersonalFields:
        return PersonalFields(
            to=to,
            message_id=f"<preview.{self.issue.id}@{self.house.links.base.partition('://')[2].partition('/')[0]}>",
            date=format_datetime(self.house.clock.now()),
            unsubscribe_url=unsubscribe_url,
            unsubscribe_mailbox=self.house.settings.mail.unsubscribe_address,
            delivery_id=f"{self.issue.id}.preview",
        )


def preview(
    house: House, connection: Connection, issue_name: str, *, publication: Publication | None = None
) -> Preview:
    """The issue as it would come out now, or as it was when it was frozen. Raises UnknownName, BadTemplate.

    `publication` stands in for a newsletter as it is kept, where a draft is to be seen with one that is not yet.
    """
    issue = issues.find(connection, issue_name)
    now = issue.frozen_at or house.clock.now()
    if issue.frozen_at is not None:
        edition = freeze(house, connection, issue, now=now)
        spoken, then = past.as_it_was(house, connection, edition)
        return Preview(house=house, spoken=spoken, items=then)
    edition = freeze(house, connection, issue, now=now, publication=publication)
    found = items.of_newsletter(connection, edition.publication.id, since=edition.window.furthest)
    return Preview(house=house, spoken=Spoken(house, edition), items={item.id: item for item in found})


def readers(connection: Connection, issue: Issue, *, limit: int = 50, matching: str = "") -> list[Reader]:
    """Some of those who get the issue, oldest subscriptions first; only those whose address or name holds a text."""
    mine = [newsletter.c.slug == issue.newsletter, subscription.c.cadence == issue.period.cadence]
    if wanted := matching.strip().casefold():
        both = func.lower(subscriber.c.email) + " " + func.lower(subscriber.c.name)
        mine.append(both.contains(wanted, autoescape=True))
    query = directory.subscriptions(*mine, subscription.c.state == SubscriptionState.ACTIVE).limit(limit)
    found = [directory.find(connection, row.id) for row in connection.execute(query)]
    return [reader_of(held) for held in found if held]


def reader_numbered(connection: Connection, issue: Issue, subscription_id: int) -> Reader:
    """The reader whose subscription has that number. Raises UnknownReader."""
    held = directory.find(connection, subscription_id)
    if held is None or held.newsletter != issue.newsletter or held.state is not SubscriptionState.ACTIVE:
        raise UnknownReader("There is no such reader of this issue.", remedy="Choose one from the list.")
    return reader_of(held)


def found_readers(house: House, connection: Connection, issue: Issue, text: str) -> list[Reader]:
    """Those who get the issue and whom a text means: one by the whole address, which is quick, else by a part of it."""
    try:
        whole = addresses.parse(text)
        exact = [reader_named(house, connection, issue, whole.email)]
    except (AddressRefused, UnknownReader):
        return readers(connection, issue, limit=20, matching=text)
    return [reader for reader in exact if reader.held and reader.held.state is SubscriptionState.ACTIVE]


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
        language=held.language,
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
