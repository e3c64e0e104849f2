"""What a mail server, or the network before it, may do: each reader gets it once, or the ledger says why not."""

import asyncio
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from digest.errors import Problem, TransportRefused, TransportUnavailable
from digest.flow.breaker import PATIENCE_WITH_US
from digest.flow.deliver import Stop
from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security
from digest.model.delivery import DeliveryId, DeliveryState, Phase
from digest.storage.journal import Journal
from digest.storage.tables import attempt, delivery
from tests.support.chaos import MISCHIEF, at_random
from tests.support.smtp_sink import Act, Script, Step, at, once
from tests.support.trial import CONNECTIONS, READERS, SHORT, Trial, reader
from tests.unit.mail.conftest import Certificate
from tests.unit.mail.conftest import certificate as certificate

_S = DeliveryState
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)


def some_reader(trial: Trial) -> str:
    """Whom it befalls."""
    return reader(trial.chance.randrange(READERS))


def for_one(phase: str, act: Act, email: str) -> Script:
    """Always, but only where the message is for this reader."""
    state: dict[int, bool] = {}

    def script(step: Step) -> Act | None:
        if step.phase == "rcpt":
            state[step.connection] = f"<{email}>".encode() in step.said
        return act if step.phase == phase and state.get(step.connection) else None

    return script


def stubborn(trial: Trial, *, runs: int = 3, timeouts: SmtpTimeouts = SHORT, **smtp: object) -> list[Problem]:
    """Run after run, as a supervisor would; what each stopped for."""
    problems = []
    for _ in range(runs):
        try:
            trial.deliver(timeouts, **smtp)
        except Problem as problem:
            problems.append(problem)
        trial.wait_is_over()
    return problems


# The name and the connection


@on_sqlite
@pytest.mark.parametrize("name", ["mail.invalid", "mail..example"])
def test_15_dns_failure_of_the_next_hop(trial: Trial, name: str) -> None:
    """Nothing is known of any reader: all is kept, no try is counted."""
    (problem, *_) = stubborn(trial, host=name, timeouts=replace(SHORT, opening=3.0), runs=2)

    assert "cannot be reached" in str(problem)
    assert trial.counts() == {_S.QUEUED: READERS}
    trial.finish()
    trial.check()


def test_15_no_such_domain_of_a_recipient_twice(trial: Trial) -> None:
    """The relay cannot find the domain: once may be its DNS, twice in a row is the address. Nobody is suppressed."""
    lost = some_reader(trial)
    trial.chaos.behave(at("rcpt", Act(reply="450 4.1.2 Domain not found"), recipient=f"<{lost}>"))
    stubborn(trial, runs=1)
    after_one = trial.ledger()[lost]
    stubborn(trial, runs=1)

    assert (after_one, trial.ledger()[lost]) == (_S.QUEUED, _S.FAILED)
    assert trial.suppressed() == []
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.FAILED: 1}
    trial.check()


