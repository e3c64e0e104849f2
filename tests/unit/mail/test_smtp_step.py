"""A refusal after the dot is believed where what follows shows that it was the answer to the dot."""

from typing import Any

import pytest

from digest.model.delivery import Outcome, Phase
from tests.support.smtp_sink import EXTENSIONS, Act, SmtpSink, at, once

MESSAGE = b"Subject: News\r\n\r\nHello.\r\n"
Exchange = Any  # the fixture of conftest.py

#: Said while the message was still coming in, so that it crossed our dot; then the dot is answered besides.
TWO = Act(raw=b"451 4.3.0 Enough\r\n", reply="250 2.0.0 Kept")


@pytest.mark.parametrize("ahead", [True, False])
def test_a_refusal_with_an_acceptance_behind_it_is_doubt(exchange: Exchange, ahead: bool) -> None:
    """The message was taken: to try again would double it. What was announced behind it goes another way."""
    server = SmtpSink(script=once("dot", TWO))
    first, second = exchange(server, messages=[MESSAGE] * 2, ahead=ahead)

    assert (first.outcome, first.phase, first.closed) == (Outcome.UNKNOWN, Phase.DOT, True)
    assert first.diagnostic == "refused (451 Enough), but what followed was out of step"
    assert second.outcome is Outcome.ACCEPTED
    assert (server.connections, len(server.received)) == (2, 2)


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_also_where_what_was_announced_is_refused(exchange: Exchange, phase: str) -> None:
    """Then a refusal comes wherever one looks; the goodbye comes too late."""
    next_is_refused = at(phase, Act(), Act(reply="450 4.2.0 Greylisted"), Act())
    server = SmtpSink(script=lambda step: once_twice(step) or next_is_refused(step))
    once_twice = once("dot", TWO)
    first, _ = exchange(server, messages=[MESSAGE] * 2, ahead=True)

    assert (first.outcome, first.closed) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_a_refusal_is_believed_though_what_was_announced_is_refused_too(exchange: Exchange, phase: str) -> None:
    """Each reply in its place, and the goodbye after them."""
    next_is_refused = at(phase, Act(), Act(reply="450 4.2.0 Greylisted"), Act())
    first_is_refused = once("dot", Act(reply="554 5.7.1 Looks like spam"))
    server = SmtpSink(script=lambda step: first_is_refused(step) or next_is_refused(step))
    first, _ = exchange(server, messages=[MESSAGE] * 2, ahead=True)

    assert (first.outcome, first.reply_code, first.closed) == (Outcome.FAILED, 554, True)


@pytest.mark.parametrize("ahead", [True, False])
def test_a_server_that_hangs_up_with_its_refusal_is_believed(exchange: Exchange, ahead: bool) -> None:
    """It has said nothing else, and will not."""
    server = SmtpSink(script=once("dot", Act(reply="554 5.7.1 Go away", hang_up=True)))
    first, second = exchange(server, messages=[MESSAGE] * 2, ahead=ahead)

    assert (first.outcome, first.reply_code, first.closed) == (Outcome.FAILED, 554, True)
    assert second.outcome is Outcome.ACCEPTED


def test_a_server_that_falls_silent_after_its_refusal_is_not(exchange: Exchange) -> None:
    """The other answer may still be on its way."""
    refusal = once("dot", Act(raw=b"451 4.3.0 Enough\r\n", stall=True))
    (first,) = exchange(SmtpSink(script=refusal), messages=[MESSAGE])

    assert (first.outcome, first.closed) == (Outcome.UNKNOWN, True)


def test_a_server_that_takes_one_command_at_a_time_is_asked_too(exchange: Exchange) -> None:
    """It, too, may speak before its turn."""
    extensions = tuple(word for word in EXTENSIONS if word != "PIPELINING")
    server = SmtpSink(script=once("dot", TWO), extensions=extensions)
    (first,) = exchange(server, messages=[MESSAGE])

    assert first.outcome is Outcome.UNKNOWN
