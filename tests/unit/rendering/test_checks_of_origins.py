"""Checks of what comes from outside: the introduction as it was written, the sender's name, pieces too large."""

from dataclasses import replace

import pytest

from digest.model.finding import Severity
from digest.model.newsletter import Sender
from digest.rendering.checks.introduction import strange_links
from digest.rendering.checks.room import too_large
from digest.rendering.checks.sender import doubtful_sender
from digest.rendering.sizes import Room
from tests.unit.rendering.samples import CONTENT, article


def test_a_link_that_no_mail_program_opens_is_found_as_it_was_written():
    """In the letter there is no link any more, so nobody could see it there."""
    found = list(
        strange_links("[a](ftp://a.example/) [b](https://b.example/) [c](tel:1) ![d](https://d.example/d.png)")
    )

    assert [(f.check, f.severity) for f in found] == [
        ("strange-link", Severity.ERROR),
        ("strange-link", Severity.WARNING),
    ]
    assert "“ftp://a.example/”" in found[0].what
    assert "“https://d.example/d.png”" in found[1].what


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("security@paypal.example", "looks like an address"),
        ("Visit www.shop.example now", "looks like an address"),
        ("https://shop.example", "looks like an address"),
        ("\u200b\u2060", "nothing that can be seen"),
        ("\u3164 \ufeff", "nothing that can be seen"),
        ("", "nothing that can be seen"),
        ("Research \u202egro.live", "turn the direction"),
    ],
)
def test_a_sender_that_nobody_can_see_or_trust_is_told(name: str, complaint: str):
    """A warning: the name may be meant, and mailbox providers judge by it."""
    (found,) = doubtful_sender(Sender(name=name, address="news@example.org"))

    assert found.severity is Severity.WARNING
    assert complaint in found.what


@pytest.mark.parametrize("name", ["Ruth @ the School", "Digest", "מרכז המחקר", "研究", "news@example.org", "Carers 🌱"])
def test_a_sender_of_any_script_is_fine(name: str):
    """So is one that writes the very address that letters come from."""
    assert list(doubtful_sender(Sender(name=name, address="news@example.org"))) == []


def test_a_piece_that_fits_into_no_letter_is_told_and_one_that_fits_under_some_topic_is_not():
    """Else nobody would ever get it, and no reader would know why."""
    content = replace(CONTENT, articles=(article(1, "Large", "a", "b"), article(2, "Small", "a"), article(3, "Note")))
    one, two, three = (each.id for each in content.articles)
    sizes = {(one, "a"): 900, (one, "b"): 800, (two, "a"): 690, (three, None): 1000}

    found = list(
        too_large(content.articles, Room(left=1000, sizes=sizes, headings={"a": 300, "b": 200}, lines={one: 1, two: 1}))
    )

    assert [(f.check, f.place) for f in found] == [("no-room", "“Large”")]
    assert "1,001 bytes" in found[0].what
