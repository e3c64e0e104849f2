"""What becomes of a message when the server, the network or the ledger does something else than planned."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from digest.mail.session import SmtpTimeouts
from digest.model.delivery import About, Handover, Outcome, Phase
from tests.support.smtp_sink import EXTENSIONS, Act, Script, SmtpSink, Step, at, once

STEPWISE = tuple(word for word in EXTENSIONS if word != "PIPELINING")
MESSAGE = b"Subject: News\r\n\r\nHello.\r\n"
LARGE = b"Subject: Large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 200_000
#: Short enough to sit out, long enough for a busy machine.
SHORT = SmtpTimeouts(opening=0.4, mail=0.4, rcpt=0.4, data=0.4, block=0.4, dot=0.4, polite=0.4)

Exchange = Any  # the fixture of conftest.py
both_ways = pytest.mark.parametrize("extensions", [EXTENSIONS, STEPWISE], ids=["pipelined", "stepwise"])


def sink(*scripts: Script, **options: Any) -> SmtpSink:
    """A sink that follows the first script with something to say."""

    def all_of_them(step: Step) -> Act | None:
        return next((act for script in scripts if (act := script(step))), None)

    return SmtpSink(script=all_of_them, **options)


def ended(handover: Handover) -> tuple[Outcome, Phase, About]:
    """What mostly matters of it."""
    return handover.outcome, handover.phase, handover.about


# Refusals before the dot


@both_ways
@pytest.mark.parametrize(
    ("phase", "reply", "outcome", "about"),
    [
        ("mail", "451 4.3.0 Busy", Outcome.DEFERRED, About.US),
        ("mail", "550 5.7.1 Not from you", Outcome.FAILED, About.US),
        ("rcpt", "450 4.2.0 Greylisted", Outcome.DEFERRED, About.READER),
        ("rcpt", "452 4.2.2 Mailbox full", Outcome.DEFERRED, About.READER),
        ("rcpt", "552 5.2.2 Mailbox full", Outcome.DEFERRED, About.READER),
        ("rcpt", "550 5.1.1 User unknown", Outcome.FAILED, About.READER),
        ("rcpt", "554 5.7.1 Policy", Outcome.FAILED, About.US),
        ("data", "451 4.3.1 Disk full", Outcome.DEFERRED, About.US),
        ("data", "554 5.5.1 No", Outcome.FAILED, About.US),
    ],
)
def test_a_refusal_before_the_dot_ends_one_transaction_and_not_the_connection(
    exchange: Exchange, extensions: tuple[str, ...], phase: str, reply: str, outcome: Outcome, about: About
) -> None:
    """The next message goes over the same connection, not nested in the refused one."""
    server = sink(once(phase, Act(reply=reply)), extensions=extensions)
    refused, accepted = exchange(server, messages=[MESSAGE, MESSAGE])

    assert ended(refused) == (outcome, Phase(phase), about)
    assert (refused.reply_code, refused.closed) == (int(reply[:3]), False)
    assert accepted.outcome is Outcome.ACCEPTED
    assert (server.connections, len(server.received)) == (1, 1)


@both_ways
def test_a_refused_recipient_is_never_sent_the_message(exchange: Exchange, extensions: tuple[str, ...]) -> None:
    """Not even to a server that asks for it all the same, and not even an empty one."""
    server = sink(
        at("rcpt", Act(reply="550 5.1.1 User unknown")),
        at("data", Act(reply="354 Send it anyway")),
        extensions=extensions,
    )
    (refused,) = exchange(server)

    assert ended(refused) == (Outcome.FAILED, Phase.RCPT, About.READER)
    assert refused.closed == (extensions is EXTENSIONS)
    assert server.received == []
    assert exchange.asked == 0


@both_ways
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_421_within_a_session_defers_and_ends_it(exchange: Exchange, extensions: tuple[str, ...], phase: str) -> None:
    """RFC 5321, 3.8: the server closes; nothing is said of the reader."""
    server = sink(once(phase, Act(reply="421 4.3.2 Going down", hang_up=True)), extensions=extensions)
    deferred, accepted = exchange(server, messages=[MESSAGE, MESSAGE])

    assert ended(deferred) == (Outcome.DEFERRED, Phase(phase), About.US)
    assert deferred.closed
    assert accepted.outcome is Outcome.ACCEPTED
    assert server.connections == 2


@both_ways
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("act", [Act(reset=True), Act(stall=True), Act(raw=b"\x00\xff?\r\n")], ids=str)
def test_what_breaks_before_the_354_is_tried_again(
    exchange: Exchange, extensions: tuple[str, ...], phase: str, act: Act
) -> None:
    """Reset, silence or nonsense: the message was never handed over."""
    server = sink(at(phase, act), extensions=extensions)
    (deferred,) = exchange(server, timeouts=SHORT)

    assert deferred.outcome is Outcome.DEFERRED
    assert deferred.phase in (Phase.MAIL, Phase.RCPT, Phase.DATA)
    assert (deferred.about, deferred.closed, bool(deferred.diagnostic)) == (About.US, True, True)
    assert server.received == []


def test_a_server_that_trickles_runs_out_of_time(exchange: Exchange) -> None:
    """A byte now and then does not keep a connection for ever."""

    def trickle(step: Step) -> Act | None:
        return Act(raw=b"250-more\r\n" * 5, stall=True) if step.phase == "mail" else None

    (deferred,) = exchange(sink(trickle), timeouts=SHORT)

    assert ended(deferred) == (Outcome.DEFERRED, Phase.MAIL, About.US)
    assert deferred.closed


def test_a_reply_without_end_is_cut_off(exchange: Exchange) -> None:
    """Memory is not the server's to fill."""
    (deferred,) = exchange(sink(at("mail", Act(raw=b"x" * 10_000_000))))

    assert ended(deferred) == (Outcome.DEFERRED, Phase.MAIL, About.US)
    assert "65536" in deferred.diagnostic


