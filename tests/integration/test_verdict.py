"""What is remembered of an issue, what makes it be looked at again, and what a scheduler does before it publishes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.flow import asking, memory
from digest.flow.apply import apply
from digest.flow.approve import Wishes, approve, curate
from digest.flow.check import check, hindrances
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.publish import publish
from digest.flow.schedule import Ticked, tick
from digest.model.issue import IssueState
from digest.resources import folder
from digest.storage import issues, verdicts
from tests.support.desk import NEWSLETTER, Desk
from tests.support.site import Site

NOVEMBER = f"{NEWSLETTER}/2026-11"
DUE = datetime(2026, 11, 22, 12, tzinfo=UTC)
Drafted = Callable[..., Desk]
SAMPLE = folder("config") / "newsletters" / f"{NEWSLETTER}.toml"


@pytest.fixture
def drafted(reading: House, tmp_path: Path) -> Drafted:
    """A desk whose draft for November has an item for each address, and one reader."""

    def made(*links: str, changed: tuple[str, str] = ("", "")) -> Desk:
        desk = Desk(reading)
        change(reading, tmp_path, changed)
        entries = [
            {"title": f"Carers at work {n}", "published_at": "2026-11-02", "link": link} for n, link in enumerate(links)
        ]
        desk.write_items(tmp_path, *entries)
        desk.reader("a@example.org")
        compose(reading, NEWSLETTER, period_key="2026-11")
        return desk

    return made


def change(house: House, where: Path, changed: tuple[str, str]) -> None:
    """Apply the sample with one of its texts changed."""
    file = where / "news.toml"
    file.write_text(SAMPLE.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    apply(house, file)


AUTOMATIC = ('approval = "editor"', 'approval = "automatic"')


def looked_at(house: House, name: str = NOVEMBER) -> datetime | None:
    """When an issue was last looked at."""
    with house.store.read() as connection:
        kept = verdicts.load(connection, issues.find(connection, name).id)
        return kept and kept.at


def pass_by(house: House, **span: float) -> None:
    """Let time pass."""
    house.clock.pass_by(**span)  # type: ignore[attr-defined]


def due(house: House, **later: float) -> Ticked:
    """A tick when the issue is due, or later."""
    house.clock.at = DUE  # type: ignore[attr-defined]
    pass_by(house, **later)
    return tick(house)


def state(house: House, name: str = NOVEMBER) -> IssueState:
    """How far an issue has come."""
    with house.store.read() as connection:
        return issues.find(connection, name).state


def test_an_issue_that_is_held_back_is_not_frozen_anew_at_every_tick(drafted: Drafted) -> None:
    """It is told each time, from memory; also when a reader comes meanwhile."""
    desk = drafted("https://example.org/a")
    curate(desk.house, NOVEMBER, Wishes(intro="TK"))
    approve(desk.house, NOVEMBER, by="Ruth")
    first = due(desk.house)

    desk.reader("b@example.org")
    again = due(desk.house, minutes=1)

    assert first.problems == again.problems != []
    assert looked_at(desk.house) == DUE


@pytest.mark.parametrize("how", ["curated", "set up otherwise", "the next day", "an item more"])
def test_an_issue_that_is_held_back_is_looked_at_again_when_something_has_changed(
    drafted: Drafted, tmp_path: Path, how: str
) -> None:
    """What it holds, how the newsletter is set up, or the day."""
    desk = drafted("https://example.org/a")
    curate(desk.house, NOVEMBER, Wishes(intro="TK"))
    approve(desk.house, NOVEMBER, by="Ruth")
    due(desk.house)

    match how:
        case "curated":
            curate(desk.house, NOVEMBER, Wishes(intro="TK: or more"))
            approve(desk.house, NOVEMBER, by="Ruth")
        case "set up otherwise":
            change(desk.house, tmp_path, ("per_topic = 8", "per_topic = 7"))
        case "an item more":
            desk.write_items(tmp_path, {"title": "Late", "published_at": "2026-11-20", "topics": ["carers"]})
    later = {"hours": 24} if how == "the next day" else {"minutes": 1}
    due(desk.house, **later)

    assert looked_at(desk.house) != DUE


def test_what_is_mended_or_let_go_goes_out_at_the_next_tick(drafted: Drafted) -> None:
    """What is out is remembered no more."""
    desk = drafted("https://example.org/a")
    curate(desk.house, NOVEMBER, Wishes(intro="TK"))
    approve(desk.house, NOVEMBER, by="Ruth")
    held = due(desk.house)
    approve(desk.house, NOVEMBER, by="Ruth", overrule=["leftover"])

    gone = due(desk.house, minutes=1)

    assert (held.published, gone.published, gone.problems) == ([], [NOVEMBER], [])
    assert looked_at(desk.house) is None


def test_a_stamp_changes_with_a_template_and_with_nothing_else(drafted: Drafted, tmp_path: Path) -> None:
    """The same at every look; a file in a deployer's folder counts as soon as it is there."""
    desk = drafted("https://example.org/a")
    own = tmp_path / "own"
    own.mkdir()
    house = replace(desk.house, template_folders=(own, folder("templates")))

    def stamp() -> str:
        with house.store.read() as connection:
            return memory.stamp(house, connection, issues.find(connection, NOVEMBER))

    before, same = stamp(), stamp()
    (own / "footer.txt").write_text("Bye", encoding="utf-8")

    assert before == same != stamp()


