"""Letters: the message of one delivery, made of its variant and what is personal."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple

from sqlalchemy import Connection

from digest.flow.house import House
from digest.flow.layouts import layout_from
from digest.flow.returns import Returns
from digest.mail.dkim import Signer, Unsigned, signed_here, unsigned
from digest.model.cadence import Cadence
from digest.model.delivery import DeliveryId, Envelope, WireText
from digest.model.issue import IssueContent, IssueId
from digest.rendering.blocks import READING, Block
from digest.rendering.headers import PersonalFields, message_id
from digest.rendering.message import Prepared, prepare
from digest.rendering.phrases import Phrases
from digest.storage import editions
from digest.storage.outbox import Duty
from subscribers.preferences import Preference, from_text
from subscribers.tokens import Keys, Purpose

#: Variants kept ready. Deliveries come in the order of their variants, so few are needed at once.
KEPT = 64


class Letters:
    """Makes messages, for as many readers as there are, in memory that does not grow with them."""

    def __init__(self, house: House, signers: Sequence[Signer] = ()) -> None:
        self._house = house
        self._signers = signers
        self._keys, self._links = house.keys, house.links
        # Tells the deliveries of two databases apart that happen to have the same number.
        self._stamp = house.keys.derive("message-id").hex()[:12]
        self._returns = Returns.of(house)
        self._issues: dict[IssueId, _IssueParts] = {}
        self._variants: OrderedDict[int, _Variant] = OrderedDict()
        self._moments: dict[datetime, _Moment] = {}

    def of(self, connection: Connection, duties: Sequence[Duty]) -> list["Letter"]:
        """The letters of these deliveries, each with all that it needs to be made. Raises BadTemplate."""
        return [Letter(duty.id, duty, self._variant(connection, duty.variant_id), self) for duty in duties]

    def unsigned(self, duty: Duty, variant: "_Variant") -> tuple[Envelope, Unsigned[WireText]]:
        """What `Letter.unsigned` promises."""
        parts, moment = self._issues[variant.issue_id], self._moment(duty.dated_at)
        unsubscribe_url = self._links.unsubscribe(moment.unsubscribe(duty.subscription_id))
        personal = self._personal(duty, parts, variant.phrases, unsubscribe_url, moment)
        fields = self._fields(duty, parts, unsubscribe_url, moment)
        envelope = Envelope(
            envelope_sender=self._returns.envelope_sender(duty.id) or parts.sender,
            recipient=duty.email,
            envelope_id=fields.delivery_id,
        )
        message = variant.prepared.message(personal, fields)
        # The Date of the delivery is the time of the signature too, so that each attempt has the same.
        return envelope, unsigned(message, parts.signers, at=duty.dated_at)

    def _personal(
        self, duty: Duty, parts: "_IssueParts", phrases: Phrases, unsubscribe_url: str, moment: "_Moment"
    ) -> dict[str, str]:
        return personal_values(
            phrases,
            name=duty.name,
            email=duty.email,
            since=duty.since,
            cadence=_CADENCES[duty.cadence],
            topics=parts.named(duty.topics),
            preferences_url=self._links.preferences(moment.preferences(duty.subscription_id)),
            unsubscribe_url=unsubscribe_url,
            view_url=self._links.view(moment.view(duty.id)),
            reading=f"read/{moment.read(duty.subscription_id)}/" if parts.content.private else "",
        )

    def _fields(self, duty: Duty, parts: "_IssueParts", unsubscribe_url: str, moment: "_Moment") -> PersonalFields:
        delivery_id = f"{duty.issue_id}.{duty.id}"
        return PersonalFields(
            to=duty.email,
            message_id=message_id(f"{delivery_id}.{self._stamp}", parts.domain),
            date=moment.date,
            unsubscribe_url=unsubscribe_url,
            unsubscribe_mailbox=self._returns.unsubscribe_mailbox(duty.subscription_id),
            delivery_id=delivery_id,
        )

    def _moment(self, at: datetime) -> "_Moment":
        found = self._moments.get(at)
        if found is None:
            if len(self._moments) >= _MOMENTS:
                self._moments.clear()
            found = self._moments[at] = _Moment.of(self._keys, at)
        return found

    def _variant(self, connection: Connection, variant_id: int) -> "_Variant":
        """Kept for others that need it soon; letters that wait hold on to theirs."""
        if variant_id not in self._variants:
            self._variants[variant_id] = self._prepared(connection, variant_id)
            if len(self._variants) > KEPT:
                self._variants.popitem(last=False)
        else:
            self._variants.move_to_end(variant_id)
        return self._variants[variant_id]

    def _prepared(self, connection: Connection, variant_id: int) -> "_Variant":
        issue_id, layout = editions.load_variant(connection, variant_id)
        if issue_id not in self._issues:
            self._issues[issue_id] = _IssueParts(connection, issue_id, self._signers)
        parts = self._issues[issue_id]
        laid_out = layout_from(layout)
        phrases = self._house.phrases_in(laid_out.language or parts.content.language)
        return _Variant(issue_id, prepare(parts.blocks[laid_out.language], laid_out, parts.headers), phrases)


class Letter(NamedTuple):
    """One delivery's message, not made before it is needed."""

    #: The delivery's.
    id: DeliveryId
    duty: Duty
    variant: "_Variant"
    letters: Letters

    @property
    def domain(self) -> str:
        """Of the reader's address, as it is written."""
        return self.duty.email.rpartition("@")[2]

    def made(self) -> tuple[Envelope, WireText]:
        """Who it goes to, and the whole message, signed: the same bytes in every attempt with the same settings."""
        envelope, draft = self.unsigned()
        return envelope, signed_here(draft)

    def unsigned(self) -> tuple[Envelope, Unsigned[WireText]]:
        """The same before it is signed."""
        return self.letters.unsigned(self.duty, self.variant)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What the letters of one Date share, as a whole batch has the same."""

    #: As it stands in the header.
    date: str
    unsubscribe: Callable[[int], str]
    preferences: Callable[[int], str]
    view: Callable[[int], str]
    read: Callable[[int], str]

    @classmethod
    def of(cls, keys: Keys, at: datetime) -> "_Moment":
        """With tokens that count from that moment."""
        return cls(
            date=format_datetime(at),
            unsubscribe=keys.maker(Purpose.UNSUBSCRIBE),
            preferences=keys.maker(Purpose.PREFERENCES, at=at),
            view=keys.maker(Purpose.VIEW, at=at),
            read=keys.maker(Purpose.READ, at=at),
        )


@dataclass(frozen=True, slots=True)
class _Variant:
    """A variant, ready for any number of readers."""

    issue_id: IssueId
    prepared: Prepared
    #: In the language of its blocks.
    phrases: Phrases


class _IssueParts:
    """What all letters of one issue share."""

    def __init__(self, connection: Connection, issue_id: IssueId, signers: Sequence[Signer]) -> None:
        self.content, self.headers = editions.load_content(connection, issue_id)
        self.blocks = stored_blocks(connection, issue_id)
        # The List-Id and the addresses were frozen with the issue, so an id stays the same whatever is configured.
        self.sender = self.headers["From"].rpartition("<")[2].rstrip(">")
        self.domain = self.sender.rpartition("@")[2]
        self._named: dict[str, tuple[str, ...] | None] = {}
        self.signers = [signer for signer in signers if signer.speaks_for(self.domain)]

    def named(self, topics: str) -> tuple[str, ...] | None:
        """The names of the topics that a reader has chosen, in the issue's order; None for everything."""
        if topics in (kept := self._named):
            return kept[topics]
        if len(kept) >= _NAMED:
            kept.clear()
        names = kept[topics] = chosen_names(self.content, from_text(topics))
        return names


