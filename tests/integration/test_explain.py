"""Explaining: the reasons agree with what was delivered, before and long after."""

from pathlib import Path

import pytest
from sqlalchemy import delete

from digest.errors import UnknownName, UnknownReader
from digest.flow.apply import apply
from digest.flow.approve import Wishes, curate
from digest.flow.compose import compose
from digest.flow.enrol import people
from digest.flow.explain import Explanation, explain
from digest.flow.preview import preview, reader_named
from digest.mail.memory import MemoryTransport
from digest.model.choice import Reason
from digest.model.delivery import Handover, Outcome, Phase
from digest.resources import folder
from digest.storage import filings
from digest.storage.tables import block
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"
CARER = "carer@example.org"


def entry(title: str, on: str = "2026-11-02") -> dict[str, str]:
    """An item of a day, filed by its title."""
    return {"title": title, "published_at": on, "link": f"https://example.org/{title}"}


@pytest.fixture
def edited(desk: Desk, tmp_path: Path) -> Desk:
    """A draft for November in which each reason has its item."""
    desk.reader(CARER, "carers")
    desk.write_items(tmp_path, entry("Carers in October", "2026-10-20"))
    desk.month("2026-10")
    desk.write_items(
        tmp_path,
        entry("Carers at work"),
        entry("Carers at home"),
        entry("The law on rights"),
        entry("Something else"),
        entry("A note to all"),
        entry("Carers left out"),
        entry("Carers to come", "2026-12-02"),
    )
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    numbers = {item.title: item.id for item in desk.items()}
    curate(desk.house, NOVEMBER, Wishes(pin=[numbers["A note to all"]], leave_out=[numbers["Carers left out"]]))
    return desk


def reasons(explained: Explanation) -> dict[str, Reason]:
    """The reason for each title."""
    return {item.title: item.reason for item in explained.items}


def included(explained: Explanation) -> list[str]:
    """The titles that are in the issue, in order."""
    return [item.title for item in explained.items if item.included]


def test_a_draft_says_of_each_item_whether_it_will_come_and_why(edited: Desk) -> None:
    """Each in one line, those that come first and in their order."""
    explained = explain(edited.house, CARER, NOVEMBER)

    assert explained.delivery == "draft"
    assert explained.chosen == "carers"
    assert included(explained) == ["A note to all", "Carers at work", "Carers at home"]
    assert reasons(explained) == {
        "A note to all": Reason.PINNED,
        "Carers at work": Reason.TOPIC,
        "Carers at home": Reason.TOPIC,
        "The law on rights": Reason.OTHER_TOPIC,
        "Something else": Reason.UNFILED,
        "Carers left out": Reason.LEFT_OUT,
        "Carers to come": Reason.TOO_EARLY,
        "Carers in October": Reason.HAD,
    }


def test_what_a_draft_says_is_what_comes(edited: Desk) -> None:
    """Published and delivered, it was so."""
    before = explain(edited.house, CARER, NOVEMBER)

    edited.month("2026-11")
    after = explain(edited.house, CARER, NOVEMBER)

    assert sorted(edited.received(CARER)[1:]) == sorted(included(before))
    assert included(after) == included(before)
    assert after.delivery == "accepted"
    kept = reasons(after)
    assert kept == {title: why for title, why in reasons(before).items() if title in kept}


def test_explaining_and_previewing_write_nothing(edited: Desk, transport: MemoryTransport) -> None:
    """They look."""
    with edited.house.store.read() as connection:
        before = list(connection.connection.driver_connection.iterdump()) if edited.house.store.embedded else []
    for _ in range(2):
        explain(edited.house, CARER, NOVEMBER)

    with edited.house.store.read() as connection:
        after = list(connection.connection.driver_connection.iterdump()) if edited.house.store.embedded else []
    assert after == before
    assert len(transport.kept) == 1  # October's


CHANGES = ("topics", "refiled", "redated", "edited", "removed topic", "caps", "left")


def test_what_was_delivered_stays_explained_whatever_changes_later(edited: Desk, tmp_path: Path) -> None:
    """The reader chooses anew, an item is filed, dated, written anew; topics go, rules change; one after the other."""
    edited.month("2026-11")
    before = explain(edited.house, CARER, NOVEMBER)
    why = {item.title: item.reason for item in before.items if item.included}

    for change in CHANGES:
        apply_change(edited, tmp_path, change)
        after = explain(edited.house, CARER, NOVEMBER)
        text = letter_text(edited)
        places = [text.index(f"About {title}.") for title in why]

        assert {item.title: item.reason for item in after.items if item.included} == why, change
        assert included(after) == included(before), change
        assert places == sorted(places), change
        assert "About The law on rights." not in text, change


