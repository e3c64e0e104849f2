"""Opening a connection: who is to blame when it fails, and what to do about it."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.errors import TransportRefused, TransportUnavailable
from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import Outcome
from tests.support.smtp_sink import Act, SmtpSink, at

SHORT = SmtpTimeouts(opening=0.4, polite=0.4)
Exchange = Any  # the fixture of conftest.py


def test_a_server_that_is_not_there_is_unavailable_with_a_remedy() -> None:
    """One line for a person: what, where, and what to do."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        config = SmtpConfig(host="127.0.0.1", port=port, security=Security.NONE, helo_name="news.example")
        with pytest.raises(TransportUnavailable) as caught:
            asyncio.run(SmtpTransport(config).connect())

    assert f"127.0.0.1:{port} cannot be reached" in caught.value.what
    assert caught.value.remedy == "Check mail.smtp.host and that the server is up."
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [{"host": "mail..example"}, {"helo_name": "news example"}, {"helo_name": "bücher"}])
def test_settings_no_connection_can_be_made_with_are_refused(change: dict[str, Any]) -> None:
    """Waiting does not mend a name."""

    async def story() -> None:
        async with SmtpSink() as sink:
            usual = SmtpConfig(host="127.0.0.1", port=sink.port, security=Security.NONE, helo_name="news.example")
            with pytest.raises(TransportRefused, match="these settings"):
                await SmtpTransport(replace(usual, **change)).connect()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("phase", "act", "problem", "words"),
    [
        ("greeting", Act(reply="421 4.3.2 Too busy", hang_up=True), TransportUnavailable, "421 4.3.2 Too busy"),
        ("greeting", Act(reply="450 Later"), TransportUnavailable, "450 Later"),
        ("greeting", Act(reply="554 5.7.1 Blocked", hang_up=True), TransportRefused, "554 5.7.1 Blocked"),
        ("greeting", Act(stall=True), TransportUnavailable, "no answer in time"),
        ("greeting", Act(raw=b"250-", stall=True), TransportUnavailable, "no answer in time"),
        ("greeting", Act(reset=True), TransportUnavailable, "cannot be reached"),
        ("greeting", Act(hang_up=True, silent=True), TransportUnavailable, "cannot be reached"),
        ("greeting", Act(raw=b"x" * 10_000_000), TransportUnavailable, "Response too long"),
        ("greeting", Act(reply="SSH-2.0-OpenSSH"), TransportUnavailable, "Malformed"),
        ("ehlo", Act(reply="550 5.7.1 Who are you"), TransportRefused, "550 5.7.1 Who are you"),
        ("ehlo", Act(reply="421 4.7.0 Not now", hang_up=True), TransportUnavailable, "421 4.7.0 Not now"),
        ("ehlo", Act(stall=True), TransportUnavailable, "no answer in time"),
        ("ehlo", Act(reset=True), TransportUnavailable, "cannot be reached"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_told_apart(
    exchange: Exchange, phase: str, act: Act, problem: type[Exception], words: str
) -> None:
    """Later may help with 4yz and silence; a 5yz needs a person. No reader is marked either way."""
    with pytest.raises(problem) as caught:
        exchange(SmtpSink(script=at(phase, act)), timeouts=SHORT)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_knows_only_helo_is_spoken_to(exchange: Exchange) -> None:
    """RFC 5321, 3.2; without extensions everything goes step by step."""
    server = SmtpSink(script=at("ehlo", Act(reply="502 5.5.1 What?"), Act()))
    (accepted,) = exchange(server)

    assert accepted.outcome is Outcome.ACCEPTED
    assert server.received[0].mail_parameters == ""


def test_a_login_is_given(exchange: Exchange) -> None:
    """AUTH comes before the first MAIL."""
    server = SmtpSink(login=("desk", "s3cret"))
    (accepted,) = exchange(server, username="desk", password="s3cret")

    assert accepted.outcome is Outcome.ACCEPTED
    assert [command.split()[0] for command in server.commands[:3]] == [b"EHLO", b"AUTH", b"MAIL"]


def test_a_wrong_password_is_refused_and_not_repeated(exchange: Exchange) -> None:
    """535: nobody is marked, somebody has to change a setting; and the password is not in the message."""
    server = SmtpSink(login=("desk", "s3cret"))
    with pytest.raises(TransportRefused) as caught:
        exchange(server, username="desk", password="wr0ng")

    assert "535 5.7.8" in caught.value.what
    assert caught.value.remedy == "Check mail.smtp.username and mail.smtp.password."
    assert "wr0ng" not in str(caught.value)


def test_a_login_that_cannot_be_checked_now_may_work_later(exchange: Exchange) -> None:
    """454 is about the server's own trouble (RFC 4954)."""
    server = SmtpSink(login=("desk", "s3cret"), script=at("auth", Act(reply="454 4.7.0 Directory is down")))

    with pytest.raises(TransportUnavailable, match="454"):
        exchange(server, username="desk", password="s3cret")


def test_a_server_without_auth_is_refused_when_a_login_is_set(exchange: Exchange) -> None:
    """To go on without it would be refused later, message by message."""
    with pytest.raises(TransportRefused, match="offers no AUTH"):
        exchange(SmtpSink(), username="desk", password="s3cret")


def test_a_password_is_not_shown() -> None:
    """Settings are printed and logged."""
    assert "s3cret" not in repr(SmtpConfig(host="mail.example", port=587, username="desk", password="s3cret"))


# TLS


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_trusted_server_is_spoken_to_in_secret(exchange: Exchange, certificate: Any, security: Security) -> None:
    """Both kinds of TLS, with a login inside, and the connection is kept as without."""
    server = SmtpSink(tls=certificate.server, implicit_tls=security is Security.TLS, login=("desk", "s3cret"))
    message = b"Subject: News\r\n\r\n" + b".x" * 50_000 + b"\r\n"
    handovers = exchange(
        server,
        messages=[message] * 3,
        security=security,
        ca_file=certificate.file,
        username="desk",
        password="s3cret",
    )

    assert {handover.outcome for handover in handovers} == {Outcome.ACCEPTED}
    assert [received.message for received in server.received] == [message] * 3
    assert server.connections == 1


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize("act", [Act(reset=True), Act(stall=True)], ids=["reset", "silence"])
def test_doubt_is_the_same_behind_tls(exchange: Exchange, certificate: Any, security: Security, act: Act) -> None:
    """The phase is known however many layers lie below."""
    server = SmtpSink(tls=certificate.server, implicit_tls=security is Security.TLS, script=at("dot", act))
    timeouts = SmtpTimeouts(dot=0.4)
    (unknown,) = exchange(server, security=security, ca_file=certificate.file, timeouts=timeouts)

    assert (unknown.outcome, unknown.closed) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_nothing_is_sent_past_the_dot_that_the_ledger_withheld(
    exchange: Exchange, certificate: Any, security: Security
) -> None:
    """Also behind TLS, where bytes wait in one more buffer."""

    async def no() -> bool:
        return False

    server = SmtpSink(tls=certificate.server, implicit_tls=security is Security.TLS)
    (withheld,) = exchange(server, security=security, ca_file=certificate.file, before_dot=no)

    assert withheld.outcome is Outcome.WITHHELD
    assert server.received == []


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    exchange: Exchange, certificate: Any, security: Security
) -> None:
    """There is no setting to look away."""
    server = SmtpSink(tls=certificate.server, implicit_tls=security is Security.TLS)
    with pytest.raises(TransportUnavailable, match="certificate that cannot be trusted") as caught:
        exchange(server, security=security)

    assert "mail.smtp.ca_file" in caught.value.remedy
    assert not any(command.startswith((b"MAIL", b"AUTH")) for command in server.commands)


def test_starttls_that_is_not_offered_ends_the_connection(exchange: Exchange) -> None:
    """An attacker who strips the offer gets neither the password nor a message."""
    server = SmtpSink(login=("desk", "s3cret"))
    with pytest.raises(TransportUnavailable, match="does not offer STARTTLS"):
        exchange(server, security=Security.STARTTLS, username="desk", password="s3cret")

    assert [command.split()[0] for command in server.commands] == [b"EHLO"]


@pytest.mark.parametrize("reply", ["454 4.7.0 No TLS now", "501 5.5.4 No"])
def test_starttls_that_is_refused_ends_the_connection(exchange: Exchange, certificate: Any, reply: str) -> None:
    """Never in the clear instead."""
    server = SmtpSink(tls=certificate.server, script=at("starttls", Act(reply=reply)))
    with pytest.raises(TransportUnavailable, match="refused STARTTLS"):
        exchange(server, security=Security.STARTTLS, ca_file=certificate.file)

    assert not any(command.startswith(b"MAIL") for command in server.commands)


def test_plain_text_where_tls_is_expected_is_unavailable(exchange: Exchange) -> None:
    """The usual mistake: the port of one with the security of the other."""
    with pytest.raises(TransportUnavailable, match=r"mail\.smtp\.security"):
        exchange(SmtpSink(), security=Security.TLS)


def test_a_ca_file_that_is_missing_is_refused(exchange: Exchange, tmp_path: Path) -> None:
    """Before anything is connected to."""
    with pytest.raises(TransportRefused, match="ca_file"):
        exchange(SmtpSink(), security=Security.TLS, ca_file=tmp_path / "missing.pem")
