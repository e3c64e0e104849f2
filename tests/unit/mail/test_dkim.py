"""DKIM: what we sign, others verify; what was changed on the way, they do not."""

import re
from base64 import b64encode
from datetime import UTC, datetime

import dkim.canonicalization
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.mail.commands import with_crlf
from digest.mail.dkim import SIGNED, _shared, covered_by, relaxed_body, relaxed_field, signed
from digest.mail.dkim_keys import Kind
from tests.support.postmaster import KEYS, Postmaster

AT = datetime(2025, 11, 30, 8, tzinfo=UTC)
POSTMASTER = Postmaster()
RSA = POSTMASTER.publish(KEYS[Kind.RSA], selector="r1")
ED25519 = POSTMASTER.publish(KEYS[Kind.ED25519], selector="e1")
HEADERS = {
    "To": "priya@example.org",
    "Date": "Mon, 30 Nov 2026 08:00:00 +0000",
    "Message-ID": "<1@example.org>",
    "List-Unsubscribe": "<https://digest.example/u/abc>,\r\n <mailto:u+abc@example.org>",
    "X-Digest-Delivery": "1.7",
    "From": "Care Notes <notes@example.org>",
    "List-Id": "<care-notes.example.org>",
    "List-Post": "NO",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Precedence": "bulk",
    "Feedback-ID": "2026-11:care-notes:issue:exampleorg",
    "Reply-To": "people@example.org",
    "List-Archive": "<https://digest.example/archive>",
    "Subject": "Care Notes,  November",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
}
PRESENT = [name for name in SIGNED if name in HEADERS]


def message(body: bytes = b"Hello.\r\n", **headers: str) -> bytes:
    """A message; headers of our own are named with underscores."""
    fields = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n" + body