def letter_text(desk: Desk) -> str:
    """November's letter, as its reader may look at it."""
    with desk.house.store.read() as connection:
        seen = preview(desk.house, connection, NOVEMBER)
        letter = seen.letter(connection, reader_named(desk.house, connection, seen.issue, CARER))
    assert letter is not None
    return letter.text


def apply_change(desk: Desk, to: Path, change: str) -> None:
    """What may happen after an issue came out."""
    numbers = {item.title: item.id for item in desk.items()}
    text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    match change:
        case "topics":
            desk.choose(CARER, "law")
        case "refiled":
            with desk.house.store.write() as connection:
                now = desk.house.clock.now()
                for topic, stands in (("carers", False), ("law", True)):
                    filings.file_by_hand(
                        connection, numbers["Carers at work"], topic, stands=stands, by="Ruth", now=now
                    )
        case "redated":
            desk.write_items(to, entry("Carers at work", "2025-01-01"))
        case "edited":
            desk.write_items(to, {**entry("Carers at work"), "body": "About nothing."})
        case "removed topic":
            start, end = text.index('[[topics]]\nslug = "safeguarding"'), text.index('[[topics]]\nslug = "personalis')
            renamed = (text[:start] + text[end:]).replace('slug = "carers"', 'slug = "caring"')
            (to / "new.toml").write_text(renamed, encoding="utf-8")
            apply(desk.house, to / "new.toml")
        case "caps":
            (to / "new.toml").write_text(text.replace("per_issue = 30", "per_issue = 1"), encoding="utf-8")
            apply(desk.house, to / "new.toml")
        case "left":
            with desk.house.store.write() as connection:
                people(desk.house, connection).unsubscribe(CARER)


def test_a_later_issue_does_not_change_what_an_earlier_one_is_explained_by(edited: Desk, tmp_path: Path) -> None:
    """Receipts of December are no reason in November."""
    edited.month("2026-11")
    before = explain(edited.house, CARER, NOVEMBER)
    edited.write_items(tmp_path, entry("Carers in December", "2026-12-03"))
    edited.month("2026-12")

    assert explain(edited.house, CARER, NOVEMBER) == before


def test_for_whom_nothing_was_new_that_is_said(edited: Desk) -> None:
    """And each reason why."""
    edited.reader("law@example.org", "research")
    edited.house.clock.pass_by(days=1)  # type: ignore[attr-defined]
    curate(edited.house, NOVEMBER, Wishes(unpin=[i.id for i in edited.items()]))
    edited.month("2026-11")

    explained = explain(edited.house, "law@example.org", NOVEMBER)

    assert (explained.delivery, included(explained)) == ("nothing new", [])
    assert Reason.OTHER_TOPIC in set(reasons(explained).values())


def test_who_came_after_an_issue_was_not_in_its_audience(edited: Desk) -> None:
    """It is said so, not made up."""
    edited.month("2026-11")
    edited.reader("late@example.org")

    assert explain(edited.house, "late@example.org", NOVEMBER).delivery == "not in the audience"


def test_a_failed_delivery_is_explained_with_its_fate(edited: Desk, transport: MemoryTransport) -> None:
    """What it carried, and that it failed."""
    transport._answers.append(Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=552, diagnostic="full"))
    edited.month("2026-11")

    explained = explain(edited.house, CARER, NOVEMBER)

    assert explained.delivery == "failed"
    assert len(included(explained)) == 3


def test_a_stranger_or_a_strange_issue_is_told(edited: Desk) -> None:
    """In one line."""
    with pytest.raises(UnknownReader):
        explain(edited.house, "nobody@example.org", NOVEMBER)
    with pytest.raises(UnknownName):
        explain(edited.house, CARER, "social-care/2030-01")


def test_an_issue_of_the_first_programs_is_explained(edited: Desk) -> None:
    """Their templates had no rows for topics in the list of contents."""
    edited.month("2026-11")
    with edited.house.store.write() as connection:
        connection.execute(delete(block).where(block.c.key.like("contents-topic:%")))

    assert explain(edited.house, CARER, f"{NEWSLETTER}/2026-11").items
