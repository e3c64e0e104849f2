"""One SMTP session: transactions on an open connection, the phase known at every step."""

from dataclasses import dataclass

from digest.mail.commands import DOT, QUIT, RSET, Offer
from digest.mail.order import PHASES, Order
from digest.mail.replies import Reply, judge
from digest.mail.step import in_step
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
        """For the reply to the command of this phase, up to DATA."""
        return {Phase.MAIL: self.mail, Phase.RCPT: self.rcpt, Phase.DATA: self.data}[phase]


#: What MAIL, RCPT and DATA are answered with, where nothing is wrong.
_WELCOME = [250, 250, 354]


class SmtpSession:
    """An open connection to the next hop; one transaction at a time."""

    def __init__(
        self, wire: Wire, offer: Offer, timeouts: SmtpTimeouts, *, max_messages: int, name: str = "smtp"
    ) -> None:
        self.name = name
        self._wire = wire
        self._offer = offer
        self._timeouts = timeouts
        self._left = max_messages
        #: What was said to come next; and what has been announced to the server already.
        self._next: Order | None = None
        self._announced: Order | None = None

    def expect(self, envelope: Envelope, message: bytes) -> None:
        """The message that will be handed over next: it is announced together with the dot of this one (RFC 2920,
        3.1), which saves a round trip and a write."""
        if self._offer.pipelining and self._left > 1:
            self._next = Order.of(envelope, message, self._offer)

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """Hand over one message. A connection that ended while idle is phase CONNECT: nothing was tried."""
        order = self._order(envelope, message)
        if order.refusal:
            return order.refusal._replace(closed=self._wire.lost)
        if self._wire.lost and not self._announced:
            return self._judged(Phase.CONNECT, None)
        try:
            handover = await self._transaction(order, before_dot)
        except BaseException:
            # A connection with half a transaction on it must never serve another.
            self._wire.drop("the transaction was broken off by us")
            raise
        return self._settled(handover)

    async def close(self) -> None:
        """QUIT and wait a moment for the answer; done twice is done once."""
        try:
            if not self._announced:  # else the server takes what is said for the message
                self._wire.send(QUIT, replies=1)
                await self._wire.reply(self._timeouts.polite)
        finally:
            self._wire.drop("the connection was ended by us")

    def _order(self, envelope: Envelope, message: bytes) -> Order:
        """The order for a message, which has been made already where it was expected."""
        expected, self._next = self._next, None
        if expected is not None and expected.message is message:
            return expected
        if self._announced:
            self._wire.drop("another message was announced")
            self._announced = None
        return Order.of(envelope, message, self._offer)

    async def _transaction(self, order: Order, before_dot: BeforeDot) -> Handover:
        if not self._is_let_in() and (refusal := await self._announce(order)):
            return refusal
        self._wire.send(order.text, replies=0)
        # The marker comes as late as possible: what is cut off before it was never in doubt.
        if self._wire.full:
            await self._wire.drained(self._timeouts.block)
        if self._wire.lost:
            return self._judged(Phase.DATA, self._wire.stray)
        if not await before_dot():
            self._wire.drop("the message was withheld")
            return Handover(outcome=Outcome.WITHHELD, phase=Phase.DATA, closed=True)
        return await self._end()

    def _is_let_in(self) -> bool:
        """Whether what was announced has been answered, and well, as nearly all is by now."""
        if self._announced is None or not self._wire.read_all(_WELCOME):
            return False
        self._announced = None
        return True

    async def _announce(self, order: Order) -> Handover | None:
        """MAIL, RCPT and DATA; None when the server waits for the message, else why it does not."""
        refusal = await (self._at_once(order) if self._offer.pipelining else self._one_by_one(order))
        if refusal is not None and not self._wire.lost:
            await self._reset(refusal)
        return refusal

    async def _one_by_one(self, order: Order) -> Handover | None:
        for phase, command in zip(PHASES, order.commands, strict=True):
            self._wire.send(command, replies=1)
            reply = await self._wire.reply(self._timeouts.of(phase))
            if not _goes_on(phase, reply):
                return self._judged(phase, reply)
        return None

    async def _at_once(self, order: Order) -> Handover | None:
        """RFC 2920: all commands in one write. The first refusal is the reason; the replies after it must be read."""
        announced, self._announced = self._announced, None
        if announced is None:
            self._wire.send(b"".join(order.commands), replies=len(PHASES))
        refusal = None
        for phase in PHASES:
            reply = self._wire.read() or await self._wire.reply(self._timeouts.of(phase))
            if refusal is None and not _goes_on(phase, reply):
                # Of a connection that ended when this was only announced, nothing was tried.
                idle = announced is not None and reply is None
                refusal = self._judged(Phase.CONNECT if idle else phase, reply)
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
        if self._next and not self._next.refusal:
            self._announced = self._next
            self._wire.send(b"".join((DOT, *self._announced.commands)), replies=1 + len(PHASES))
        else:
            self._wire.send(DOT, replies=1)
        reply = await self._wire.reply(self._timeouts.dot)
        if reply is None:
            return self._judged(Phase.DOT, None)
        if reply.code < 400 or await self._in_step(reply):
            return judge(Phase.DOT, reply)
        words = f"refused ({reply.code} {reply.text}), but what followed was out of step"
        return judge(Phase.DOT, None)._replace(diagnostic=words)

    async def _in_step(self, refusal: Reply) -> bool:
        return await in_step(
            self._wire,
            refusal,
            announced=len(PHASES) if self._announced else 0,
            patience=self._timeouts.mail,
            polite=self._timeouts.polite,
        )

    def _judged(self, phase: Phase, reply: Reply | None) -> Handover:
        handover = judge(phase, reply)
        return handover if reply else handover._replace(diagnostic=self._wire.trouble)

    def _settled(self, handover: Handover) -> Handover:
        """End the connection where it is of no further use, and say so."""
        self._left -= 1
        if handover.closed:
            self._wire.drop("the connection was of no further use")
        elif self._left <= 0:
            self._wire.leave()
        return handover if handover.closed == self._wire.lost else handover._replace(closed=self._wire.lost)


def _goes_on(phase: Phase, reply: Reply | None) -> bool:
    """Whether this reply lets the next command follow."""
    return reply is not None and (reply.code == 354 if phase is Phase.DATA else reply.positive)
