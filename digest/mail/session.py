"""One SMTP session: transactions on an open connection, the phase known at every step."""

from dataclasses import dataclass, replace

from digest.mail.commands import (
    DATA,
    DOT,
    QUIT,
    RSET,
    Offer,
    dot_stuffed,
    mail_from,
    rcpt_to,
    refused_here,
    with_ascii_domains,
    with_crlf,
)
from digest.mail.replies import Reply, judge
from digest.mail.wire import Wire
from digest.model.delivery import Envelope, Handover, Outcome, Phase
from digest.ports import BeforeDot


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTimeouts:
    """How long to wait, in seconds (RFC 5321, 4.5.3.2)."""

    #: Each step of opening: TCP and TLS, greeting, EHLO, AUTH.
    opening: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    #: For the 354.
    data: float = 120.0
    #: For the message to leave our hands.
    block: float = 180.0
    #: For the answer to the final dot. Giving up earlier makes doubt where there is none: servers scan while we wait.
    dot: float = 600.0
    #: For RSET and QUIT, which nobody needs to wait long for.
    polite: float = 20.0

    def of(self, phase: Phase) -> float:
        """For the reply to the command of this phase."""
        return {Phase.MAIL: self.mail, Phase.RCPT: self.rcpt, Phase.DATA: self.data, Phase.DOT: self.dot}[phase]


class SmtpSession:
    """An open connection to the next hop; one transaction at a time."""

    def __init__(self, wire: Wire, offer: Offer, timeouts: SmtpTimeouts, *, max_messages: int) -> None:
        self._wire = wire
        self._offer = offer
        self._timeouts = timeouts
        self._left = max_messages

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """Hand over one message. A connection that ended while idle is phase CONNECT: nothing was tried."""
        envelope, text = with_ascii_domains(envelope), with_crlf(message)
        if refusal := refused_here(envelope, text, self._offer):
            return replace(refusal, closed=self._wire.lost)
        if self._wire.lost:
            return self._judged(Phase.CONNECT, None)
        try:
            handover = await self._transaction(envelope, text, before_dot)
        except BaseException:
            # A connection with half a transaction on it must never serve another.
            self._wire.drop("the transaction was broken off by us")
            raise
        return self._settled(handover)

    async def close(self) -> None:
        """QUIT and wait a moment for the answer; done twice is done once."""
        try:
            self._wire.send(QUIT, replies=1)
            await self._wire.reply(self._timeouts.polite)
        finally:
            self._wire.drop("the connection was ended by us")

    async def _transaction(self, envelope: Envelope, text: bytes, before_dot: BeforeDot) -> Handover:
        refusal = await self._announce(envelope, len(text))
        if refusal is not None:
            return refusal
        self._wire.send(dot_stuffed(text), replies=0)
        # The marker comes as late as possible: what is cut off before it was never in doubt.
        await self._wire.drained(self._timeouts.block)
        if self._wire.lost:
            return self._judged(Phase.DATA, self._wire.stray)
        if not await before_dot():
            self._wire.drop("the message was withheld")
            return Handover(outcome=Outcome.WITHHELD, phase=Phase.DATA, closed=True)
        return await self._end()

    async def _announce(self, envelope: Envelope, size: int) -> Handover | None:
        """MAIL, RCPT and DATA; None when the server waits for the message, else why it does not."""
        steps = (
            (Phase.MAIL, mail_from(envelope, size, self._offer)),
            (Phase.RCPT, rcpt_to(envelope, self._offer)),
            (Phase.DATA, DATA),
        )
        refusal = await (self._at_once(steps) if self._offer.pipelining else self._one_by_one(steps))
        if refusal is not None and not self._wire.lost:
            await self._reset(refusal)
        return refusal

    async def _one_by_one(self, steps: "Steps") -> Handover | None:
        for phase, command in steps:
            self._wire.send(command, replies=1)
            reply = await self._wire.reply(self._timeouts.of(phase))
            if not _goes_on(phase, reply):
                return self._judged(phase, reply)
        return None

    async def _at_once(self, steps: "Steps") -> Handover | None:
        """RFC 2920: all commands in one write. The first refusal is the reason; the replies after it must be read."""
        self._wire.send(b"".join(command for _, command in steps), replies=len(steps))
        refusal = None
        for phase, _ in steps:
            reply = await self._wire.reply(self._timeouts.of(phase))
            if refusal is None and not _goes_on(phase, reply):
                refusal = self._judged(phase, reply)
            elif refusal is not None and reply is not None and reply.code == 354:
                # RFC 2920 would have us send an empty message here. A server that waits for a message nobody may get
                # is not trusted with one: without a dot it can accept nothing, and a new connection costs little.
                self._wire.drop("the server asked for the message after it had refused the recipient")
        return refusal

    async def _reset(self, refusal: Handover) -> None:
        """Forget the transaction on the server too: else the next MAIL is nested in this one."""
        if refusal.closed:
            self._wire.drop("the connection was of no further use")
            return
        self._wire.send(RSET, replies=1)
        reply = await self._wire.reply(self._timeouts.polite)
        if reply is None or not reply.positive:
            self._wire.drop("the server did not answer RSET as it should")

    async def _end(self) -> Handover:
        # Known lost before the dot is written: it was not accepted. From here on, silence is doubt.
        if self._wire.lost:
            return self._judged(Phase.DATA, self._wire.stray)
        self._wire.send(DOT, replies=1)
        return self._judged(Phase.DOT, await self._wire.reply(self._timeouts.of(Phase.DOT)))

    def _judged(self, phase: Phase, reply: Reply | None) -> Handover:
        handover = judge(phase, reply)
        return handover if reply else replace(handover, diagnostic=self._wire.trouble)

    def _settled(self, handover: Handover) -> Handover:
        """End the connection where it is of no further use, and say so."""
        self._left -= 1
        if handover.closed:
            self._wire.drop("the connection was of no further use")
        elif self._left <= 0:
            self._wire.leave()
        return handover if handover.closed == self._wire.lost else replace(handover, closed=self._wire.lost)


Steps = tuple[tuple[Phase, bytes], ...]


def _goes_on(phase: Phase, reply: Reply | None) -> bool:
    """Whether this reply lets the next command follow."""
    return reply is not None and (reply.code == 354 if phase is Phase.DATA else reply.positive)
