"""Golden messages: whole letters, byte for byte as they go over the wire, kept beside this file and read by people."""

import difflib
import os
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.browser import family

KEPT = Path(__file__).parent
#: Set, it has the messages made anew instead of compared.
REMAKE = "DIGEST_REMAKE"
#: By the names of their files, the letter and whom it is for.
LETTERS = {
    "issue": ("five", "priya@example.org"),
    "issue-to-an-address-beyond-ascii": ("one", "jürgen@bücher.example"),
    "issue-from-right-to-left": ("right to left", "priya@example.org"),
    "issue-in-german": ("German", "priya@example.org"),
    "last-issue": ("last", "priya@example.org"),
    "quiet-month": ("quiet", "priya@example.org"),
    "confirmation": ("confirmation", "priya@example.org"),
    "welcome": ("welcome", "priya@example.org"),
}
SHOWN = 60


def made(name: str) -> bytes:
    """A letter as it is now, with the date and the names of one that was sent."""
    letter, to = LETTERS[name]
    notice = letter in ("confirmation", "welcome")
    # Nobody leaves what they have not joined yet.
    fields = family.FIELDS._replace(unsubscribe_url="", unsubscribe_mailbox="") if notice else family.FIELDS
    return family.letters()[letter]().message(family.personal(letter), fields._replace(to=to))


def readable(raw: bytes) -> list[str]:
    """A message as lines for people: its fields, then each part decoded, with a line to each tag of the HTML."""
    message = message_from_bytes(raw, policy=policy.default)
    lines = [f"{name}: {value}" for name, value in message.items()]
    for part in message.iter_parts():
        lines += ["", f"({part.get_content_type()})"]
        lines += re.sub(r"(?<=>)(?=<)", "\n", part.get_content()).splitlines()
    return lines


def differences(kept: bytes, now: bytes, say: Callable[[bytes], list[str]] = readable) -> str:
    """What differs, shortly: in what people read, else in how it is written."""
    if say is readable and readable(kept) == readable(now):
        return differences(kept, now, lambda raw: [repr(line) for line in raw.splitlines(keepends=True)])
    found = [*difflib.unified_diff(say(kept), say(now), "kept", "now", lineterm="", n=1)]
    return "\n".join([*found[:SHOWN], *([f"… and {len(found) - SHOWN} lines more"] if len(found) > SHOWN else [])])


@pytest.mark.parametrize("name", LETTERS)
def test_a_message_is_what_it_was(name: str) -> None:
    """To the byte. Where it is meant to be another, make it anew and read what changed."""
    kept, now = KEPT / f"{name}.eml", made(name)
    if os.environ.get(REMAKE):
        kept.write_bytes(now)

    told = "" if kept.read_bytes() == now else differences(kept.read_bytes(), now)

    assert told == "", f"{kept.name} is another now; if it is meant so, run this with {REMAKE}=1 and read it:\n{told}"


def test_no_message_is_kept_that_nothing_makes() -> None:
    """A letter that is given up takes its file with it."""
    assert {file.stem for file in KEPT.glob("*.eml")} == set(LETTERS)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (b"Hello Priya,", b"Hello Tom,", "+Hello Tom,"),
        (b"Precedence: bulk\r\n", b"", "-Precedence: bulk"),
        (b"Precedence: bulk\r\n", b"Precedence:  bulk\r\n", "+b'Precedence:  bulk"),
        (b"#0f5c5c", b"#0f5c5d", "#0f5c5d"),
    ],
)
def test_a_difference_is_told_in_words(before: bytes, after: bytes, told: str) -> None:
    """In the words of the letter; where those are the same, in the bytes."""
    kept = made("issue")

    assert told in differences(kept, kept.replace(before, after, 1))
    assert "lines more" in differences(kept, made("quiet-month"))