#: So many dates are kept.
_MOMENTS = 256
#: So many choices of topics are kept.
_NAMED = 4096
_CADENCES = {cadence.value: cadence for cadence in Cadence}


def chosen_names(content: IssueContent, chosen: Preference) -> tuple[str, ...] | None:
    """The names of chosen topics in the issue's order; None for everything."""
    if chosen.topics is None:
        return None
    return tuple(topic.name for topic in content.topics if topic.slug in chosen.topics)


def personal_values(
    phrases: Phrases,
    *,
    name: str,
    email: str,
    since: datetime,
    cadence: Cadence,
    topics: tuple[str, ...] | None,
    preferences_url: str,
    unsubscribe_url: str,
    view_url: str,
    reading: str = "",
) -> dict[str, str]:
    """What a letter says to one reader alone, by slot; the same for a message and for a preview. `topics` are names,
    None for everything."""
    values = {
        "greeting": phrases.greeting(name),
        "why": phrases.why(cadence=cadence, signed_up_on=since.date(), address=email, topics=topics),
        "preferences_url": preferences_url,
        "pause_url": f"{preferences_url}#pause",
        "unsubscribe_url": unsubscribe_url,
        "view_url": view_url,
    }
    if reading:
        values[READING] = reading
    return values


def stored_blocks(connection: Connection, issue_id: IssueId) -> dict[str, dict[str, Block]]:
    """The compiled blocks of a frozen issue, by language and key."""
    found: dict[str, dict[str, Block]] = {}
    for each in editions.load_blocks(connection, issue_id):
        found.setdefault(each.language, {})[each.key] = Block.from_json(each.key, each.html, each.text)
    return found
