"""Headers, each for what reads it: identifiers, links, what providers count by."""

import email
from dataclasses import replace
from email import policy

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from digest.errors import BadTemplate
from digest.mail.dkim import covered_by, signed
from digest.mail.dkim_keys import Kind
from digest.model.newsletter import Newsletter, Sender
from digest.rendering.blocks import Block
from digest.rendering.headers import (
    PersonalFields,
    constant_lines,
    feedback_id,
    headers_for,
    mailto,
    message_id,
    notice_headers,
    personal_lines,
)
from digest.rendering.message import prepare
from digest.rendering.variant import lay_out
from tests.support.postmaster import KEYS, Postmaster
from tests.unit.mail.test_dkim import AT
from tests.unit.rendering.samples import CONTENT, PERSONAL, choice
from tests.unit.rendering.strict import parse

NEWSLETTER = Newsletter(
    slug="care-notes",
    name="Care Notes",
    sender=Sender(name="Care Notes", address="notes@example.org", reply_to="people@example.org"),
)
FIELDS = PersonalFields(
    to="priya@example.org",
    message_id="<1.7.abc@example.org>",
    date="Mon, 30 Nov 2026 08:00:00 +0000",
    unsubscribe_url="https://digest.example/u/1.abc",
    unsubscribe_mailbox="leave+ae.abcdefghij@example.org",
    delivery_id="1.7",
)
POSTMASTER = Postmaster()
SIGNER = POSTMASTER.publish(KEYS[Kind.ED25519])


def fields(lines: bytes) -> dict[str, str]:
    """Header lines as a mail program reads them."""
    return {name: str(value) for name, value in email.message_from_bytes(lines, policy=policy.default).items()}


DOMAINS = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), min_size=2, max_size=6)


@given(name=st.from_regex(r"[0-9]{1,9}\.[0-9]{1,12}\.[0-9a-f]{12}", fullmatch=True), domain=DOMAINS.map(".".join))
@example(name="1.1.0123456789ab", domain=f"{'a' * 63}.org")
@example(name="1.1.0123456789ab", domain="newsletters.faculty-of-social-sciences.university.example.ac.uk")
def test_a_message_id_is_short_and_ends_in_our_domain(name: str, domain: str) -> None:
    """At most 70 characters: a domain too long gives way to the one above it, and is never cut in the middle."""
    made = message_id(name, domain)

    assert len(made) <= 70
    assert made.startswith(f"<{name}@")
    assert f".{domain}>".endswith(f".{made.partition('@')[2]}") or made.endswith(".invalid>")
    assert made == message_id(name, domain)


@pytest.mark.parametrize(
    ("domain", "sender"),
    [
        ("example.org", "exampleorg"),
        ("news.harbour-institute.example", "newsharbour-ins"),
        ("Example.ORG", "exampleorg"),
        ("a.io", "aio"),
    ],
)
def test_a_feedback_id_ends_in_who_sends(domain: str, sender: str) -> None:
    """5 to 15 characters that stay the same from issue to issue; four parts, and nothing of a reader."""
    made, next_month = (feedback_id(month, "care-notes", "issue", domain=domain) for month in ("2026-11", "2026-12"))

    campaign, newsletter, kind, last = made.split(":")
    assert (campaign, newsletter, kind) == ("2026-11", "care-notes", "issue")
    assert last.startswith(sender)
    assert 5 <= len(last) <= 15
    assert next_month.rpartition(":")[2] == last


@given(DOMAINS.map(".".join))
def test_any_domain_makes_a_sender_that_google_takes(domain: str) -> None:
    """However short or long."""
    assert 5 <= len(feedback_id("2026-11", "care-notes", "issue", domain=domain).rpartition(":")[2]) <= 15


def test_https_comes_before_mailto() -> None:
    """RFC 8058: one https address, and the mailbox beside it."""
    assert fields(personal_lines(FIELDS))["List-Unsubscribe"] == (
        "<https://digest.example/u/1.abc>, <mailto:leave+ae.abcdefghij@example.org>"
    )
    alone = personal_lines(FIELDS._replace(unsubscribe_mailbox=""))
    assert fields(alone)["List-Unsubscribe"] == "<https://digest.example/u/1.abc>"


def test_a_list_says_how_to_join_it() -> None:
    """RFC 2369; the subject tells people which newsletter is meant."""
    link = mailto("people@example.org", subject="subscribe care-notes")
    headers = headers_for(NEWSLETTER, list_domain="example.org", feedback_id="a:b:c:defgh", subscribe_url=link)

    assert headers["List-Subscribe"] == "<mailto:people@example.org?subject=subscribe%20care-notes>"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("people+news@example.org", "mailto:people+news@example.org"),
        ("o'brien@example.org", "mailto:o'brien@example.org"),
        ("a%b&c?d@example.org", "mailto:a%25b%26c%3Fd@example.org"),
        ("leute@bücher.example", "mailto:leute@xn--bcher-kva.example"),
        ("jürgen@example.org", "mailto:j%C3%BCrgen@example.org"),
    ],
)
def test_an_address_in_a_link_is_written_as_links_are(address: str, link: str) -> None:
    """RFC 6068."""
    assert mailto(address) == link


