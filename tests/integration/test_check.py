"""Checks before sending: what is found, what holds an issue back, and who let it go."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, func, select

from digest.errors import HeldBack, Never, WrongState
from digest.flow import asking
from digest.flow.approve import Wishes, approve, cancel, curate, reopen
from digest.flow.check import Checked, check, hindrances
from digest.flow.compose import compose
from digest.flow.doctor import Health, examine
from digest.flow.house import House
from digest.flow.publish import publish
from digest.flow.schedule import tick
from digest.model.finding import Severity
from digest.model.issue import IssueState
from digest.resources import folder
from digest.storage import audiences, issues, overrules
from digest.storage.tables import delivery, link_check, overruled, verdict
from tests.support.desk import NEWSLETTER, Desk
from tests.support.site import Site

NOVEMBER = f"{NEWSLETTER}/2026-11"
Linked = Callable[..., Desk]


@pytest.fixture
def linked(reading: House, site: Site, tmp_path: Path) -> Linked:
    """A desk whose draft for November has an item for each address, and one reader."""

    def made(*links: str) -> Desk:
        desk = Desk(reading)
        titles = [f"Carers at work {number}" for number, _ in enumerate(links)]
        entries = [
            {"title": title, "published_at": "2026-11-02", "link": link}
            for title, link in zip(titles, links, strict=True)
        ]
        desk.write_items(tmp_path, *entries)
        desk.reader("a@example.org")
        compose(reading, NEWSLETTER, period_key="2026-11")
        return desk

    return made


def found(done: Checked, name: str) -> list[tuple[str, Severity]]:
    """What one check has found: places and severities."""
    return [(f.place, f.severity) for f in done.findings if f.check == name]


def rows(house: House) -> dict[str, int]:
    """How many rows each table has."""
    with house.store.read() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        return {name: count(connection, name, metadata) for name in metadata.tables}


def count(connection: Connection, name: str, metadata: MetaData) -> int:
    """How many rows a table has."""
    counted: int = connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
    return counted


def let_out(desk: Desk, name: str = NOVEMBER) -> IssueState:
    """Approve and publish."""
    approve(desk.house, name, by="a test")
    return publish(desk.house, name).issue.state


def test_a_dead_link_is_found_and_holds_the_issue_back(linked: Linked, site: Site) -> None:
    """Until it is mended; what is only in doubt does not, nor what is well."""
    good, gone, ill = site.page("/good"), site.page("/gone", b"", 404), site.page("/ill", b"", 500)
    desk = linked(good, gone, ill)

    done = check(desk.house, NOVEMBER)

    assert found(done, "dead-link") == [("Carers at work 1", Severity.ERROR)]
    assert found(done, "doubtful-link") == [("Carers at work 2", Severity.WARNING)]
    assert (done.links, done.links_known) == (3, 3)
    approve(desk.house, NOVEMBER, by="a test")
    with pytest.raises(HeldBack, match="Carers at work 1: Nothing is at") as held:
        publish(desk.house, NOVEMBER)
    assert "--overrule dead-link" in held.value.remedy
    assert rows(desk.house)["delivery"] == 0


def test_a_link_into_a_private_network_is_an_error_and_nobody_is_asked(linked: Linked, site: Site) -> None:
    """Neither by a redirect nor by itself."""
    desk = linked("http://10.1.2.3/secret", site.page("/way", b"", 302, Location="http://10.1.2.3/secret"))

    done = check(desk.house, NOVEMBER)

    assert sorted(found(done, "private-link")) == [
        ("Carers at work 0", Severity.ERROR),
        ("Carers at work 1", Severity.ERROR),
    ]


def test_a_link_is_asked_once_a_day(linked: Linked, site: Site) -> None:
    """What came of it is believed until then, then forgotten; what was gone may be back."""
    address = site.page("/page", b"", 410)
    desk = linked(address)
    first = check(desk.house, NOVEMBER)
    site.page("/page", b"back")
    asked = len(site.methods)

    same = check(desk.house, NOVEMBER)
    desk.house.clock.pass_by(hours=25)  # type: ignore[attr-defined]
    later = check(desk.house, NOVEMBER)

    assert (len(found(first, "dead-link")), len(found(same, "dead-link"))) == (1, 1)
    assert found(later, "dead-link") == []
    assert len(site.methods) == 2 * asked
    assert rows(desk.house)["link_check"] == 1


def test_what_there_was_no_time_to_ask_is_said_and_asked_the_next_time(linked: Linked, site: Site) -> None:
    """It holds nothing back."""
    desk = linked(site.page("/one"), site.page("/two"))
    with desk.house.store.read() as connection:
        none = asking.known(connection, [], now=desk.house.clock.now())

    asked = asking.ask(desk.house, [site.address + "/one"], within=0.0)

    (finding,) = asking.unasked({site.address + "/one": "a", site.address + "/two": "b"}, {**none, **asked})
    assert (finding.check, finding.severity) == ("unchecked-link", Severity.WARNING)
    assert "2 links could not be checked in 120 seconds" in finding.what
    assert found(check(desk.house, NOVEMBER), "unchecked-link") == []


def test_nobody_is_asked_where_it_is_not_wanted(linked: Linked, site: Site) -> None:
    """Without links, and by whoever only asks what is known; progress counts those that are asked."""
    desk = linked(site.page("/gone", b"", 404), site.page("/gone#part", b"", 404))
    told: list[tuple[str, int, int]] = []

    unasked = check(desk.house, NOVEMBER, links=False)
    assert hindrances(desk.house, NOVEMBER) == ()
    assert site.methods == []
    check(desk.house, NOVEMBER, progress=lambda what, done, total: told.append((what, done, total)))

    assert (unasked.links_known, found(unasked, "dead-link")) == (0, [])
    asking = [("Asking links", 0, 1), ("Asking links", 1, 1)]
    assert told == [("Choosing", 0, 1), ("Choosing", 1, 1), *asking]
    assert [f.check for f in hindrances(desk.house, NOVEMBER)] == ["dead-link"]


def test_an_item_that_nobody_gets_holds_nobody_up(linked: Linked, site: Site) -> None:
    """Left out, its link matters no more."""
    desk = linked(site.page("/good"), site.page("/gone", b"", 404))
    check(desk.house, NOVEMBER)
    (gone,) = [item.id for item in desk.items() if item.title == "Carers at work 1"]

    curate(desk.house, NOVEMBER, Wishes(leave_out=[gone]))

    assert check(desk.house, NOVEMBER).errors == ()
    assert let_out(desk) is IssueState.PUBLISHED


def test_an_overruled_error_is_let_go_and_written_down(linked: Linked, site: Site) -> None:
    """By name, with who and what it was; once, however often it is said."""
    desk = linked(site.page("/gone", b"", 404))
    check(desk.house, NOVEMBER)

    approve(desk.house, NOVEMBER, by="Ruth", overrule=["dead-link"])
    approve(desk.house, NOVEMBER, by="Tom", overrule=["dead-link"])

    done = check(desk.house, NOVEMBER)
    assert [(o.check, o.by) for o in done.overruled] == [("dead-link", "Ruth")]
    assert "Carers at work 0: Nothing is at" in done.overruled[0].what
    assert (len(done.findings) > 0, done.errors) == (True, ())
    assert publish(desk.house, NOVEMBER).issue.state is IssueState.PUBLISHED
    with desk.house.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(overruled)) == 1


def test_an_approval_that_is_taken_back_takes_what_was_overruled_along(linked: Linked, site: Site) -> None:
    """It was for what was seen then; the record stays."""
    desk = linked(site.page("/gone", b"", 404))
    check(desk.house, NOVEMBER)
    approve(desk.house, NOVEMBER, by="Ruth", overrule=["dead-link"])
    desk.house.clock.pass_by(minutes=1)  # type: ignore[attr-defined]

    reopen(desk.house, NOVEMBER)
    approve(desk.house, NOVEMBER, by="Tom")

    with pytest.raises(HeldBack):
        publish(desk.house, NOVEMBER)
    with desk.house.store.read() as connection:
        issue = issues.find(connection, NOVEMBER)
        assert overrules.in_force(connection, issue) == []
        assert [o.by for o in overrules.of_issue(connection, issue.id)] == ["Ruth"]


def test_what_is_not_found_cannot_be_overruled(linked: Linked, site: Site) -> None:
    """No waiver in advance; the issue stays a draft. Nor is there anything to overrule in an issue that is over."""
    desk = linked(site.page("/good"))

    with pytest.raises(Never, match="finds no error"):
        approve(desk.house, NOVEMBER, by="Ruth", overrule=["size"])

    with desk.house.store.read() as connection:
        assert issues.find(connection, NOVEMBER).state is IssueState.DRAFT
    curate(desk.house, NOVEMBER, Wishes(intro="TK"))
    cancel(desk.house, NOVEMBER)
    with pytest.raises((WrongState, Never)):
        approve(desk.house, NOVEMBER, by="Ruth", overrule=["leftover"])


def test_what_was_left_to_be_filled_in_holds_back_without_any_network(linked: Linked, site: Site) -> None:
    """In the introduction and in the subject."""
    desk = linked(site.page("/good"))
    curate(desk.house, NOVEMBER, Wishes(intro="TK: more on this.", subject="Care, {{ month }}"))

    approve(desk.house, NOVEMBER, by="Ruth")

    with pytest.raises(HeldBack):
        publish(desk.house, NOVEMBER)
    assert {f.place for f in hindrances(desk.house, NOVEMBER)} == {"the introduction", "the subject"}
    assert site.methods == []


def test_an_automatic_issue_that_is_held_back_stays_approved_and_says_why(linked: Linked, site: Site) -> None:
    """In the log of the tick and by the doctor; once it is mended it goes out by itself."""
    desk = linked(site.page("/good"))
    curate(desk.house, NOVEMBER, Wishes(intro="TK"))
    approve(desk.house, NOVEMBER, by="Ruth")
    desk.house.clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)  # type: ignore[attr-defined]

    told = tick(desk.house)
    seen = [f for f in examine(desk.house) if f.about == "checks" and NOVEMBER in f.words]

    assert NOVEMBER not in told.published
    assert any("is held back" in problem and "digest approve" in problem for problem in told.problems)
    assert [f.health for f in seen] == [Health.BAD]
    assert "TK" in seen[0].words
    approve(desk.house, NOVEMBER, by="Ruth", overrule=["leftover"])
    assert NOVEMBER in tick(desk.house).published


def test_checking_writes_nothing_but_what_it_found(linked: Linked, site: Site) -> None:
    """All other tables have as many rows as before, and no temporary one is left."""
    desk = linked(site.page("/good"))
    before = rows(desk.house)

    check(desk.house, NOVEMBER, links=False)
    unasked = rows(desk.house)
    check(desk.house, NOVEMBER)

    assert unasked == {**before, verdict.name: 1}
    assert rows(desk.house) == {**before, verdict.name: 1, link_check.name: 1}


def test_every_letter_is_weighed_with_who_gets_it_and_who_gets_none(linked: Linked, site: Site) -> None:
    """The facts beside the findings."""
    desk = linked(site.page("/good"))
    desk.reader("law@example.org", "law")
    desk.reader("waits@example.org", confirmed=False)

    done = check(desk.house, NOVEMBER, links=False)

    assert (done.letters.readers, done.letters.count) == (1, 1)
    assert [each.readers for each in (*done.letters.without, *done.letters.unwritten)] == [1, 1]
    assert 10_000 < done.largest < 60_000


def test_an_issue_that_is_out_is_checked_as_it_came_out(linked: Linked, site: Site) -> None:
    """Its letters are those that went."""
    desk = linked(site.page("/good"))
    let_out(desk)

    done = check(desk.house, NOVEMBER)

    with desk.house.store.read() as connection:
        assert len(audiences.variants_of(connection, done.issue.id)) == done.letters.count == 1
        assert connection.scalar(select(func.count()).select_from(delivery)) == 1
    assert done.errors == ()


def test_a_draft_without_readers_is_checked_whole(reading: House, tmp_path: Path) -> None:
    """An editor may look before anybody has signed up."""
    desk = Desk(reading)
    body = 'See <a href="ftp://example.org/x">this</a>. {{ name }}'
    desk.write_items(tmp_path, {"title": "Carers", "published_at": "2026-11-02", "body": body})
    compose(reading, NEWSLETTER, period_key="2026-11")

    done = check(reading, NOVEMBER, links=False)

    assert ("Carers", Severity.WARNING) in found(done, "leftover")
    assert (done.letters.readers, done.largest > 10_000) == (0, True)


def test_a_template_without_a_way_out_does_not_go_out(linked: Linked, site: Site, tmp_path: Path) -> None:
    """A deployer's own footer that forgot it."""
    desk = linked(site.page("/good"))
    own = tmp_path / "own" / "email" / "parts"
    own.mkdir(parents=True)
    for name in ("footer.mjml.j2", "footer.txt.j2"):
        (own / name).write_text("" if "mjml" in name else "Bye.\n", encoding="utf-8")
    house = replace(desk.house, template_folders=(tmp_path / "own", folder("templates")))

    errors = {(f.check, f.place) for f in check(house, NOVEMBER, links=False).errors}

    assert {("unsubscribe", "the HTML part"), ("postal-address", "the HTML part")} <= errors