# Between the 354 and the dot


def test_a_reset_in_the_middle_of_the_message_defers_it(exchange: Exchange) -> None:
    """Without a dot nothing was accepted; the marker was not even asked for."""
    server = sink(at("body", Act(reset=True)), extensions=("PIPELINING",))
    (deferred,) = exchange(server, messages=[LARGE])

    assert ended(deferred) == (Outcome.DEFERRED, Phase.DATA, About.US)
    assert deferred.closed
    assert exchange.asked == 0
    assert server.received == []


def test_a_server_that_stops_reading_runs_out_of_time(exchange: Exchange) -> None:
    """RFC 5321, 4.5.3.2.5: the block has its own limit."""
    server = sink(at("body", Act(stall=True)), extensions=("PIPELINING",))
    (deferred,) = exchange(server, messages=[LARGE], timeouts=SHORT)

    assert ended(deferred) == (Outcome.DEFERRED, Phase.DATA, About.US)
    assert exchange.asked == 0


@pytest.mark.parametrize("act", [Act(reset=True), Act(hang_up=True)], ids=["reset", "end"])
def test_a_connection_lost_while_the_marker_is_written_gets_no_dot(exchange: Exchange, act: Act) -> None:
    """Known lost before the dot is no doubt, though the marker is there."""

    async def slow_disk() -> bool:
        await asyncio.sleep(0.2)
        return True

    server = sink(at("body", act))
    (deferred,) = exchange(server, before_dot=slow_disk)

    assert ended(deferred) == (Outcome.DEFERRED, Phase.DATA, About.US)
    assert exchange.asked == 1
    assert server.received == []


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("421 4.4.2 Timed out", Outcome.DEFERRED),
        ("452 4.3.1 Disk full", Outcome.DEFERRED),
        ("552 5.3.4 Too large", Outcome.FAILED),
        ("250 2.0.0 What?", Outcome.DEFERRED),
    ],
)
def test_an_answer_before_the_dot_keeps_the_dot_back(exchange: Exchange, reply: str, outcome: Outcome) -> None:
    """The server has spoken too early; a dot now could be taken for anything."""

    async def slow_disk() -> bool:
        await asyncio.sleep(0.2)
        return True

    server = sink(at("body", Act(reply=reply)))
    (handover,) = exchange(server, before_dot=slow_disk)

    assert ended(handover) == (outcome, Phase.DATA, About.US)
    assert (handover.reply_code, handover.closed) == (int(reply[:3]), True)
    assert server.received == []


def test_a_withheld_message_costs_its_connection_and_nothing_else(exchange: Exchange) -> None:
    """There is no way to take back a DATA; the next message goes over a new connection."""
    answers = iter([False, True])

    async def ledger() -> bool:
        return next(answers)

    server = sink()
    withheld, accepted = exchange(server, messages=[MESSAGE, MESSAGE], before_dot=ledger)

    assert (withheld.outcome, withheld.phase, withheld.closed) == (Outcome.WITHHELD, Phase.DATA, True)
    assert accepted.outcome is Outcome.ACCEPTED
    assert (server.connections, len(server.received)) == (2, 1)


def test_a_cancelled_handover_sends_no_dot(exchange: Exchange) -> None:
    """A worker that is told to stop leaves nothing half said that could be finished by the next message."""

    async def cancelled() -> bool:
        raise asyncio.CancelledError

    server = sink()
    with pytest.raises(asyncio.CancelledError):
        exchange(server, before_dot=cancelled)

    assert server.received == []