def test_who_comes_matters_to_a_look_and_not_to_a_glance(drafted: Drafted) -> None:
    """Doctors count everybody; a status does not look again for one reader more."""
    desk = drafted("https://example.org/a")
    hindrances(desk.house, NOVEMBER)
    first = looked_at(desk.house)
    pass_by(desk.house, minutes=1)
    desk.reader("b@example.org", "law")

    hindrances(desk.house, NOVEMBER, readers_matter=False)
    glanced = looked_at(desk.house)
    hindrances(desk.house, NOVEMBER)

    assert first == glanced != looked_at(desk.house)


def test_an_automatic_newsletter_has_its_links_asked_before_it_goes_out(drafted: Drafted, site: Site) -> None:
    """As nobody looks at it; a dead one holds it back, and it is asked again a day later."""
    desk = drafted(site.page("/good"), site.page("/gone", b"", 404), changed=AUTOMATIC)

    held = due(desk.house)
    asked = len(site.methods)
    again = due(desk.house, minutes=1)
    unasked = len(site.methods)
    site.page("/gone", b"back")
    back = due(desk.house, hours=25)

    assert "Carers at work 1: Nothing is at" in held.problems[0]
    assert (held.published, again.published, back.published) == ([], [], [NOVEMBER])
    assert (unasked, len(site.methods)) == (asked, 2 * asked)


def test_what_an_editor_approved_is_published_without_asking(drafted: Drafted, site: Site) -> None:
    """They had their chance to look."""
    desk = drafted(site.page("/gone", b"", 404))
    approve(desk.house, NOVEMBER, by="Ruth")

    assert due(desk.house).published == [NOVEMBER]
    assert site.methods == []


def test_a_link_that_was_dead_is_asked_again_before_it_is_forgotten(drafted: Drafted, site: Site) -> None:
    """A night gone by does not make it lead anywhere; no other link is asked."""
    desk = drafted(site.page("/good"), site.page("/gone", b"", 404))
    approve(desk.house, NOVEMBER, by="Ruth")
    desk.house.clock.at = DUE  # type: ignore[attr-defined]
    check(desk.house, NOVEMBER)
    site.methods.clear()

    still = due(desk.house, hours=30)

    assert (still.published, {path for _, path in site.methods}) == ([], {"/gone"})
    assert "Nothing is at" in still.problems[0]


def test_who_is_offline_does_not_call_links_dead(drafted: Drafted) -> None:
    """One warning of its own, believed for ten minutes only; the issue goes out."""
    desk = drafted("https://a.invalid/1", "https://b.invalid/2")

    done = check(desk.house, NOVEMBER)
    with desk.house.store.read() as connection:
        urls = ["https://a.invalid/1", "https://b.invalid/2"]
        now = desk.house.clock.now()
        believed = asking.known(connection, urls, now=now)
        pass_by(desk.house, minutes=11)
        later = asking.known(connection, urls, now=desk.house.clock.now())

    (found,) = [f for f in done.findings if f.check == asking.UNCHECKED]
    assert "2 links could not be checked" in found.what
    assert (done.errors, done.links_known, len(believed), later) == ((), 0, 2, {})
    approve(desk.house, NOVEMBER, by="Ruth")
    assert publish(desk.house, NOVEMBER).issue.state is IssueState.PUBLISHED


def test_a_host_that_does_not_exist_is_dead_where_others_answer(drafted: Drafted, site: Site) -> None:
    """In the same issue."""
    desk = drafted(site.page("/good"), "https://a.invalid/1")

    assert [f.place for f in check(desk.house, NOVEMBER).errors] == ["Carers at work 1"]


def test_a_page_that_answered_before_tells_who_is_offline(drafted: Drafted, site: Site, tmp_path: Path) -> None:
    """It is asked once more when nobody else is found: where it answers, the others are dead."""
    desk = drafted(site.page("/good"))
    check(desk.house, NOVEMBER)
    (good,) = [item.id for item in desk.items()]
    desk.write_items(tmp_path, {"title": "Carers away", "published_at": "2026-11-03", "link": "https://a.invalid/1"})
    curate(desk.house, NOVEMBER, Wishes(leave_out=[good]))
    site.methods.clear()

    errors = check(desk.house, NOVEMBER).errors

    assert [(f.check, f.place) for f in errors] == [("dead-link", "Carers away")]
    assert ("HEAD", "/good") in site.methods


def test_asking_ends_in_time_and_what_was_not_asked_stays_unknown(drafted: Drafted, site: Site) -> None:
    """A scheduler has more to do."""
    desk = drafted("https://example.org/a")
    urls = [site.page(f"/{n}") for n in range(20)]

    none, all_ = asking.ask(desk.house, urls, within=0), asking.ask(desk.house, urls)

    assert (none, len(all_)) == ({}, 20)


def test_an_automatic_issue_goes_out_where_nobody_can_be_asked(drafted: Drafted) -> None:
    """That the machine is offline is no fault of the issue's."""
    desk = drafted("https://a.invalid/1", changed=AUTOMATIC)

    assert due(desk.house).published == [NOVEMBER]
    assert state(desk.house) is IssueState.PUBLISHED
