"""Post: single letters to one person, by the same way as issues: leased, marked before the dot, written down.

request ─► answered ─► notice ─► leased ─► made ─► marked ─► dot ─► reply ─► written down
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from sqlalchemy import Connection, select

from digest.errors import Never
from digest.flow import answer, feedback
from digest.flow.duties import rate_of
from digest.flow.house import House
from digest.flow.returns import Returns
from digest.flow.wording import Letters, Said
from digest.mail.dkim import Signer, Unsigned, signed_here, unsigned
from digest.model.delivery import Attempt, DeliveryId, Envelope, WireText
from digest.model.notice import Duty
from digest.ports import Session, Transport
from digest.rendering.headers import PersonalFields, message_id
from digest.storage import notices, pace, requests
from digest.storage.bookkeeping import Book
from digest.storage.notice_tables import notice

#: How many are taken at a time; nobody should wait behind many others.
_BATCH = 20
#: Settled letters are kept so long, for whoever looks after somebody to whom nothing came.
KEPT = timedelta(days=30)

NOTICES = Book(mark=notices.mark, settle=notices.settle)


@dataclass(frozen=True)
class OneLine:
    """A transport of which only one connection is used: single letters must not take them from an issue."""

    transport: Transport
    connections: int = 1

    @property
    def name(self) -> str:
        """The same."""
        return self.transport.name

    async def connect(self) -> Session:
        """The same."""
        return await self.transport.connect()


class Post:
    """The duties of a shift that sends single letters, and first answers what was asked for on pages."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._letters = Letters(house)
        self._rate = rate_of(house.settings.delivery)
        self._signers: Sequence[Signer] = ()
        self.book = replace(NOTICES, on_settled=self._suppress_refused)

    def ways_out(self) -> Sequence[Transport]:
        """One connection of each."""
        return [OneLine(each) for each in self._house.ways_out()]

    def waiting(self, connection: Connection) -> tuple[bool, datetime | None]:
        """Whether somebody waits for an answer, or a letter for its time."""
        asked = requests.due_at(connection)
        if asked is not None and asked <= self._house.clock.now():
            return True, None
        return notices.waiting(connection)

    def begin(self, connection: Connection, signers: Sequence[Signer]) -> int:
        """Nobody waits for a link that long."""
        self._signers = signers
        return notices.expire(connection, older_than=timedelta(hours=self._house.settings.delivery.expire_hours))

    def lease(self, connection: Connection, token: str) -> tuple[Sequence["Letter"], float]:
        """Answers some of what was asked, and takes some of the letters that are due; the rest is still due then, and
        in between others write."""
        answer.answer_due(self._house, connection)
        level, seconds = pace.allowed(connection, self._rate, first=True) if self._rate else (_BATCH, 0.0)
        duties = notices.lease(connection, token, limit=min(_BATCH, level)) if level else []
        if self._rate:
            pace.spend(connection, len(duties))
        letters = [Letter(duty, self._said(connection, duty), self._house, self._signers) for duty in duties]
        return letters, 0.0 if level else seconds

    def _said(self, connection: Connection, duty: Duty) -> Said | Never:
        """What a letter says; or why it cannot be said, which is for its own turn and stops no other."""
        try:
            return self._letters.of(connection, duty)
        except Never as problem:
            return problem

    def give_back(self, connection: Connection, token: str, ids: Collection[DeliveryId]) -> None:
        """Back into the queue."""
        notices.give_back(connection, token, ids)

    def _suppress_refused(self, connection: Connection, attempts: Sequence[Attempt]) -> None:
        gone = {a.delivery_id: a for a in attempts if feedback.is_gone(a)}
        rows = connection.execute(select(notice.c.id, notice.c.recipient).where(notice.c.id.in_(list(gone))))
        for row in rows.all():
            diagnostic = gone[DeliveryId(row.id)].handover.diagnostic
            feedback.suppress_gone(self._house, connection, row.recipient, diagnostic)


@dataclass(frozen=True)
class Letter:
    """One letter, not made before it is needed."""

    duty: Duty
    _said: Said | Never
    _house: House = field(repr=False)
    _signers: Sequence[Signer] = field(repr=False)

    @property
    def id(self) -> DeliveryId:
        """The notice's."""
        return self.duty.id

    @property
    def domain(self) -> str:
        """Of its recipient's address, as it is written."""
        return self.duty.recipient.rpartition("@")[2]

    def made(self) -> tuple[Envelope, WireText]:
        """Who it goes to, and the whole message, signed. Raises Never where it cannot be said."""
        envelope, draft = self.unsigned()
        return envelope, signed_here(draft)

    def unsigned(self) -> tuple[Envelope, Unsigned[WireText]]:
        """The same before it is signed."""
        if isinstance(self._said, Never):
            raise self._said
        sender = self._said.sender
        domain = sender.rpartition("@")[2]
        # Tells the letters of two databases apart that happen to have the same number.
        stamp = self._house.keys.derive("message-id").hex()[:12]
        name = f"n.{self.duty.id}"
        fields = PersonalFields(
            to=self.duty.recipient,
            message_id=message_id(f"{name}.{stamp}", domain),
            date=format_datetime(self.duty.dated_at),
            unsubscribe_url="",
            unsubscribe_mailbox="",
            delivery_id=name,
        )
        returns = Returns.of(self._house)
        envelope = Envelope(
            envelope_sender=returns.notice_sender(self.duty.id) or sender,
            recipient=self.duty.recipient,
            envelope_id=name,
        )
        speaking = [signer for signer in self._signers if signer.speaks_for(domain)]
        return envelope, unsigned(self._said.message(fields), speaking, at=self.duty.dated_at)
