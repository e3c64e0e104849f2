"""Proofs: one copy to an address of the house's own, marked as a test, and nothing written down."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.errors import AddressRefused
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.preview import preview, reader_named, reader_of_topics
from digest.flow.proof import NotForTests, Sent, proof, send
from digest.mail.memory import MemoryTransport
from digest.model.delivery import Handover, Outcome, Phase
from digest.storage.tables import metadata
from subscribers.preferences import parse
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"
CARER, EDITOR = "carer@example.org", "Editor@example.org"


@pytest.fixture
def drafted(desk: Desk, tmp_path: Path) -> Desk:
    """A draft with one reader, and an editor who may be sent tests."""
    desk.reader(CARER, "carers", name="Priya")
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    return Desk(with_tests_to(desk.house, EDITOR))


def with_tests_to(house: House, *addresses: str) -> House:
    """The house with these on its list."""
    mail = house.settings.mail.model_copy(update={"test_addresses": addresses})
    return replace(house, settings=house.settings.model_copy(update={"mail": mail}))


def sent(desk: Desk, to: str = EDITOR, *, topics: str = "") -> Sent:
    """A test as the carer, or as a reader of topics, would get the issue."""
    with desk.house.store.read() as connection:
        seen = preview(desk.house, connection, NOVEMBER)
        carer = reader_named(desk.house, connection, seen.issue, CARER)
        who = reader_of_topics(seen.issue, parse(topics)) if topics else carer
        ready = proof(desk.house, connection, seen, who, to)
    return send(desk.house, ready)


def arrived(transport: MemoryTransport) -> EmailMessage:
    """The one message that was handed over."""
    message = message_from_bytes(transport.kept[0].message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_test_goes_by_the_transport_to_the_address_on_the_list(drafted: Desk, transport: MemoryTransport) -> None:
    """In the spelling of the list, marked in its subject and in a header of its own."""
    told = sent(drafted, "EDITOR@EXAMPLE.ORG")

    message = arrived(transport)
    assert told.accepted
    assert "took the test to Editor@example.org: 250 2.0.0" in told.told
    assert transport.kept[0].envelope.recipient == EDITOR == message["To"]
    assert str(message["Subject"]).startswith("[Test] ")
    assert message["X-Digest-Test"] == NOVEMBER
    assert "Carers at work" in str(message.get_body(("plain",)))


def test_no_header_or_link_of_a_test_can_unsubscribe_anybody(drafted: Desk, transport: MemoryTransport) -> None:
    """It has no List-Unsubscribe of either kind, and the links in it belong to nobody."""
    mail = drafted.house.settings.mail.model_copy(update={"unsubscribe_address": "leave@example.org"})
    leaving = replace(drafted.house, settings=drafted.house.settings.model_copy(update={"mail": mail}))

    sent(Desk(leaving))

    message = arrived(transport)
    assert [name for name in message if name.startswith("List-Unsubscribe")] == []
    assert "/u/preview" in message.as_string()
    assert "leave+" not in message.as_string()


def test_nothing_is_written_down_of_a_test(drafted: Desk) -> None:
    """No row of any table differs; no delivery, no attempt, no receipt."""

    def rows() -> dict[str, list[tuple[object, ...]]]:
        with drafted.house.store.read() as connection:
            return {name: [tuple(r) for r in connection.execute(select(t))] for name, t in metadata.tables.items()}

    before = rows()
    sent(drafted)

    assert rows() == before


def test_two_tests_are_two_messages(drafted: Desk, transport: MemoryTransport) -> None:
    """A mail program that has seen the first shows the second."""
    sent(drafted)
    sent(drafted)

    ids = {message_from_bytes(kept.message)["Message-ID"] for kept in transport.kept}
    assert len(ids) == 2
    assert len({kept.envelope.envelope_id for kept in transport.kept}) == 2


def test_an_address_that_is_not_on_the_list_is_refused(drafted: Desk, transport: MemoryTransport) -> None:
    """A reader's above all; the words say what to do. Nothing is handed over."""
    for email in (CARER, "editor@example.com"):
        with pytest.raises(NotForTests) as refused:
            sent(drafted, email)
        assert f"{email} is not on the list" in refused.value.what
        assert "test_addresses" in refused.value.remedy
    with pytest.raises(AddressRefused):
        sent(drafted, "Editor@example.org\r\nBcc: all@example.org")

    assert transport.kept == []


def test_where_there_is_no_letter_there_is_no_test(drafted: Desk, transport: MemoryTransport) -> None:
    """A reader for whom nothing is new gets none, so there is nothing to try out."""
    with pytest.raises(NotForTests, match="Nothing is new"):
        sent(drafted, topics="law")

    assert transport.kept == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, enhanced_code="5.1.1", diagnostic="No"),
            "was not taken: 550 5.1.1 No.",
        ),
        (Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT), "is not known: no answer came."),
    ],
)
def test_what_the_server_says_is_told(drafted: Desk, answer: Handover, words: str) -> None:
    """In its own words, with its codes."""
    refusing = replace(drafted.house, transport=lambda: MemoryTransport([answer]))

    told = sent(Desk(refusing))

    assert not told.accepted
    assert told.told.endswith(words)
