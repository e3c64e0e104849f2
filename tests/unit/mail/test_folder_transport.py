"""The folder of .eml files."""

import asyncio
from pathlib import Path

import pytest

from digest.errors import TransportUnavailable
from digest.mail.folder import FolderSession, FolderTransport
from digest.model.delivery import About, Envelope, Handover, Outcome, Phase
from digest.ports import BeforeDot


async def yes() -> bool:
    """The ledger says that the message may go."""
    return True


async def no() -> bool:
    """The ledger says that it may not."""
    return False


async def _story(folder: Path, *messages: bytes, envelope_id: str, before_dot: BeforeDot) -> list[Handover]:
    session = await FolderTransport(folder).connect()
    envelope = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id=envelope_id)
    return [await session.hand_over(envelope, message, before_dot) for message in messages]


def hand_over(folder: Path, *messages: bytes, envelope_id: str = "17", before_dot: BeforeDot = yes) -> list[Handover]:
    """Hand messages over under one envelope id."""
    return asyncio.run(_story(folder, *messages, envelope_id=envelope_id, before_dot=before_dot))


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """A first try needs no preparation."""
    hand_over(tmp_path / "a" / "b", b"Hello.\r\n")

    assert (tmp_path / "a" / "b" / "17.eml").read_bytes() == b"Hello.\r\n"


def test_the_same_delivery_twice_is_one_file(tmp_path: Path) -> None:
    """A repeated attempt replaces what it repeats."""
    hand_over(tmp_path, b"Hello.\r\n", b"Hello.\r\n")

    assert [file.name for file in tmp_path.iterdir()] == ["17.eml"]


@pytest.mark.parametrize("envelope_id", ["../../etc/passwd", "/etc/passwd", "a/b", "a\x00b", "a\nb"])
def test_no_envelope_id_leads_out_of_the_folder(tmp_path: Path, envelope_id: str) -> None:
    """A name is a name, not a path."""
    inbox = tmp_path / "deep" / "inbox"
    (accepted,) = hand_over(inbox, b"Hello.\r\n", envelope_id=envelope_id)

    assert accepted.outcome is Outcome.ACCEPTED
    assert len(list(inbox.iterdir())) == 1


def test_a_withheld_message_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not under a hidden name either."""
    (withheld,) = hand_over(tmp_path, b"Hello.\r\n", before_dot=no)

    assert (withheld.outcome, withheld.closed) == (Outcome.WITHHELD, False)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_no_folder_is_unavailable_with_a_remedy(tmp_path: Path) -> None:
    """In plain words, with the setting to look at."""
    (tmp_path / "inbox").write_text("a file")
    with pytest.raises(TransportUnavailable) as caught:
        hand_over(tmp_path / "inbox", b"Hello.\r\n")

    assert str(tmp_path / "inbox") in caught.value.what
    assert "mail.folder.path" in caught.value.remedy


def test_a_folder_that_vanishes_defers_and_ends_the_session(tmp_path: Path) -> None:
    """The next connect says what is wrong, or makes it anew."""
    session = FolderSession(tmp_path / "gone")
    envelope = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="17")
    handover = asyncio.run(session.hand_over(envelope, b"Hello.\r\n", yes))

    assert (handover.outcome, handover.phase, handover.about) == (Outcome.DEFERRED, Phase.DATA, About.US)
    assert handover.closed


def test_a_name_that_is_taken_by_a_folder_defers(tmp_path: Path) -> None:
    """A rename that failed has put nothing in place."""
    (tmp_path / "17.eml").mkdir()
    (handover,) = hand_over(tmp_path, b"Hello.\r\n")

    assert (handover.outcome, handover.phase) == (Outcome.DEFERRED, Phase.DOT)
    assert [file.name for file in tmp_path.iterdir()] == ["17.eml"]
