"""The list in memory."""

import asyncio

from digest.mail.memory import MemoryTransport
from digest.model.delivery import Envelope, Handover, Outcome, Phase

ENVELOPE = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="17")


def test_given_answers_come_first_and_only_those_after_the_dot_ask_for_it() -> None:
    """A test can play any server without one; refused messages are not kept."""
    asked: list[bool] = []

    async def yes() -> bool:
        asked.append(True)
        return True

    refused = Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, enhanced_code="5.1.1")
    unknown = Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT, closed=True)
    transport = MemoryTransport([refused, unknown])

    async def story() -> list[Handover]:
        session = await transport.connect()
        first = [await session.hand_over(ENVELOPE, b"Hello.\r\n", yes) for _ in range(3)]
        return [*first, await (await transport.connect()).hand_over(ENVELOPE, b"Hello.\r\n", yes)]

    first, second, third, fourth = asyncio.run(story())

    assert (first, second) == (refused, unknown)
    assert (third.outcome, third.phase, third.closed) == (Outcome.DEFERRED, Phase.CONNECT, True)
    assert fourth.outcome is Outcome.ACCEPTED
    assert len(asked) == 2
    assert [kept.envelope for kept in transport.kept] == [ENVELOPE]