# After the dot


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("451 4.3.0 Scanner is busy", Outcome.DEFERRED),
        ("554 5.7.1 Looks like spam", Outcome.FAILED),
        ("550 5.6.0 Malformed", Outcome.FAILED),
    ],
)
def test_a_refusal_after_the_dot_is_no_doubt(exchange: Exchange, reply: str, outcome: Outcome) -> None:
    """4yz and 5yz say that the message was not taken. That nothing else was said in between shows the goodbye."""
    server = sink(once("dot", Act(reply=reply)))
    refused, accepted = exchange(server, messages=[MESSAGE, MESSAGE])

    assert ended(refused) == (outcome, Phase.DOT, About.US)
    assert (refused.reply_code, refused.closed) == (int(reply[:3]), True)
    assert accepted.outcome is Outcome.ACCEPTED
    assert (server.connections, len(server.received)) == (2, 1)


def test_421_after_the_dot_defers_and_ends_the_session(exchange: Exchange) -> None:
    """Definitely not accepted."""
    server = sink(at("dot", Act(reply="421 4.3.2 Going down", hang_up=True)))
    (deferred,) = exchange(server)

    assert ended(deferred) == (Outcome.DEFERRED, Phase.DOT, About.US)
    assert deferred.closed


@pytest.mark.parametrize(
    "act",
    [
        Act(reset=True),
        Act(stall=True),
        Act(raw=b"garbage\r\n", stall=True),
        Act(raw=b"250-half a reply", stall=True),
        Act(reply="354 Again?"),
    ],
    ids=["reset", "silence", "garbage", "half a reply", "out of place"],
)
def test_no_clear_answer_after_the_dot_is_doubt(exchange: Exchange, act: Act) -> None:
    """It may have been accepted, and here it was: sending it again would double it."""
    server = sink(at("dot", act))
    (unknown,) = exchange(server, timeouts=replace(SHORT, dot=0.4))

    assert ended(unknown) == (Outcome.UNKNOWN, Phase.DOT, About.US)
    assert unknown.closed
    assert len(server.received) == 1


def test_an_ordinary_end_after_the_dot_is_doubt_too(exchange: Exchange) -> None:
    """A FIN instead of a reply says as little as a reset."""

    server = sink(at("dot", Act(silent=True, hang_up=True)))
    (unknown,) = exchange(server)

    assert ended(unknown) == (Outcome.UNKNOWN, Phase.DOT, About.US)


def test_a_slow_250_is_waited_for(exchange: Exchange) -> None:
    """Servers scan while we wait; giving up early would make doubt."""
    (accepted,) = exchange(sink(at("dot", Act(delay=0.6))), timeouts=replace(SHORT, dot=20))

    assert accepted.outcome is Outcome.ACCEPTED


def test_a_250_that_comes_too_late_is_no_answer_to_anything_else(exchange: Exchange) -> None:
    """The connection is given up with the wait, so the next message starts on a clean one."""
    server = sink(once("dot", Act(delay=0.6)))
    late, accepted = exchange(server, messages=[MESSAGE, MESSAGE], timeouts=SHORT)

    assert late.outcome is Outcome.UNKNOWN
    assert accepted.outcome is Outcome.ACCEPTED
    assert server.connections == 2


@pytest.mark.parametrize(
    ("act", "closed"),
    [
        (Act(raw=b"250 2.0.0 Kept\r\n", reply="250 2.0.0 And again"), True),
        (Act(raw=b"250 2.0.0 Kept\r\n", reply="gibberish"), True),
        (Act(raw=b"250 2.0.0 Kept\r\n", reply="421 4.3.2 Going down", hang_up=True), True),
    ],
    ids=["one reply too many", "nonsense", "421"],
)
def test_a_250_counts_whatever_follows_it(exchange: Exchange, act: Act, closed: bool) -> None:
    """It was accepted; only the connection is not trusted any more."""
    server = sink(once("dot", act))
    first, second = exchange(server, messages=[MESSAGE, MESSAGE])

    assert (first.outcome, first.reply_code, first.closed) == (Outcome.ACCEPTED, 250, closed)
    assert second.outcome is Outcome.ACCEPTED
    assert server.connections == 2


def test_a_reply_too_many_that_comes_late_never_vouches_for_the_next_message(exchange: Exchange) -> None:
    """Every reply would answer the command before it: the 354 that is missing gives it away before the dot."""
    server = sink(at("mail", Act(), Act(raw=b"250 2.0.0 Late\r\n"), Act()))
    outcomes = [handover.outcome for handover in exchange(server, messages=[MESSAGE] * 3)]

    assert outcomes == [Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.ACCEPTED]
    assert (server.connections, len(server.received)) == (2, 2)


# Between messages


