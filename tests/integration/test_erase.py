"""Erasure: nothing of a person is left but a keyed hash, and nobody can bring them back."""

from pathlib import Path

import pytest
from sqlalchemy import String, Text, cast, select

from digest.errors import UnknownReader
from digest.flow.enrol import import_csv, people
from digest.flow.purge import erase
from digest.mail.memory import MemoryTransport
from digest.model.delivery import DeliveryState, Handover, Outcome, Phase
from digest.storage.tables import metadata
from subscribers.consent import ConsentKind
from subscribers.suppression import SuppressionReason
from subscribers.tables import consent, subscriber, subscription
from tests.support.desk import NEWSLETTER, Desk

PRIYA, NAME = "priya@example.org", "Priya Rao"


def everything_kept(desk: Desk) -> str:
    """All columns of all rows of all tables, as text."""
    with desk.house.store.read() as connection:
        rows = (
            value
            for table in metadata.tables.values()
            for row in connection.execute(select(*(cast(column, Text) for column in table.c)))
            for value in row
        )
        return "\n".join(value for value in rows if value is not None).casefold()


def write_one(desk: Desk, folder: Path) -> None:
    """An item for November."""
    desk.write_items(folder, {"title": "Carers at work", "published_at": "2026-11-02"})


def test_nothing_of_an_erased_person_is_found_in_any_table(
    desk: Desk, tmp_path: Path, transport: MemoryTransport
) -> None:
    """Not the address, in any part or spelling, not the name; not even in what a mail server said of them."""
    write_one(desk, tmp_path)
    desk.reader(PRIYA, "carers", name=NAME)
    transport._answers.append(
        Handover(
            outcome=Outcome.FAILED,
            phase=Phase.RCPT,
            reply_code=550,
            enhanced_code="5.1.1",
            diagnostic=f"550 5.1.1 <{PRIYA}>: no {NAME} here",
        )
    )
    desk.month("2026-11")
    with desk.house.store.write() as connection:
        people(desk.house, connection).suppress(
            PRIYA, SuppressionReason.REQUESTED, scope=NEWSLETTER, evidence=f"letter of {NAME}"
        )
    assert PRIYA in everything_kept(desk)

    erase(desk.house, PRIYA, channel="command")

    kept = everything_kept(desk)
    assert PRIYA not in kept
    assert "priya" not in kept
    assert "rao" not in kept.replace("generao", "")


def test_what_was_sent_when_stays_without_saying_to_whom(desk: Desk, tmp_path: Path) -> None:
    """The ledger still sums, and the consent's history still tells of a person, no more of which one."""
    write_one(desk, tmp_path)
    held = desk.reader(PRIYA, "carers", name=NAME)
    desk.month("2026-11")

    erase(desk.house, PRIYA, channel="page")

    with desk.house.store.read() as connection:
        row = connection.execute(select(subscriber).where(subscriber.c.id == held.subscriber_id)).one()
        kinds = connection.scalars(select(consent.c.kind).order_by(consent.c.id)).all()
        reason = connection.scalar(select(subscription.c.end_reason))
    assert desk.counts("2026-11")[DeliveryState.ACCEPTED] == 1
    assert (row.email, row.address_hash, row.name, row.language) == (None, None, "", "")
    assert row.erased_at == desk.house.clock.now()
    assert (list(kinds), reason) == ([ConsentKind.IMPORTED, ConsentKind.ERASED], "erased")


def test_what_was_still_queued_for_them_does_not_go_out(desk: Desk, tmp_path: Path, transport: MemoryTransport) -> None:
    """Between publishing and delivering, a wish to be forgotten holds."""
    write_one(desk, tmp_path)
    desk.reader(PRIYA, "carers")
    desk.issue("2026-11")

    erase(desk.house, PRIYA, channel="command")
    desk.deliver()

    assert transport.kept == []
    assert desk.counts("2026-11")[DeliveryState.SUPPRESSED] == 1


def test_no_import_brings_an_erased_person_back(desk: Desk, tmp_path: Path) -> None:
    """In whatever spelling, vouched for or not; others of the file are taken."""
    desk.reader(PRIYA, name=NAME)
    erase(desk.house, PRIYA, channel="command")
    file = tmp_path / "readers.csv"
    file.write_text("email\nPRIYA@example.org\njoe@example.org\n", encoding="utf-8")

    for confirmed in (True, False):
        report = import_csv(
            desk.house, file, NEWSLETTER, confirmed=confirmed, mapping={}, dry_run=False, progress=lambda _: None
        )
        assert [r.line for r in report.refused] == [2]

    with desk.house.store.read() as connection:
        kept = connection.scalars(select(cast(subscriber.c.email, String))).all()
    assert kept == [None, "joe@example.org"]


def test_erased_twice_is_erased_once(desk: Desk) -> None:
    """The second time nobody is known by that address any more."""
    desk.reader(PRIYA)
    erase(desk.house, PRIYA, channel="command")
    before = everything_kept(desk)

    with pytest.raises(UnknownReader):
        erase(desk.house, PRIYA, channel="command")

    assert everything_kept(desk) == before