def test_what_the_system_sends_by_itself_says_so() -> None:
    """RFC 3834: no program answers it; it belongs to no list, and nobody can leave it."""
    lines = constant_lines(notice_headers(NEWSLETTER, feedback_id="confirm:care-notes:notice:exampleorg"))
    lines += personal_lines(FIELDS._replace(unsubscribe_url="", unsubscribe_mailbox=""))

    read = fields(lines)
    assert read["Auto-Submitted"] == "auto-generated"
    assert not [name for name in read if name.startswith("List-") or name == "Precedence"]
    assert {"From", "Reply-To", "To", "Date", "Message-ID", "Feedback-ID", "MIME-Version"} <= read.keys()


def test_an_issue_is_not_called_automatic() -> None:
    """Editors made it; List-Id and Precedence keep programs from answering."""
    assert "Auto-Submitted" not in headers_for(NEWSLETTER, list_domain="example.org", feedback_id="a:b:c:defgh")


def test_domains_in_any_script_are_written_in_ascii() -> None:
    """In From, Reply-To and To: such a message needs no SMTPUTF8."""
    sender = Sender(name="Bücher", address="neues@bücher.example", reply_to="leute@bücher.example")
    headers = headers_for(replace(NEWSLETTER, sender=sender), list_domain="xn--bcher-kva.example", feedback_id="x")

    lines = constant_lines(headers) + personal_lines(FIELDS._replace(to="anna@bücher.example"))

    assert lines.isascii()
    assert fields(lines)["To"] == "anna@xn--bcher-kva.example"
    assert fields(lines)["From"] == "Bücher <neues@xn--bcher-kva.example>"
    assert fields(lines)["Reply-To"] == "leute@xn--bcher-kva.example"


def test_a_mailbox_name_in_any_script_makes_the_only_utf_8() -> None:
    """RFC 6532: To as it is, all else in ASCII."""
    lines = personal_lines(FIELDS._replace(to="jürgen@bücher.example"))

    assert "To: jürgen@xn--bcher-kva.example\r\n".encode() in lines
    assert lines.replace("jürgen".encode(), b"").isascii()


@pytest.mark.parametrize("field", ["message_id", "date", "delivery_id", "unsubscribe_url", "unsubscribe_mailbox"])
def test_no_other_personal_header_holds_more_than_ascii(field: str) -> None:
    """A server without SMTPUTF8 would refuse every reader's message."""
    with pytest.raises(BadTemplate, match="plain ASCII"):
        personal_lines(FIELDS._replace(**{field: "https://büro.example/"}))


@pytest.mark.parametrize("url", ["https://a.example/>,<https://evil.example", "https://a.example/ b", 'https://a/"'])
def test_nothing_in_a_link_can_end_its_brackets(url: str) -> None:
    """Neither in a letter's own headers nor in those of an issue."""
    with pytest.raises(BadTemplate, match="cannot stand in a header"):
        personal_lines(FIELDS._replace(unsubscribe_url=url))
    with pytest.raises(BadTemplate, match="cannot stand in a header"):
        headers_for(NEWSLETTER, list_domain="example.org", feedback_id="x", archive_url=url)


TEXTS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=2000)
URLS = st.from_regex(r"https://[a-z]{1,20}\.example/[A-Za-z0-9/._~%&+=-]{0,1970}", fullmatch=True)


@settings(max_examples=120, deadline=None)
@given(title=TEXTS, name=TEXTS, greeting=TEXTS, url=URLS, own=st.sampled_from(["priya", "jürgen", "用户"]))
@example(title="x" * 2000, name="y" * 2000, greeting="z" * 2000, url="https://a.example/" + "p" * 900, own="priya")
@example(title="é" * 2000, name='"é, <a@b.example>' * 100, greeting="\r\n", url="https://a.example/", own="用户")
@example(
    title="\u202e\r\nBcc: x@y.example\r\n\r\n", name="\0\x85\u2028", greeting="=_", url="https://a.example/", own="a"
)
def test_a_whole_message_is_right_whatever_it_is_made_of(
    blocks: dict[str, Block], title: str, name: str, greeting: str, url: str, own: str
) -> None:
    """1 to 2,000 characters of anything: each header once, CRLF and short lines only, signed so that it verifies."""
    newsletter = replace(NEWSLETTER, name=name, sender=replace(NEWSLETTER.sender, name=name))
    personal = PERSONAL | {"greeting": greeting, "preferences_url": url, "unsubscribe_url": url}
    mine = FIELDS._replace(to=f"{own}@example.org", unsubscribe_url=url)
    try:
        headers = headers_for(newsletter, list_domain="example.org", feedback_id="a:b:c:defgh", archive_url=url)
        layout = lay_out(choice((8, "carers")), replace(CONTENT, title=title), topics=None)
        raw = prepare(blocks, layout, headers).message(personal, mine)
    except BadTemplate:
        if len(url) > 900:  # no server need take a line that long
            return
        raise

    raw = signed(raw, [SIGNER], at=AT)

    message = parse(raw)
    assert POSTMASTER.signatures(raw) == [True]
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= covered_by(raw)[0]
    assert "Bcc" not in message.headers
    assert message.headers["To"] == f"{own}@example.org"
    assert message.headers["List-Unsubscribe"].startswith(f"<{url}>,")
    assert raw.isascii() == own.isascii()


@given(st.text(min_size=1, max_size=200))
def test_any_link_is_written_whole_or_refused(url: str) -> None:
    """There is nothing between."""
    assume(not url.isspace())
    try:
        lines = personal_lines(FIELDS._replace(unsubscribe_url=url, unsubscribe_mailbox=""))
    except BadTemplate:
        return

    assert f"List-Unsubscribe: <{url}>\r\n".encode() in lines
    assert lines.isascii()