def test_a_connection_ended_between_messages_is_no_attempt(exchange: Exchange) -> None:
    """Servers end idle connections; phase CONNECT says that nothing was tried for this reader."""

    def limit(step: Step) -> Act | None:
        if (step.phase, step.connection) == ("dot", 1):
            return Act(reply="250 2.0.0 Kept", hang_up=True)
        return None

    server = sink(limit)
    first, second = exchange(server, messages=[MESSAGE, MESSAGE], between=0.2)

    assert first.outcome is Outcome.ACCEPTED
    assert ended(second) == (Outcome.DEFERRED, Phase.CONNECT, About.US)
    assert second.closed


def test_a_connection_is_changed_after_so_many_messages(exchange: Exchange) -> None:
    """In good order, before the server does it in bad order."""
    server = sink()
    handovers = exchange(server, messages=[MESSAGE] * 5, max_messages=2)

    assert [handover.closed for handover in handovers] == [False, True, False, True, False]
    assert {handover.outcome for handover in handovers} == {Outcome.ACCEPTED}
    assert server.connections == 3
    assert server.commands.count(b"QUIT") == 3


def test_a_server_that_ignores_quit_is_left_all_the_same(exchange: Exchange) -> None:
    """Politeness has its limit."""
    (accepted,) = exchange(sink(at("quit", Act(stall=True))), timeouts=SHORT)

    assert accepted.outcome is Outcome.ACCEPTED


# What goes over the wire


@both_ways
@pytest.mark.parametrize("trick", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\n"])
@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
def test_one_message_stays_one_message(
    exchange: Exchange, extensions: tuple[str, ...], trick: bytes, lenient: bool
) -> None:
    """SMTP smuggling: no line end is found in the text that another server would take for the end."""
    inner = (
        b"MAIL FROM:<boss@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: Forged\r\n\r\nPay.\r\n.\r\n"
    )
    server = sink(extensions=extensions, lenient=lenient)
    (accepted,) = exchange(server, messages=[b"Subject: News\r\n\r\nHello." + trick + inner])

    assert accepted.outcome is Outcome.ACCEPTED
    (received,) = server.received
    assert received.recipient == "reader@example.org"
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", received.wire)
    assert received.message.endswith(b"Pay.\r\n.\r\n")


@both_ways
def test_commands_go_in_one_write_only_where_that_is_offered(exchange: Exchange, extensions: tuple[str, ...]) -> None:
    """RFC 2920: a server that did not offer it may lose what comes before it asks."""
    ahead: dict[str, int] = {}

    def look(step: Step) -> Act | None:
        ahead.setdefault(step.phase, step.ahead)
        return Act(delay=0.05) if step.phase == "mail" else None

    exchange(sink(look, extensions=extensions))

    assert (ahead["mail"] > 0) == (extensions is EXTENSIONS)
    assert ahead["data"] == 0


def test_an_address_that_needs_smtputf8_waits_for_no_server_without_it(exchange: Exchange) -> None:
    """Refused here, with RFC 6531's own status; the connection is untouched."""
    server = sink(extensions=("PIPELINING",))
    (failed,) = exchange(server, recipient="jürgen@example.org")

    assert ended(failed) == (Outcome.FAILED, Phase.MAIL, About.READER)
    assert (failed.enhanced_code, failed.closed) == ("5.6.7", False)
    assert not any(command.startswith(b"MAIL") for command in server.commands)


def test_an_address_that_needs_smtputf8_gets_it_where_offered(exchange: Exchange) -> None:
    """The address goes over the wire as it is."""
    server = sink()
    (accepted,) = exchange(server, recipient="jürgen@example.org")

    assert accepted.outcome is Outcome.ACCEPTED
    assert server.received[0].recipient == "jürgen@example.org"
    assert "SMTPUTF8" in server.received[0].mail_parameters.split()


def test_a_message_too_large_for_the_server_is_not_begun(exchange: Exchange) -> None:
    """RFC 1870 is there so that nobody has to send it to find out."""
    server = sink(extensions=("SIZE 20",))
    (failed,) = exchange(server)

    assert (failed.outcome, failed.enhanced_code, failed.about) == (Outcome.FAILED, "5.3.4", About.US)
    assert not any(command.startswith(b"MAIL") for command in server.commands)


def test_an_address_cannot_write_commands(exchange: Exchange) -> None:
    """Refused before anything is written; the next message goes over the same connection."""
    server = sink()
    (failed,) = exchange(server, recipient="a@example.org>\r\nRCPT TO:<b@example.org")

    assert (failed.outcome, failed.about, failed.closed) == (Outcome.FAILED, About.READER, False)
    assert [command.split()[0] for command in server.commands] == [b"EHLO", b"QUIT"]
