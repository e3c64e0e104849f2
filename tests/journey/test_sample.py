"""The sample publication: three months for 200 readers, and every message held against a strict reader."""

from pathlib import Path

from digest.flow import rehearse
from digest.flow.house import House
from digest.mail.memory import MemoryTransport
from tests.unit.rendering.strict import parse

#: Gmail clips what is longer than about 102 kB.
MOST_BYTES = 100_000


def test_every_message_of_the_sample_passes_a_strict_reader(
    house: House, transport: MemoryTransport, tmp_path: Path
) -> None:
    """Headers once, CRLF only, lines within 998, text first, nothing encoded in a list header, under 100 kB."""
    rehearse.prepare(house, tmp_path, lambda _: None)
    for month in rehearse.months(house):
        rehearse.rehearse(house, month)

    messages = [kept.message for kept in transport.kept]

    assert len(messages) == 3 * 200
    assert max(map(len, messages)) < MOST_BYTES
    assert len({parse(message).headers["Message-ID"] for message in messages}) == len(messages)


def test_nobody_gets_an_item_twice_over_three_months(house: House, transport: MemoryTransport, tmp_path: Path) -> None:
    """What a reader had in September is not in their October or November."""
    rehearse.prepare(house, tmp_path, lambda _: None)
    for month in rehearse.months(house):
        rehearse.rehearse(house, month)

    links: dict[str, list[str]] = {}
    for kept in transport.kept:
        text = parse(kept.message).text
        found = [line for line in text.splitlines() if line.startswith("https://harbour.example.org/")]
        links.setdefault(kept.envelope.recipient, []).extend(found)

    assert len(links) == 200
    assert all(len(found) == len(set(found)) for found in links.values())


def test_rehearsed_twice_is_rehearsed_once(house: House, transport: MemoryTransport, tmp_path: Path) -> None:
    """The second run hands over nothing and counts the same."""
    rehearse.prepare(house, tmp_path, lambda _: None)
    first = [rehearse.rehearse(house, month) for month in rehearse.months(house)]
    handed_over = len(transport.kept)

    rehearse.prepare(house, tmp_path, lambda _: None)
    second = [rehearse.rehearse(house, month) for month in rehearse.months(house)]

    assert second == first
    assert len(transport.kept) == handed_over
