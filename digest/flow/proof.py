"""Proof: one copy of an issue to an address of the house's own, marked as a test. Nothing is written down of it."""

import asyncio
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.errors import Never
from digest.flow.house import House
from digest.flow.preview import Preview, Reader
from digest.flow.returns import Returns
from digest.mail.dkim import signed
from digest.model.delivery import Envelope, Handover, Outcome
from digest.rendering.fragments import one_line
from subscribers import address as addresses


class NotForTests(Never):
    """The address is not among those that tests may go to, or there is nothing to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A test that is ready to go."""

    to: str
    envelope: Envelope
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a test."""

    to: str
    #: What the ledger would call the way it went: "smtp", "folder".
    by: str
    handover: Handover

    @property
    def accepted(self) -> bool:
        """Whether the next hop took it."""
        return self.handover.outcome is Outcome.ACCEPTED

    @property
    def told(self) -> str:
        """What the next hop said, in a sentence."""
        codes = (self.handover.reply_code, self.handover.enhanced_code, self.handover.diagnostic)
        answer = one_line(" ".join(str(part) for part in codes if part)) or "no answer came"
        match self.handover.outcome:
            case Outcome.ACCEPTED if self.by == "folder":
                return f"The test to {self.to} is a file, nothing left this machine: {answer}."
            case Outcome.ACCEPTED:
                return f"The mail server took the test to {self.to}: {answer}."
            case Outcome.UNKNOWN:
                return f"Whether the mail server took the test to {self.to} is not known: {answer}."
        return f"The test to {self.to} was not taken: {answer}."


def allowed(house: House, email: str) -> str:
    """The address as the list of those that tests may go to has it. Raises AddressRefused, NotForTests."""
    wanted = addresses.parse(email)
    for each in house.settings.mail.test_addresses:
        listed = addresses.parse(each)
        if listed.key == wanted.key:
            return listed.email
    raise NotForTests(
        f"{wanted.email} is not on the list of addresses for tests, so nothing was sent.",
        remedy="Add it to test_addresses under [mail] in digest.toml.",
    )


def proof(house: House, connection: Connection, preview: Preview, reader: Reader, email: str) -> Proof:
    """A reader’s letter, ready to go to an address of the list. Raises NotForTests, AddressRefused, BadTemplate."""
    to = allowed(house, email)
    name = f"test.{secrets.token_hex(8)}"
    message = preview.test_message(connection, reader, to=to, name=name)
    if message is None:
        raise NotForTests("Nothing is new for this reader: there is no letter to send.", remedy="Choose another.")
    sender = preview.edition.headers["From"].rpartition("<")[2].rstrip(">")
    signers = [each for each in house.signers() if each.speaks_for(sender.rpartition("@")[2])]
    back = Returns.of(house).bounce_address or sender
    envelope = Envelope(envelope_sender=back, recipient=to, envelope_id=name)
    return Proof(to=to, envelope=envelope, message=signed(message, signers, at=house.clock.now()))


def send(house: House, ready: Proof) -> Sent:
    """Hand a test over, past the outbox. Raises TransportUnavailable or TransportRefused."""
    transport = house.transport()

    async def hand_over() -> Handover:
        session = await transport.connect()
        try:
            return await session.hand_over(ready.envelope, ready.message, _yes)
        finally:
            await session.close()

    return Sent(to=ready.to, by=transport.name, handover=asyncio.run(hand_over()))


async def _yes() -> bool:
    """There is no ledger to ask."""
    return True
