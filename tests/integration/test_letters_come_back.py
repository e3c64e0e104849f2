"""Single letters that come back after they were accepted: settled by the address they come to, and nobody else."""

from dataclasses import replace

import pytest

from digest.errors import SettingsRefused
from digest.flow.mail_returns import Heard, hear
from digest.flow.returns import Returns
from digest.mail import dsn
from digest.model.delivery import DeliveryId
from tests.support.bounces import notification
from tests.support.counter import NEW, Counter, counter, stencil
from tests.support.web_house import EMAIL

__all__ = ["counter", "stencil"]


@pytest.fixture
def returning(counter: Counter) -> Counter:
    """A counter whose letters have envelope senders of their own; one has asked, and their letter was accepted."""
    mail = counter.house.settings.mail.model_copy(update={"bounce_domain": "b.example.org"})
    settings = counter.house.settings.model_copy(update={"mail": mail})
    made = replace(counter, house=replace(counter.house, settings=settings))
    made.ask()
    made.post()
    return made


def sender(returning: Counter) -> str:
    """Where the bounce of the letter goes."""
    return returning.box.kept[-1].envelope.envelope_sender


def letter(returning: Counter) -> tuple[str, str]:
    """How it stands, and why."""
    [row] = returning.trial.rows("notice")
    return row["state"], row["reason"]


@pytest.mark.parametrize("by", ["To", "Delivered-To", "X-Original-To"])
def test_a_letter_that_comes_back_is_settled_and_its_address_stopped(returning: Counter, by: str) -> None:
    """There is no such mailbox, says a server hours later: as if it had been said at once. Told twice is told once."""
    told = [hear(returning.house, notification(sender(returning).upper(), by=by)) for _ in range(2)]

    assert [each.bounced for each in told] == [True, False]
    assert letter(returning) == ("bounced", "550 5.1.1 <x>: no such user")
    [stop] = returning.trial.rows("suppression")
    assert (stop["reason"], stop["evidence"]) == ("bounced", "550 5.1.1 <x>: no such user")
    assert returning.state(NEW) == ["pending"]


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.0.0", "", "nonsense"])
def test_what_says_nothing_of_the_address_stops_nobody(returning: Counter, status: str) -> None:
    """A full mailbox, a policy, a server that cannot say: the letter did not arrive, and that is all."""
    told = hear(returning.house, notification(sender(returning), status=status, said="552 full"))

    assert told.bounced
    assert letter(returning) == ("bounced", "552 full")
    assert returning.trial.rows("suppression") == []


@pytest.mark.parametrize(
    "message",
    [
        notification("{}", action="delayed", status="4.4.1"),
        notification("{}", action="delivered", status="2.0.0"),
        notification("{}", action="failed", status="2.0.0"),
        b"To: {}\nAuto-Submitted: auto-replied\n\nI am on holiday.",
        b"To: {}\n\n" + notification("{}"),
        b"To: {}\n" + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 20_000,
        b"To: {}\n" + b"Content-Type: message/rfc822\n\n" * 20_000,
        b"To: {}\nContent-Type: message/delivery-status\n\n\0\xff",
    ],
)
def test_what_does_not_say_that_it_failed_changes_nothing(returning: Counter, message: bytes) -> None:
    """A delay, a receipt, a holiday, a notification as mere text, parts within parts without end."""
    before = returning.trial.dump()

    told = hear(returning.house, message.replace(b"{}", sender(returning).encode()))

    assert (told.bounced, told.left, bool(told.reason)) == (False, False, True)
    assert returning.trial.dump() == before


def test_addresses_that_are_not_that_letters_change_nothing(returning: Counter) -> None:
    """A guess, another letter's, one for an issue's delivery, one that was forgotten."""
    returns, before = Returns.of(returning.house), returning.trial.dump()
    right = sender(returning)
    addresses = [
        right.replace("nb+", "b+"),
        right.replace("nb+", "nb+a"),
        "nb+ae.aaaaaaaaaa@b.example.org",
        returns.envelope_sender(DeliveryId(999)),
        returns.notice_sender(DeliveryId(999)),
        f"{right}.example.com",
    ]

    told: list[Heard] = [hear(returning.house, notification(address)) for address in addresses]

    assert {each.bounced for each in told} == {False}
    assert returning.trial.dump() == before


def test_a_wish_to_leave_is_heard_however_its_parts_are_nested(counter: Counter) -> None:
    """Only the head of such a message is looked at, so that none can hold up the mailbox."""
    mail = counter.house.settings.mail.model_copy(update={"unsubscribe_address": "leave@example.org"})
    house = replace(counter.house, settings=counter.house.settings.model_copy(update={"mail": mail}))
    to = Returns.of(house).unsubscribe_mailbox(1)

    heard = hear(house, f"To: {to}\n".encode() + b"Content-Type: message/rfc822\n\n" * 20_000)

    assert heard.left
    assert counter.state(EMAIL) == ["ended"]


def test_without_any_mailbox_it_is_told_what_to_set(counter: Counter) -> None:
    """Either of the two will do."""
    with pytest.raises(SettingsRefused, match=r"mail\.unsubscribe_address.*mail\.bounce_domain"):
        hear(counter.house, b"")


def test_a_notification_of_several_recipients_is_read_whole() -> None:
    """Each with what is said of it; comments, folded lines and control signs do no harm."""
    two = notification("a@example.org", action="Failed (at last)", status="5.1.1 (unknown)", said="no\x00\x1b[31m one")
    first = two.replace(
        b"\nFinal-Recipient", b"\nFinal-Recipient: rfc822; b@example.org\nAction: delayed\n\nFinal-Recipient"
    )

    found = [(each.action, each.status, each.diagnostic, each.is_final) for each in dsn.reports(first)]

    assert found == [("delayed", "", "", False), ("failed", "5.1.1", "no [31m one", True)]
