"""Addresses that carry a number: read back as they were made, and in no other way."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.errors import TokenRefused
from digest.mail.verp import LONGEST_LOCAL_PART, LONGEST_TAG, read, tagged

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
MAILBOX = "b@bounce.example.org"
MADE = tagged(MAILBOX, 4711, KEY)


@given(st.integers(min_value=0, max_value=2**63 - 1))
@example(0)
@example(255)
@example(256)
@example(2**63 - 1)
def test_the_number_comes_back(number: int) -> None:
    """From an address that any server takes: plain letters, a local part of at most 64."""
    made = tagged(MAILBOX, number, KEY)

    assert read(made, MAILBOX, KEY) == number
    local, _, domain = made.partition("@")
    assert len(local) <= 1 + LONGEST_TAG <= LONGEST_LOCAL_PART
    assert set(local) <= set(string.ascii_lowercase + string.digits + "+.")
    assert domain == "bounce.example.org"


def test_a_number_has_one_address() -> None:
    """So that all attempts of a delivery have the same envelope."""
    assert tagged(MAILBOX, 4711, KEY) == MADE
    assert MADE.startswith("b+cjtq.")


def test_case_and_space_around_do_not_matter() -> None:
    """Servers on the way may change a local part's case."""
    assert read(f" {MADE.upper()}\r\n", MAILBOX, KEY) == 4711
    assert read(tagged("Leave@Example.org", 7, KEY).lower(), "leave@example.org", KEY) == 7


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "b@bounce.example.org",
        "b+@bounce.example.org",
        "b+cjtq@bounce.example.org",
        "b+cjtq.@bounce.example.org",
        "b+cjtq.aaaaaaaaaa@bounce.example.org",
        "b+.aaaaaaaaaa@bounce.example.org",
        "b+a.aaaaaaaaaa@bounce.example.org",
        f"b+{'a' * 5000}.aaaaaaaaaa@bounce.example.org",
        MADE.replace("b+", "c+"),
        MADE.replace("b+", "b+b+"),
        MADE.replace("@bounce.", "@"),
        MADE + ".evil.example",
        MADE[:-1],
        MADE.replace("cjtq", "cjtr"),
        MADE.replace("cjtq", "cjt"),
        MADE.replace("cjtq", "aajgo"),
        MADE.replace(".", "..", 1),
        f"<{MADE}>",
        f"{MADE}\0",
        "b+ｃjtq" + MADE[6:],
    ],
)
def test_what_was_not_made_here_is_refused_in_the_same_words(address: str) -> None:
    """Made up, cut, or written in another way; the answer says nothing on why."""
    with pytest.raises(TokenRefused, match="not made here"):
        read(address, MAILBOX, KEY)


@given(place=st.integers(0, len(MADE) - 1), letter=st.sampled_from(string.ascii_lowercase + "234567+.@"))
def test_a_letter_that_is_changed_is_noticed(place: int, letter: str) -> None:
    """At any place."""
    changed = MADE[:place] + letter + MADE[place + 1 :]
    if changed == MADE:
        return

    with pytest.raises(TokenRefused):
        read(changed, MAILBOX, KEY)


def test_a_proof_for_one_use_is_none_for_another() -> None:
    """A bounce unsubscribes nobody, and another house's addresses are not ours."""
    with pytest.raises(TokenRefused):
        read(MADE, MAILBOX, OTHER_KEY)
    with pytest.raises(TokenRefused):
        read(MADE.replace("b+", "leave+"), "leave@bounce.example.org", KEY)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never a stack trace: strangers write to these addresses."""
    with pytest.raises(TokenRefused):
        read(text, MAILBOX, KEY)
