"""Leaving by mail: the address is the proof, whatever the message says; what programs send by themselves is no wish."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.flow.mail_returns import hear, hear_folder
from digest.flow.returns import Returns
from tests.support.counter import Counter, counter, stencil
from tests.support.terminal import Terminal
from tests.support.web_house import EMAIL

__all__ = ["counter", "stencil"]


@pytest.fixture
def house(counter: Counter) -> House:
    """With a mailbox for leaving."""
    mail = counter.house.settings.mail.model_copy(update={"unsubscribe_address": "leave@example.org"})
    return replace(counter.house, settings=counter.house.settings.model_copy(update={"mail": mail}))


@pytest.fixture
def address(house: House) -> str:
    """Where the reader of carers leaves."""
    return Returns.of(house).unsubscribe_mailbox(1)


@pytest.mark.parametrize(
    "message",
    [
        "To: {}\n\n",
        "To: Leave <{}>, other@example.org\nSubject: unsubscribe\n\nPlease!",
        "Delivered-To: {}\nTo: undisclosed-recipients:;\n\n",
        "X-Original-To: {}\r\n\r\n",
        "To: {}\nSubject: =?utf-8?q?caf=E9?=\nContent-Type: text/plain; charset=nonsense\n\n\u00e9",
    ],
)
def test_a_message_to_the_address_ends_the_subscription(
    counter: Counter, house: House, address: str, message: str
) -> None:
    """However it is written; upper case, too, as servers on the way may change it. Twice is once."""
    heard = [hear(house, message.format(each).encode()) for each in (address, address.upper())]

    assert [each.left for each in heard] == [True, True]
    assert counter.state(EMAIL) == ["ended"]
    consents = [(row["kind"], row["channel"]) for row in counter.trial.rows("consent")]
    assert consents.count(("unsubscribed", "mail")) == 1


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Auto-Submitted: auto-replied\nTo: {}\n\nI am on holiday.", "a program sent it"),
        ("Return-Path: <>\nTo: {}\n\nCould not be delivered.", "a program sent it"),
        ("To: leave@example.org\n\n", "no address of ours"),
        ("To: leave+ae.aaaaaaaaaa@example.org\n\n", "no address of ours"),
        ("Subject: {}\n\n{}", "no address of ours"),
        ("\0\0\0", "no address of ours"),
        ("", "no address of ours"),
    ],
)
def test_what_is_no_wish_changes_nothing(
    counter: Counter, house: House, address: str, message: str, reason: str
) -> None:
    """A bounce, a holiday, a guess, an address only spoken of, no message at all."""
    before = counter.trial.dump()

    heard = hear(house, message.format(address, address).encode())

    assert (heard.left, reason in heard.reason) == (False, True)
    assert counter.trial.dump() == before


def test_a_maildir_is_read_and_filed(counter: Counter, house: House, address: str, tmp_path: Path) -> None:
    """What was read lies among the seen, and is not read again."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / "inbox" / name).mkdir(parents=True)
    (tmp_path / "inbox" / "new" / "1.a").write_text(f"To: {address}\n\n")
    (tmp_path / "inbox" / "new" / "2.b").write_text("To: somebody@example.org\n\n")

    first, second = (list(hear_folder(house, tmp_path / "inbox")) for _ in range(2))

    assert [(each.name, each.left) for each in first] == [("1.a", True), ("2.b", False)]
    assert second == []
    assert sorted(path.name for path in (tmp_path / "inbox" / "cur").iterdir()) == ["1.a:2,S", "2.b:2,S"]
    assert counter.state(EMAIL) == ["ended"]


def test_what_is_no_maildir_or_without_a_mailbox_is_told(counter: Counter, house: House, tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(SettingsRefused, match="is no Maildir"):
        list(hear_folder(house, tmp_path / "nothing"))
    with pytest.raises(SettingsRefused, match="no mailbox for leaving"):
        hear(counter.house, b"")


def test_a_mail_server_pipes_messages_into_the_command(
    counter: Counter,
    house: House,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One on standard input, in a line what became of it."""
    monkeypatch.setenv("DIGEST_MAIL__UNSUBSCRIBE_ADDRESS", "leave@example.org")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"To: {address}\n\n".encode())))
    monkeypatch.chdir(tmp_path)

    said = Terminal(capsys, monkeypatch).done("returns", "read")

    assert said == "1 read, 1 of them to leave.\n"
    assert counter.state(EMAIL) == ["ended"]