@pytest.mark.parametrize("signer", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_a_signature_holds_before_another_programs_eyes(signer) -> None:
    """RSA as RFC 8301 wants it, Ed25519 as RFC 8463 does."""
    assert POSTMASTER.signatures(signed(message(), [signer], at=AT)) == [True]


def test_an_rsa_and_an_ed25519_key_sign_side_by_side() -> None:
    """Each signature holds by itself: whoever reads only one kind still finds one."""
    raw = signed(message(), [RSA, ED25519], at=AT)

    assert POSTMASTER.signatures(raw) == [True, True]
    assert raw.endswith(message())
    assert re.findall(rb"a=([a-z0-9-]+)", raw) == [b"rsa-sha256", b"ed25519-sha256"]


def test_without_a_key_a_message_stays_as_it_is() -> None:
    """A server on the way may sign it."""
    assert signed(message(), [], at=AT) == message()


def test_the_same_message_gets_the_same_signature() -> None:
    """In every attempt: its time is that of the delivery, and neither kind of signature throws dice."""
    assert signed(message(), [RSA, ED25519], at=AT) == signed(message(), [RSA, ED25519], at=AT)
    assert b"t=1764489600;" in signed(message(), [RSA], at=AT)


def test_all_that_providers_look_at_is_covered() -> None:
    """And every List-* header, whichever there are; never only a part of the body (l=)."""
    raw = signed(message(List_Help="<mailto:people@example.org>"), [ED25519], at=AT)

    covered = covered_by(raw)[0]
    assert covered == {name.lower() for name in (*PRESENT, "List-Post", "List-Archive", "List-Help")}
    assert b"l=" not in raw.split(b"h=")[0].replace(b"rel", b"")


@pytest.mark.parametrize("name", [*SIGNED, "List-Post", "List-Archive"])
def test_a_header_that_is_put_in_later_breaks_the_signature(name: str) -> None:
    """Programs show or obey the first of a name they find; a second one, or one that was not there, is how a signed
    message is made to lie. Above the others or below them."""
    raw = signed(message(), [RSA, ED25519], at=AT)
    added = f"{name}: x@example.com\r\n".encode()

    assert POSTMASTER.signatures(added + raw) == [False, False]
    assert POSTMASTER.signatures(raw.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n", 1)) == [False, False]


def test_a_name_that_looks_like_a_place_to_fill_is_a_name() -> None:
    """Signatures are filled into what many have in common."""
    raw = signed(message(**{"List_%b": "a", "List_100%": "b"}), [RSA, ED25519], at=AT)

    assert POSTMASTER.signatures(raw) == [True, True]
    assert {"list-%b", "list-100%"} <= covered_by(raw)[0]


def test_nothing_of_a_reader_is_kept() -> None:
    """What letters share is remembered, and their readers are not: each has them before From, and of no more letters
    than one anything stays."""
    _shared.cache_clear()
    for number in range(100):
        own = f"To: r{number}@example.org\r\nDate: x\r\nMessage-ID: <{number}@example.org>\r\n".encode()
        shared = b"From: a@example.org\r\nSubject: News\r\n\r\nHello.\r\n"
        signed(own + shared, [ED25519], at=AT)

    assert _shared.cache_info().currsize == 1


def test_what_servers_add_on_the_way_does_no_harm() -> None:
    """Their own trace is none of ours."""
    raw = signed(message(), [RSA, ED25519], at=AT)

    assert POSTMASTER.signatures(b"Received: from a.example\r\nReturn-Path: <b@example.org>\r\n" + raw) == [True, True]


@pytest.mark.parametrize("name", PRESENT)
def test_a_header_that_is_changed_breaks_the_signature(name: str) -> None:
    """By one letter."""
    raw = signed(message(), [ED25519], at=AT)
    value = HEADERS[name].encode()

    changed = raw.replace(name.encode() + b": " + value, name.encode() + b": " + value.replace(b"e", b"f", 1) + b"x")

    assert changed != raw
    assert POSTMASTER.signatures(changed) == [False]


@pytest.mark.parametrize("added", [b"More.\r\n", b"\r\n.\r\n"])
def test_a_body_that_is_added_to_breaks_the_signature(added: bytes) -> None:
    """Nothing can be put below."""
    assert POSTMASTER.signatures(signed(message(), [ED25519], at=AT) + added) == [False]


def test_what_servers_do_to_white_space_does_no_harm() -> None:
    """Relaxed: folded anew, spaces doubled, empty lines at the end."""
    raw = signed(message(), [RSA, ED25519], at=AT)

    handled = raw.replace(b"Precedence: bulk", b"precedence:\r\n\tbulk ").replace(b"Care Notes <", b"Care  Notes\r\n <")
    handled = handled.replace(b"\r\nHello.", b"\r\nHello. \t") + b"\r\n\r\n"

    assert POSTMASTER.signatures(handled) == [True, True]


def test_the_lines_of_a_signature_are_short() -> None:
    """76 is what every server leaves alone."""
    signature = signed(message(), [RSA, ED25519], at=AT).removesuffix(message())

    assert max(map(len, signature.split(b"\r\n"))) <= 76
    assert signature.endswith(b"\r\n")


@pytest.mark.parametrize(
    ("domain", "ours"),
    [
        ("example.org", True),
        ("Example.ORG", True),
        ("news.example.org", True),
        ("a.b.example.org", True),
        ("badexample.org", False),
        ("org", False),
        ("example.org.evil.example", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_a_key_speaks_for_its_domain_and_those_below_it(domain: str, ours: bool) -> None:
    """That is what DMARC calls aligned; any other signature would count for nothing."""
    assert RSA.speaks_for(domain) is ours


def test_a_message_that_carries_a_header_twice_is_signed_as_a_whole() -> None:
    """From the bottom up, as RFC 6376, 5.4.2 has it."""
    raw = signed(b"List-Help: <mailto:b@example.org>\r\n" + message(List_Help="<mailto:a@example.org>"), [RSA], at=AT)

    assert POSTMASTER.signatures(raw) == [True]
    assert POSTMASTER.signatures(raw.replace(b"<mailto:b@", b"<mailto:c@")) == [False]


LINES = st.lists(st.sampled_from([b"a", b"=", b"\xc3\xa4", b" ", b"\t", b"  ", b"\r\n", b".", b"\x0b", b"\0"]))
BODIES = st.one_of(LINES.map(b"".join), st.binary(max_size=300)).map(with_crlf)


@given(BODIES)
@example(b"")
@example(b" \r\n\t\r\n")
@example(b"a \t b\t\r\n \r\n\r\n")
@example(b" " * 4097 + b"a\r\n")
@example(b"a  b   c    d     e\r\n  \r\n f     \r\n")
def test_bodies_are_canonical_as_others_have_it(body: bytes) -> None:
    """RFC 6376, 3.4.4, as written by another hand."""
    assert relaxed_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(body)


FOLDS = st.lists(st.sampled_from(["a", ":", ";", " ", "\t", "\r\n ", "\r\n\t", "ä", "=?", "b=", "x" * 80]), min_size=1)


@given(name=st.from_regex(r"[!-9;-~]{1,20}", fullmatch=True), value=FOLDS.map("".join))
def test_fields_are_canonical_as_others_have_it(name: str, value: str) -> None:
    """RFC 6376, 3.4.2, as written by another hand."""
    theirs = dkim.canonicalization.Relaxed.canonicalize_headers([(name.encode(), value.encode() + b"\r\n")])

    assert relaxed_field(f"{name}:{value}".encode()) + b"\r\n" == theirs[0][0] + b":" + theirs[0][1]


#: Without controls, which no header of ours may hold.
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=400)


@settings(max_examples=150, deadline=None)
@given(subject=WORDS, archive=WORDS, body=BODIES)
def test_any_message_verifies(subject: str, archive: str, body: bytes) -> None:
    """Whatever stands in it, in whatever script."""
    raw = signed(message(body, Subject=f"x{subject}", List_Archive=f"x{archive}"), [ED25519], at=AT)

    assert POSTMASTER.signatures(raw) == [True]


def test_a_body_is_read_in_linear_time() -> None:
    """However many spaces are in a row."""
    from time import process_time

    started = process_time()
    relaxed_body((b" " * 50_000 + b"\r\n") * 20)

    assert process_time() - started < 0.5


def test_the_hash_of_nothing_is_that_of_the_standard() -> None:
    """RFC 6376, 3.4.4 names it."""
    import hashlib

    assert b64encode(hashlib.sha256(relaxed_body(b"")).digest()) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
