"""Addresses in every script: SMTPUTF8 where a mailbox's own name needs it, plain ASCII everywhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.commands import Offer, mail_from, rcpt_to, refused_here, with_ascii_domains
from digest.model.delivery import About, Envelope, Outcome
from tests.support.smtp_sink import EXTENSIONS, SmtpSink
from tests.unit.mail.conftest import Exchange

WITHOUT = tuple(word for word in EXTENSIONS if word != "SMTPUTF8")
PLAIN = b"To: anna@xn--bcher-kva.example\r\nSubject: News\r\n\r\nHello.\r\n"
UTF8 = "To: jürgen@example.org\r\nSubject: News\r\n\r\nHello.\r\n".encode()


def envelope(recipient: str, sender: str = "b@news.example") -> Envelope:
    """An envelope for one."""
    return Envelope(envelope_sender=sender, recipient=recipient, envelope_id="17")


@pytest.mark.parametrize("extensions", [EXTENSIONS, WITHOUT], ids=["offered", "not offered"])
def test_a_domain_in_any_script_goes_in_its_ascii_form(exchange: Exchange, extensions: tuple[str, ...]) -> None:
    """Every server takes it so, with SMTPUTF8 or without, and it is the same mailbox."""
    sink = SmtpSink(extensions=extensions)

    (handover,) = exchange(sink, recipient="anna@bücher.example", sender="b@grüße.example", messages=[PLAIN])

    assert handover.outcome is Outcome.ACCEPTED
    assert sink.received[0].recipient == "anna@xn--bcher-kva.example"
    assert sink.received[0].sender == "b@xn--gre-6ka8l.example"
    assert "SMTPUTF8" not in sink.received[0].mail_parameters
    assert sink.received[0].message == PLAIN


def test_a_mailbox_name_in_any_script_goes_as_it_is_where_that_is_offered(exchange: Exchange) -> None:
    """RFC 6531 and 6532: in the envelope and in To, byte for byte."""
    sink = SmtpSink()

    (handover,) = exchange(sink, recipient="jürgen@example.org", messages=[UTF8])

    assert handover.outcome is Outcome.ACCEPTED
    assert "SMTPUTF8" in sink.received[0].mail_parameters.split()
    assert sink.received[0].recipient == "jürgen@example.org"
    assert sink.received[0].message == UTF8


def test_where_it_is_not_offered_that_reader_fails_and_nothing_is_written(exchange: Exchange) -> None:
    """5.6.7, about this reader alone; the next one is served on the same connection."""
    sink = SmtpSink(extensions=WITHOUT)

    first, second = exchange(sink, recipient="jürgen@bücher.example", messages=[UTF8, UTF8])

    assert (first.outcome, first.enhanced_code, first.about) == (Outcome.FAILED, "5.6.7", About.READER)
    assert (first.closed, second.enhanced_code) == (False, "5.6.7")
    assert sink.received == []


@pytest.mark.parametrize(
    ("recipient", "message"),
    [
        ("anna@example.org", UTF8),
        ("anna@bücher.example", UTF8),
        ("jürgen@example.org", UTF8 + "Grüße\r\n".encode()),
        ("jürgen@example.org", b"To: j\xfcrgen@example.org\r\n\r\nHello.\r\n"),
    ],
    ids=["an ASCII address", "an ASCII mailbox", "a body", "Latin-1"],
)
def test_8_bit_bytes_go_nowhere_else(recipient: str, message: bytes) -> None:
    """Only the headers of a message for an address that needs it may hold UTF-8, and nothing but UTF-8."""
    refusal = refused_here(with_ascii_domains(envelope(recipient)), message, Offer(smtputf8=True))

    assert refusal
    assert (refusal.enhanced_code, refusal.about) == ("5.6.1", About.US)


@pytest.mark.parametrize("domain", ["\u2028.example", "a\ud800.example", "-ü.example", "ü" * 70 + ".example", "ü..de"])
def test_a_domain_that_has_no_ascii_form_is_refused(domain: str) -> None:
    """As one that cannot be put on the wire, or one that needs SMTPUTF8; never in a stack trace."""
    refusal = refused_here(with_ascii_domains(envelope(f"anna@{domain}")), b"", Offer())

    assert refusal
    assert refusal.enhanced_code in ("5.1.3", "5.6.7")


@given(st.text(max_size=80), st.booleans())
def test_no_command_holds_more_than_ascii_without_smtputf8(recipient: str, offered: bool) -> None:
    """Whatever the address: refused here, or written so that the server can read it."""
    offer = Offer(smtputf8=offered, dsn=True)
    wire = with_ascii_domains(envelope(recipient))
    if refused_here(wire, b"", offer):
        return

    mail, rcpt = mail_from(wire, 1, offer), rcpt_to(wire, offer)

    assert (mail + rcpt).count(b"\r\n") == 2
    assert rcpt.isascii() or (offered and b" SMTPUTF8" in mail)