@on_sqlite
def test_16_connect_refused(trial: Trial) -> None:
    """Nobody listens: kept, told in one line, sent when somebody does."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        problems = stubborn(trial, port=nobody.getsockname()[1], runs=2)

    assert all(isinstance(problem, TransportUnavailable) for problem in problems)
    assert trial.counts() == {_S.QUEUED: READERS}
    trial.finish()
    trial.check()


@on_sqlite
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_16_bad_certificate_or_starttls_stripped(trial: Trial, certificate: Certificate, security: Security) -> None:
    """Never in the clear, never to somebody nobody vouches for: nothing is sent, nobody is marked."""
    if security is Security.STARTTLS:
        trial.chaos.sink.tls = None
    else:
        trial.chaos.sink.tls = certificate.server
    stubborn(trial, security=security, runs=2)

    assert trial.counts() == {_S.QUEUED: READERS}
    assert not any(line.startswith((b"MAIL", b"AUTH")) for line in trial.chaos.sink.commands)
    trial.finish()
    trial.check()


@on_sqlite
@pytest.mark.parametrize(
    "act",
    [
        Act(reply="454 4.7.0 No TLS now"),
        Act(raw=b"220 2.0.0 Go\r\n", stall=True),
        Act(raw=b"220 2.0.0 Go\r\n", silent=True, hang_up=True),
    ],
    ids=["refused", "silence", "the end"],
)
def test_16_starttls_fails(trial: Trial, certificate: Certificate, act: Act) -> None:
    """Refused, or begun and then no TLS: the same."""
    trial.chaos.sink.tls = certificate.server
    trial.chaos.behave(at("starttls", act))
    stubborn(trial, security=Security.STARTTLS, ca_file=certificate.file, runs=1)

    assert trial.counts() == {_S.QUEUED: READERS}
    assert not any(line.startswith(b"MAIL") for line in trial.chaos.sink.commands)
    trial.chaos.sink.tls = None
    trial.finish()
    trial.check()


@on_sqlite
def test_16_replies_injected_before_tls(trial: Trial, certificate: Certificate) -> None:
    """What somebody on the way says before the handshake is no answer to anything after it."""
    trial.chaos.sink.tls = certificate.server
    injected = b"220 2.0.0 Go\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go on\r\n250 2.0.0 Kept\r\n"
    trial.chaos.behave(at("starttls", Act(raw=injected)))
    stubborn(trial, security=Security.STARTTLS, ca_file=certificate.file, runs=1)

    trial.chaos.sink.tls = None
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@on_sqlite
@pytest.mark.parametrize("code", ["535 5.7.8 Wrong password", "530 5.7.0 Authentication required"])
def test_17_auth_failure(trial: Trial, code: str) -> None:
    """Says nothing about any reader: the stream stops, nobody is marked, nobody suppressed."""
    trial.chaos.sink.login = ("desk", "s3cret")
    trial.chaos.behave(at("auth", Act(reply=code)), at("mail", Act(reply="530 5.7.0 Authentication required")))
    problems = stubborn(trial, username="desk", password="s3cret", runs=2)
    problems += stubborn(trial, runs=1)

    assert all(isinstance(problem, TransportRefused) for problem in problems)
    assert len(problems) == 3
    assert trial.counts() == {_S.QUEUED: READERS}
    assert set(trial.ledger(delivery.c.tries).values()) == {0}
    assert trial.suppressed() == []
    trial.finish()
    trial.check()


# Refusals


@pytest.mark.parametrize("phase", ["greeting", "mail", "dot"])
def test_18_421(trial: Trial, phase: str) -> None:
    """Deferred, and fewer connections; after the dot it says for certain that the message was not taken."""
    act = Act(reply="421 4.3.2 Going down", hang_up=True)
    trial.chaos.behave(once(phase, act))
    stubborn(trial, runs=2)
    said = trial.attempts(attempt.c.phase, attempt.c.outcome, attempt.c.reply_code)

    deferred = [row for row in said if row.reply_code == 421]
    assert deferred == ([] if phase == "greeting" else [(phase, "deferred", 421)])
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@pytest.mark.parametrize("reply", ["450 4.2.0 Greylisted", "451 4.7.1 Try again later"])
def test_19_greylisting(trial: Trial, reply: str) -> None:
    """Deferred by as long as the settings say, five minutes by default; sent once, later."""
    late = some_reader(trial)
    trial.chaos.behave(at("rcpt", Act(reply=reply), Act(), recipient=f"<{late}>"))
    trial.deliver()
    state, due, tried = trial.ledger(delivery.c.state, delivery.c.not_before, delivery.c.queued_at)[late]
    trial.deliver()

    assert (state, trial.ledger()[late]) == (_S.QUEUED, _S.QUEUED)
    assert due - tried >= timedelta(minutes=5)
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@pytest.mark.parametrize("reply", ["452 4.2.2 Mailbox full", "552 5.2.2 Mailbox full", "552 Mailbox full"])
def test_20_452_or_552_at_rcpt(trial: Trial, reply: str) -> None:
    """RFC 5321, 4.5.3.1.10: some say 552 and mean 452; both are tried again."""
    full = some_reader(trial)
    trial.chaos.behave(at("rcpt", Act(reply=reply), Act(), recipient=f"<{full}>"))
    trial.deliver()

    assert trial.ledger()[full] == _S.QUEUED
    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def test_21_no_such_user(trial: Trial) -> None:
    """Failed for good, and the address is suppressed with the reply as evidence; the others get theirs."""
    gone = some_reader(trial)
    trial.chaos.behave(at("rcpt", Act(reply="550 5.1.1 User unknown"), recipient=f"<{gone}>"))
    trial.deliver()

    assert trial.ledger(delivery.c.state, delivery.c.reason)[gone] == (_S.FAILED, "User unknown")
    assert trial.suppressed() == [gone]
    trial.finish()
    trial.check(barred=[gone])


@pytest.mark.parametrize("reply", ["550 5.7.1 Blocked by policy", "554 5.7.26 Unauthenticated", "554 Spam"])
@pytest.mark.parametrize("phase", ["mail", "rcpt"])
@on_sqlite
def test_22_policy(trial: Trial, phase: str, reply: str) -> None:
    """About us: all is held, nobody is suppressed, and after five in a row the run stops."""
    trial.chaos.behave(at(phase, Act(reply=reply)))
    (problem,) = stubborn(trial, runs=1)

    assert isinstance(problem, TransportRefused)
    assert PATIENCE_WITH_US <= len(trial.attempts(attempt.c.id)) <= PATIENCE_WITH_US + CONNECTIONS
    assert trial.counts() == {_S.QUEUED: READERS}
    assert trial.suppressed() == []
    trial.finish()
    trial.check()


def test_23_554_after_the_dot(trial: Trial) -> None:
    """A clear no: it was not taken, so it is no doubt, and is sent once when the server has thought better."""
    refused = some_reader(trial)
    trial.chaos.behave(for_one("dot", Act(reply="554 5.6.0 Malformed"), refused))
    trial.deliver()

    assert trial.ledger()[refused] in (_S.FAILED, _S.QUEUED)
    assert _S.UNKNOWN not in trial.counts()
    trial.finish()
    trial.check()


# Broken connections


@pytest.mark.parametrize("act", [Act(reset=True), Act(hang_up=True, silent=True)], ids=["reset", "end"])
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "body"])
def test_24_reset_before_data_or_mid_body(trial: Trial, monkeypatch: pytest.MonkeyPatch, phase: str, act: Act) -> None:
    """Nothing can have been accepted: back to the queue, sent once."""
    mark = Journal.mark

    async def on_a_slow_disk(self: Journal, delivery_id: DeliveryId) -> bool:
        await asyncio.sleep(0.05)  # or the dot is out before the connection is lost, which is row 25
        return await mark(self, delivery_id)

    monkeypatch.setattr(Journal, "mark", on_a_slow_disk)
    trial.chaos.behave(at(phase, *[Act()] * trial.chance.randrange(READERS), act, Act()))
    stubborn(trial)

    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


@pytest.mark.parametrize("name", [name for name in MISCHIEF if name.startswith(("reset after", "the end after"))])
def test_25_reset_or_end_after_the_dot(trial: Trial, name: str) -> None:
    """No reply, so nobody can know: in doubt, whether it was taken or not, and never sent again by itself."""
    trial.chaos.behave(at("dot", *[Act()] * trial.chance.randrange(READERS), MISCHIEF[name][1], Act()))
    stubborn(trial)

    trial.finish()
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.UNKNOWN: 1}
    trial.check(bound=1)


@on_sqlite
def test_26_slow_250(trial: Trial) -> None:
    """Waited for to the end of patience, ten minutes; beyond that it is doubt, and the late 250 vouches for nothing.

    Thirty seconds, nine and eleven minutes, three hundred times as fast.
    """
    patience = replace(SHORT, dot=2.0)
    waits = {reader(number): seconds / 300 for number, seconds in enumerate((30, 540, 660), 1)}
    trial.chaos.behave(*(for_one("dot", Act(delay=wait), to) for to, wait in waits.items()))
    began = time.monotonic()
    trial.deliver(patience)

    assert SmtpTimeouts().dot == 600
    *slow, too_slow = waits
    time.sleep(max(0.0, began + waits[too_slow] + 0.2 - time.monotonic()))  # the 250 has been said, to nobody
    trial.finish()
    assert [trial.ledger()[email] for email in (*slow, too_slow)] == [_S.ACCEPTED, _S.ACCEPTED, _S.UNKNOWN]
    assert trial.chaos.recipients().count(too_slow) == 1
    assert trial.counts() == {_S.ACCEPTED: READERS - 1, _S.UNKNOWN: 1}
    trial.check(bound=1)


@on_sqlite
@pytest.mark.parametrize(
    ("phase", "act"),
    [
        ("greeting", Act(drip=0.2)),
        ("greeting", Act(raw=b"x" * 10_000_000)),
        ("mail", Act(drip=0.2)),
        ("mail", Act(raw=b"x" * 10_000_000)),
        ("rcpt", Act(stall=True)),
        ("data", Act(raw=b"354-more\r\n" * 2_000_000)),
        ("body", Act(stall=True)),
    ],
    ids=["greeting in drops", "10 MB greeting", "drops", "10 MB reply", "silence", "354 without end", "no reading"],
)
def test_27_slow_loris_and_floods(trial: Trial, phase: str, act: Act) -> None:
    """Each phase has its time and each reply its size; the other connections deliver meanwhile."""
    trial.chaos.behave(once(phase, act))
    began = time.monotonic()
    stubborn(trial, runs=1)
    took = time.monotonic() - began

    assert took < 20
    trial.finish()
    # What fits into the system's buffers is gone, dot and all, before anybody can know that the server does not read.
    assert trial.counts().get(_S.UNKNOWN, 0) == (1 if phase == "body" else 0)
    trial.check(bound=1)


@pytest.mark.parametrize(
    ("phase", "act", "doubts"),
    [
        ("mail", Act(raw=b"250 2.0.0 Late\r\n"), 0),
        ("rcpt", Act(raw=b"354 Go on\r\n"), 0),
        ("body", Act(reply="250 2.0.0 Kept already"), 0),
        ("dot", Act(reply="354 Again?"), 1),
        ("dot", Act(raw=b"gibberish\r\n"), 1),
        ("dot", Act(raw=b"250 2.0.0 Kept\r\n"), 0),
        ("dot", Act(raw=b"451 4.3.0 Enough\r\n"), 1),
    ],
    ids=["late", "354 too early", "250 before the dot", "354 after the dot", "gibberish", "two 250", "451 and 250"],
)
def test_28_desync(trial: Trial, phase: str, act: Act, doubts: int) -> None:
    """A reply too many, or at the wrong time: the connection goes, and the phase decides."""
    trial.chaos.behave(at(phase, *[Act()] * trial.chance.randrange(READERS - 1), act, Act()))
    stubborn(trial)

    trial.finish()
    assert trial.counts().get(_S.UNKNOWN, 0) == doubts
    trial.check(bound=doubts)


# Ends


def test_8_sigterm(trial: Trial) -> None:
    """What is past the marker finishes, the rest is given back: no doubt, exit code 0."""
    trial.chaos.sink.delay = 0.05
    child = trial.child("deliver")
    while len(trial.chaos.received) < trial.chance.randint(1, 6):
        time.sleep(0.002)
    child.send(15)
    code = child.ended()
    counts = trial.counts()
    trial.chaos.sink.delay = 0.0

    assert code == 0, child.said()
    assert not {_S.UNKNOWN, _S.LEASED, _S.IN_FLIGHT} & counts.keys()
    assert counts[_S.ACCEPTED] == len(trial.chaos.received) < READERS
    trial.finish()
    trial.check()


def test_8_stop_is_asked_for_while_everything_stalls(trial: Trial) -> None:
    """A worker that is asked to end while the server is silent still ends, as its patience does."""
    trial.chaos.behave(at("rcpt", Act(stall=True)))
    stop = Stop()
    threading.Timer(0.2, lambda: setattr(stop, "wanted", True)).start()
    stubborn_stop = trial.deliver(SHORT, stop=stop)

    assert stubborn_stop.accepted == 0
    trial.finish()
    trial.check()


def test_faults_after_faults(trial: Trial) -> None:
    """Every mischief that is known, at random over all connections: the worst day of a mail server."""
    trial.chaos.behave(at_random(trial.chance.randrange(1 << 30), 0.15))
    stubborn(trial, runs=8)

    trial.finish()
    trial.check(bound=READERS)
    doubtful = {row.phase for row in trial.attempts(attempt.c.phase, attempt.c.outcome) if row.outcome == "unknown"}
    assert doubtful <= {Phase.DOT}
