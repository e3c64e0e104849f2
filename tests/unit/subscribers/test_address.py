"""Addresses: one spelling for one mailbox, and a plain no to what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import keyed_hash, masked, parse, with_ascii_domain
from subscribers.errors import AddressRefused


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ("priya@example.org", "priya@example.org"),
        ("  priya@example.org\n", "priya@example.org"),
        ("Priya.Rao@Example.ORG", "Priya.Rao@example.org"),
        ("o'brien+news@example.org", "o'brien+news@example.org"),
        ("anna@bücher.example.org", "anna@xn--bcher-kva.example.org"),
        ("anna@xn--bcher-kva.example.org", "anna@xn--bcher-kva.example.org"),
        ("ángel@bücher.example.org", "ángel@xn--bcher-kva.example.org"),
    ],
)
def test_an_address_has_one_spelling(written: str, email: str) -> None:
    """The local part as written, the domain in lower case and in its ASCII form, which any server takes."""
    assert parse(written).email == email


@pytest.mark.parametrize(
    "written",
    [
        "",
        "priya",
        "@example.org",
        "priya@",
        "priya@@example.org",
        "priya@example",
        "priya@localhost",
        "priya@example..org",
        ".priya@example.org",
        "pri ya@example.org",
        "priya@exa mple.org",
        "priya@example.org, joe@example.org",
        "Priya <priya@example.org>",
        '"pri ya"@example.org',
        "priya@[192.0.2.1]",
        "priya@example.org\r\nBcc: joe@example.org",
        "pri\r\nya@example.org",
        "pri\x00ya@example.org",
        "pri\x1b[31mya@example.org",
        "priya\u202e@example.org",
        "priya@-example.org",
        f"priya@{'a' * 64}.org",
        "priya@" + ".".join(["a" * 60] * 5) + ".org",
        "=cmd()@example.org\t1",
    ],
)
def test_what_is_no_address_is_refused_in_one_line(written: str) -> None:
    """With the reason, and with nothing in it that could forge a line of a log or of a letter."""
    with pytest.raises(AddressRefused) as refused:
        parse(written)

    assert "is not an e-mail address" in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


def test_the_longest_address_is_254_characters() -> None:
    """RFC 5321 leaves no more between the angle brackets."""
    domain = ".".join(["a" * 62] * 3) + ".org"
    longest = f"{'p' * (254 - 1 - len(domain))}@{domain}"

    assert parse(longest).email == longest
    with pytest.raises(AddressRefused):
        parse(f"p{longest}")


@pytest.mark.parametrize("other", ["PRIYA@example.org", "priya@EXAMPLE.ORG", " Priya@Example.Org "])
def test_two_spellings_of_a_mailbox_are_one(other: str) -> None:
    """So that whoever left in one spelling is not written to in another."""
    assert parse(other).key == parse("priya@example.org").key
    assert keyed_hash(parse(other), b"key") == keyed_hash(parse("priya@example.org"), b"key")


def test_a_domain_in_its_own_script_and_in_ascii_is_one() -> None:
    """Two ways to write the same domain."""
    assert parse("ángel@bücher.example.org").key == parse("ángel@xn--bcher-kva.example.org").key


def test_a_tag_or_a_dot_makes_another_mailbox() -> None:
    """Only the holder's server knows whether they arrive together."""
    assert len({parse(e).key for e in ("priya@example.org", "priya+a@example.org", "pri.ya@example.org")}) == 3


def test_a_hash_cannot_be_made_without_the_key() -> None:
    """Whoever has the database, but not the secret, cannot test addresses against it."""
    address = parse("priya@example.org")

    assert keyed_hash(address, b"one") != keyed_hash(address, b"two")
    assert len(keyed_hash(address, b"one")) == 64


@pytest.mark.parametrize(
    ("email", "shown"),
    [("priya@example.org", "p•••@example.org"), ("p@example.org", "p•••@example.org"), ("a@b@c.org", "a•••@c.org")],
)
def test_a_masked_address_can_be_recognised_but_not_learnt(email: str, shown: str) -> None:
    """The length is hidden too."""
    assert masked(email) == shown


@given(st.text(max_size=80) | st.emails())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    """Nothing else comes of it, and what is taken can be parsed again to the same."""
    try:
        email = parse(text).email
    except AddressRefused as refused:
        email, said = "", str(refused)
    else:
        said = ""

    assert said.isprintable()
    assert not email or parse(email).email == email
    assert len(email) <= 254


@pytest.mark.parametrize(
    ("email", "mailed"),
    [
        ("anna@example.org", "anna@example.org"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("ángel@Bücher.example", "ángel@xn--bcher-kva.example"),
        ("ángel@example.org", "ángel@example.org"),
        ("anna@ü..example", "anna@ü..example"),
        ("anna@" + "ü" * 300, "anna@" + "ü" * 300),
        ("", ""),
    ],
)
def test_a_domain_is_written_in_ascii_where_it_can_be(email: str, mailed: str) -> None:
    """The local part stays; what is no domain stays too, for others to refuse."""
    assert with_ascii_domain(email) == mailed
