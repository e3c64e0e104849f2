"""The next message is announced with the dot of the one before: faster, and nothing else is different."""

import asyncio
from typing import Any

from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import About, Envelope, Handover, Outcome, Phase
from tests.support.smtp_sink import EXTENSIONS, Act, SmtpSink, Step, at, once

MESSAGE = b"Subject: News\r\n\r\nHello.\r\n"
Exchange = Any  # the fixture of conftest.py


class Watch:
    """Sees how much had come already when the server came to each step."""

    def __init__(self) -> None:
        self.ahead_at_dot: list[int] = []

    def __call__(self, step: Step) -> Act | None:
        if step.phase == "dot":
            self.ahead_at_dot.append(step.ahead)
        return None


def test_what_is_expected_comes_with_the_dot_before_it(exchange: Exchange) -> None:
    """RFC 2920, 3.1; the last one, after which nothing is expected, ends with its dot."""
    watch = Watch()
    server = SmtpSink(script=watch)
    handovers = exchange(server, messages=[MESSAGE] * 3, ahead=True)

    assert [each.outcome for each in handovers] == [Outcome.ACCEPTED] * 3
    assert [ahead > 0 for ahead in watch.ahead_at_dot] == [True, True, False]
    assert [each.message for each in server.received] == [MESSAGE] * 3
    assert server.connections == 1


def test_a_server_that_takes_one_command_at_a_time_is_told_nothing_ahead(exchange: Exchange) -> None:
    """Without PIPELINING in its offer."""
    watch = Watch()
    extensions = tuple(word for word in EXTENSIONS if word != "PIPELINING")
    exchange(SmtpSink(script=watch, extensions=extensions), messages=[MESSAGE] * 2, ahead=True)

    assert watch.ahead_at_dot == [0, 0]


def test_a_refused_recipient_that_was_announced_costs_itself_alone(exchange: Exchange) -> None:
    """The message before it and the one after go their way over the same connection."""
    refused = at("rcpt", Act(), Act(reply="550 5.1.1 User unknown"), Act())
    server = SmtpSink(script=refused)
    first, second, third = exchange(server, messages=[MESSAGE] * 3, ahead=True)

    assert (first.outcome, third.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    assert (second.outcome, second.phase, second.about) == (Outcome.FAILED, Phase.RCPT, About.READER)
    assert (server.connections, len(server.received)) == (1, 2)


def test_a_refusal_at_the_dot_leaves_what_was_announced_behind_it_alone(exchange: Exchange) -> None:
    """Each reply belongs to its own message."""
    server = SmtpSink(script=once("dot", Act(reply="451 4.3.0 Try later")))
    first, second = exchange(server, messages=[MESSAGE] * 2, ahead=True)

    assert (first.outcome, first.phase, first.closed) == (Outcome.DEFERRED, Phase.DOT, False)
    assert second.outcome is Outcome.ACCEPTED


def test_silence_after_the_dot_is_doubt_of_that_message_only(exchange: Exchange) -> None:
    """What was announced behind it was never tried, and goes over a new connection."""
    server = SmtpSink(script=once("dot", Act(reset=True)))
    first, second = exchange(server, messages=[MESSAGE] * 2, ahead=True)

    assert (first.outcome, first.closed) == (Outcome.UNKNOWN, True)
    assert second.outcome is Outcome.ACCEPTED
    assert server.connections == 2


def test_a_connection_that_ends_before_what_was_announced_has_tried_nothing_of_it(exchange: Exchange) -> None:
    """As one that ends while it is idle."""
    server = SmtpSink(script=at("mail", Act(), Act(silent=True, hang_up=True), Act()))
    first, second = exchange(server, messages=[MESSAGE] * 2, ahead=True)

    assert first.outcome is Outcome.ACCEPTED
    assert (second.outcome, second.phase, second.closed) == (Outcome.DEFERRED, Phase.CONNECT, True)


def test_no_more_are_announced_than_one_connection_may_carry(exchange: Exchange) -> None:
    """The last of them ends with QUIT."""
    watch = Watch()
    server = SmtpSink(script=watch)
    exchange(server, messages=[MESSAGE] * 4, max_messages=2, ahead=True)

    assert [ahead > 0 for ahead in watch.ahead_at_dot] == [True, False, True, False]
    assert (server.connections, len(server.received)) == (2, 4)


def test_another_message_than_was_announced_goes_over_another_connection() -> None:
    """The server would take it for the one whose reader it was told of."""
    first, other, server = asyncio.run(_announced_and_then(b"Subject: Three\r\n\r\nThree.\r\n"))

    assert first.outcome is Outcome.ACCEPTED
    assert other is not None
    assert (other.outcome, other.phase, other.closed) == (Outcome.DEFERRED, Phase.CONNECT, True)
    assert len(server.received) == 1


def test_a_session_closed_with_a_message_announced_ends_without_it() -> None:
    """No word of ours may be taken for the message."""
    _, _, server = asyncio.run(_announced_and_then(None))

    assert [each.message for each in server.received] == [MESSAGE]


async def _announced_and_then(message: bytes | None) -> tuple[Handover, Handover | None, SmtpSink]:
    """Hand over one message, with another announced behind it, and then this one, or none."""
    envelope = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="17")
    async with SmtpSink() as server:
        session = await SmtpTransport(SmtpConfig(host="127.0.0.1", port=server.port, security=Security.NONE)).connect()

        async def expecting() -> bool:
            session.expect(envelope, b"Subject: Two\r\n\r\nTwo.\r\n")
            return True

        first = await session.hand_over(envelope, MESSAGE, expecting)
        other = await session.hand_over(envelope, message, asyncio.Event().wait) if message else None
        await session.close()
    return first, other, server
