"""Previews: an issue as one reader gets it, by the same way as sending, and without a trace."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.errors import BadTemplate, UnknownName, UnknownReader
from digest.flow.approve import Wishes, curate
from digest.flow.compose import compose
from digest.flow.preview import Letter, preview, reader_named, reader_of_topics, readers
from digest.mail.memory import MemoryTransport
from digest.storage.tables import metadata
from subscribers.preferences import parse
from subscribers.tokens import Purpose
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"
CARER = "carer@example.org"


@pytest.fixture
def drafted(desk: Desk, tmp_path: Path) -> Desk:
    """A draft with two items and three readers."""
    for email, topics in ((CARER, "carers"), ("law@example.org", "law"), ("research@example.org", "research")):
        desk.reader(email, topics, name="Priya")
    days = {"Carers at work": "2026-11-02", "The law on rights": "2026-11-03"}
    desk.write_items(tmp_path, *({"title": title, "published_at": on} for title, on in days.items()))
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    curate(desk.house, NOVEMBER, Wishes(title="First weeks", intro="Dear *all*,"))
    return desk


def letter(desk: Desk, email: str, name: str = NOVEMBER) -> Letter | None:
    """The issue as somebody gets it."""
    with desk.house.store.read() as connection:
        seen = preview(desk.house, connection, name)
        return seen.letter(connection, reader_named(desk.house, connection, seen.issue, email))


def rows(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with desk.house.store.read() as connection:
        return {name: [tuple(r) for r in connection.execute(select(t))] for name, t in metadata.tables.items()}


def without_links(text: str) -> str:
    """A letter without the addresses in it, which in a preview lead nowhere."""
    return re.sub(r"http://127\.0\.0\.1:8350/(u|preferences|view)/\S+", "LINK", text)


def test_what_is_previewed_is_what_is_sent(drafted: Desk, transport: MemoryTransport) -> None:
    """Subject, text and order, but for the links that are the reader's own."""
    before = letter(drafted, CARER)
    assert before is not None

    drafted.month("2026-11")
    after = letter(drafted, CARER)

    sent = message_from_bytes(transport.kept[0].message, policy=policy.default)
    body = sent.get_body(("plain",))
    assert body is not None
    assert after is not None
    assert before.subject == after.subject == sent["Subject"]
    assert without_links(before.text).split() == without_links(body.get_content()).split()
    assert without_links(before.text) == without_links(after.text)
    assert before.html == after.html


def test_a_preview_leaves_no_trace(drafted: Desk, transport: MemoryTransport) -> None:
    """No row differs, nothing is handed over; as often as one looks."""
    before = rows(drafted)

    for email in (CARER, "law@example.org", "research@example.org"):
        letter(drafted, email)

    assert rows(drafted) == before
    assert transport.kept == []


def test_no_link_of_a_preview_can_do_anything_to_anybody(drafted: Desk) -> None:
    """It may be forwarded; whoever clicks must not unsubscribe the reader."""
    seen = letter(drafted, CARER)
    assert seen is not None

    whole = f"{seen.html}{seen.text}{seen.message.decode()}"
    tokens = re.findall(r"/(?:u|preferences)/([\w.-]+)", whole)
    assert set(tokens) == {"preview"}
    assert drafted.house.keys.token(Purpose.UNSUBSCRIBE, 1) not in whole


def test_each_reader_sees_their_own(drafted: Desk) -> None:
    """And nobody is shown a letter that they would not get."""
    carer, law = letter(drafted, CARER), letter(drafted, "law@example.org")

    assert carer is not None
    assert law is not None
    assert "Carers at work" in carer.text
    assert "Carers at work" not in law.text
    assert letter(drafted, "research@example.org") is None


def test_an_issue_may_be_looked_at_as_somebody_only_thought_of(drafted: Desk) -> None:
    """As whoever chooses these topics, or everything."""
    with drafted.house.store.read() as connection:
        seen = preview(drafted.house, connection, NOVEMBER)
        everything = seen.letter(connection, reader_of_topics(seen.issue))
        law = seen.letter(connection, reader_of_topics(seen.issue, parse("law")))

    assert everything is not None
    assert law is not None
    assert {c.id for c in law.choice.chosen} < {c.id for c in everything.choice.chosen}


def test_some_of_those_who_get_it_are_offered_to_look_as(drafted: Desk) -> None:
    """The oldest first; not those who wait for their confirmation."""
    drafted.reader("waits@example.org", confirmed=False)

    with drafted.house.store.read() as connection:
        issue = preview(drafted.house, connection, NOVEMBER).issue
        offered = [reader.email for reader in readers(connection, issue, limit=2)]
        all_of_them = [reader.email for reader in readers(connection, issue)]

    assert offered == [CARER, "law@example.org"]
    assert "waits@example.org" not in all_of_them


def test_a_preview_of_what_is_not_there_is_told(drafted: Desk) -> None:
    """An issue or a reader."""
    with pytest.raises(UnknownName):
        letter(drafted, CARER, "social-care/2030-01")
    with pytest.raises(UnknownReader):
        letter(drafted, "nobody@example.org")


def test_a_template_that_does_not_compile_is_told_before_anything_goes_out(drafted: Desk, tmp_path: Path) -> None:
    """By the preview as by the publishing."""
    from dataclasses import replace

    own = tmp_path / "own"
    (own / "email" / "issue").mkdir(parents=True)
    (own / "email" / "issue" / "issue.mjml.j2").write_text("{% if %}", encoding="utf-8")
    broken = Desk(replace(drafted.house, template_folders=(own, *drafted.house.template_folders)))

    with pytest.raises(BadTemplate):
        letter(broken, CARER)
    with pytest.raises(BadTemplate):
        broken.issue("2026-11")
    assert sum(drafted.counts("2026-11").values()) == 0
