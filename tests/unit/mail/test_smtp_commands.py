"""The lines of a transaction."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.commands import (
    Offer,
    dot_stuffed,
    is_plain,
    mail_from,
    rcpt_to,
    refused_here,
    with_ascii_domains,
    with_crlf,
    xtext,
)
from digest.mail.order import Order
from digest.model.delivery import About, Envelope, Outcome, Phase, WireText

ALL = Offer(pipelining=True, smtputf8=True, dsn=True, size=True, max_size=1000)
NONE = Offer()


def envelope(
    recipient: str = "reader@example.org", sender: str = "b+17@news.example", envelope_id: str = "17"
) -> Envelope:
    """An envelope with the given parts."""
    return Envelope(envelope_sender=sender, recipient=recipient, envelope_id=envelope_id)


def test_what_the_server_offers_is_used() -> None:
    """SIZE and the delivery report's parameters go along; BODY does not, since messages are 7 bit."""
    mail, rcpt = mail_from(envelope(), 812, ALL), rcpt_to(envelope(recipient="a+b=c@example.org"), ALL)

    assert mail == b"MAIL FROM:<b+17@news.example> SIZE=812 RET=HDRS ENVID=17\r\n"
    assert rcpt == b"RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org\r\n"


def test_what_the_server_does_not_offer_is_not_used() -> None:
    """RFC 5321, 2.2.1: no parameter without its offer."""
    assert mail_from(envelope(), 812, NONE) == b"MAIL FROM:<b+17@news.example>\r\n"
    assert rcpt_to(envelope(), NONE) == b"RCPT TO:<reader@example.org>\r\n"


def test_smtputf8_is_asked_for_only_where_an_address_needs_it() -> None:
    """RFC 6531; the original recipient is left out, since rfc822 addresses are ASCII."""
    odd = envelope(recipient="jürgen@example.org")

    assert mail_from(odd, 1, Offer(smtputf8=True)) == b"MAIL FROM:<b+17@news.example> SMTPUTF8\r\n"
    assert rcpt_to(odd, ALL) == "RCPT TO:<jürgen@example.org> NOTIFY=FAILURE,DELAY\r\n".encode()
    assert b"SMTPUTF8" not in mail_from(envelope(), 1, ALL)


def test_the_null_sender_is_allowed() -> None:
    """RFC 5321, 4.5.5: automatic answers are sent from <> so that they are not answered."""
    assert mail_from(envelope(sender="", envelope_id=""), 1, Offer(dsn=True)) == b"MAIL FROM:<> RET=HDRS\r\n"
    assert refused_here(envelope(sender=""), b"", ALL) is None


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nDATA",
        "a@b.example\nRCPT TO:<c@d.example",
        "a@b.example\r",
        "a@b.example> SIZE=0 <",
        "<a@b.example>",
        "a\x00@b.example",
        "a\x7f@b.example",
        "a b@c.example",
        "a\u2028b@c.example",
        "a\u0085b@c.example",
        "a\u202eb@c.example",
        "a\ud800@b.example",
    ],
)
def test_an_address_that_could_end_its_brackets_is_refused(address: str) -> None:
    """No address can write a command of its own."""
    as_recipient = refused_here(envelope(recipient=address), b"", ALL)
    as_sender = refused_here(envelope(sender=address), b"", ALL)

    assert as_recipient
    assert as_sender
    assert (as_recipient.outcome, as_recipient.about, as_recipient.phase) == (Outcome.FAILED, About.READER, Phase.MAIL)
    assert (as_sender.outcome, as_sender.about) == (Outcome.FAILED, About.US)


def test_no_recipient_is_refused() -> None:
    """`RCPT TO:<>` names nobody."""
    refusal = refused_here(envelope(recipient=""), b"", ALL)

    assert refusal
    assert refusal.enhanced_code == "5.1.3"


@pytest.mark.parametrize(
    ("envelope_", "message", "status", "about"),
    [
        (envelope(recipient="jürgen@example.org"), b"", "5.6.7", About.READER),
        (envelope(sender="jürgen@example.org"), b"", "5.6.7", About.US),
        (envelope(), "ü".encode(), "5.6.1", About.US),
        (envelope(), b"x" * 1001, "5.3.4", About.US),
    ],
)
def test_what_this_server_cannot_take_fails_here(
    envelope_: Envelope, message: bytes, status: str, about: About
) -> None:
    """Nothing is written for a message whose refusal is certain."""
    refusal = refused_here(envelope_, message, Offer(size=True, max_size=1000))

    assert refusal
    assert (refusal.enhanced_code, refusal.about, refusal.outcome) == (status, about, Outcome.FAILED)


@pytest.mark.parametrize(("size", "limit"), [({"size": "1000"}, 1000), ({"size": ""}, 0), ({"size": "lots"}, 0)])
def test_size_may_name_no_limit(size: dict[str, str], limit: int) -> None:
    """RFC 1870: SIZE and SIZE 0 promise nothing; nonsense is no limit either."""
    offer = Offer.of(size)

    assert (offer.size, offer.max_size) == (True, limit)


@given(st.text())
def test_xtext_is_one_word_of_printable_ascii(text: str) -> None:
    """RFC 3461, 4."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return

    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", xtext(text))


@given(st.lists(st.sampled_from([b"a", b".", b"\r", b"\n", b"\r\n", b"\r\n."])).map(b"".join))
def test_no_message_can_smuggle_another(message: bytes) -> None:
    """However CR, LF and dots are mixed, no server finds an end before the end, and a strict one gets all lines."""
    text = with_crlf(message)
    wire = dot_stuffed(text)

    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", wire)
    assert not re.search(rb"(?:^|\r\n)\.\r\n", wire)
    assert re.sub(rb"(?m)^\.", b"", wire) == text
    assert text == b"" or text.endswith(b"\r\n")


@given(st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\r\n."])).map(b"".join))
def test_lines_that_are_right_stay_as_they_are(message: bytes) -> None:
    """The signature was made over these bytes."""
    assert with_crlf(message) in (message, message + b"\r\n")


NAMES = st.text(st.sampled_from("aZ9.-_+=<>@ \té\r\n\0"), max_size=12)


@given(NAMES, NAMES, NAMES, st.builds(Offer, smtputf8=st.booleans(), dsn=st.booleans(), size=st.booleans()))
def test_a_plain_envelope_is_announced_like_any_other(sender: str, recipient: str, name: str, offer: Offer) -> None:
    """What is asked at once of nearly all says the same as what is asked of each part."""
    each = Envelope(sender, recipient, name)
    if not is_plain(each):
        return

    assert refused_here(each, b"", offer) is None
    assert with_ascii_domains(each) is each
    assert mail_from(each, 7, offer, plain=True) == mail_from(each, 7, offer)
    assert rcpt_to(each, offer, plain=True) == rcpt_to(each, offer)


@pytest.mark.parametrize("kind", [bytes, WireText])
def test_a_message_too_large_is_refused_whoever_it_is_for(kind: type[bytes]) -> None:
    """Plain envelopes too."""
    refusal = Order.of(envelope(), kind(b"x" * 1001), ALL).refusal

    assert refusal is not None
    assert refusal.enhanced_code == "5.3.4"


def test_a_message_of_somebody_elses_making_is_looked_through() -> None:
    """Only WireText has been."""
    order = Order.of(envelope(), b"a\n.b\n", ALL)

    assert order.text == b"a\r\n..b\r\n"
    assert Order.of(envelope(), "é\r\n".encode(), ALL).refusal is not None
