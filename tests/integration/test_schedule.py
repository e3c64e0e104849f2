"""The schedule: what the calendar asks for is done when it asks, and once, however many ask."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from digest.bootstrap import open_house
from digest.flow import schedule
from digest.flow.apply import apply
from digest.flow.approve import Wishes, approve, cancel, curate, reopen
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.publish import Published
from digest.flow.schedule import Ticked, tick
from digest.model.cadence import Cadence, parse_period
from digest.model.issue import Issue, IssueState
from digest.resources import folder
from digest.settings import MissedPeriods
from digest.storage import issues
from digest.storage.source_tables import item
from digest.storage.tables import delivery, issue
from subscribers.tables import newsletter
from tests.conftest import StandingClock
from tests.support.desk import NEWSLETTER, Desk

LONDON = ZoneInfo("Europe/London")
Known = Callable[..., House]


@pytest.fixture
def known(house: House, clock: StandingClock, tmp_path: Path) -> Known:
    """Makes the newsletter known on 21 November 2026, with some of its text changed."""

    def make(*changes: tuple[str, str], **scheduler: object) -> House:
        text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "news.toml").write_text(text, encoding="utf-8")
        settings = house.settings.model_copy(
            update={"scheduler": house.settings.scheduler.model_copy(update=scheduler)}
        )
        made = replace(house, settings=settings)
        apply(made, tmp_path / "news.toml")
        return made

    return make


AUTOMATIC = ('approval = "editor"', 'approval = "automatic"')


def at(house: House, *when: int) -> Ticked:
    """One tick at a local time; nothing may go wrong."""
    house.clock.at = datetime(*when, tzinfo=LONDON)  # type: ignore[attr-defined,misc,arg-type]
    done = tick(house)
    assert done.problems == []
    return done


def at_hand(file: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """The changes that have the first source lie in a file."""
    return ('kind = "capture"', 'kind = "json"'), ('location = ""', f'location = "{file}"')


def all_issues(house: House) -> list[str]:
    """The periods of all issues, oldest first."""
    with house.store.read() as connection:
        return [i.period.key for i in reversed(issues.listed(connection, NEWSLETTER))]


def test_a_draft_is_made_three_days_before_and_not_earlier(known: Known) -> None:
    """December's is due on the first at eight; the draft is there on the 28th at eight."""
    house = known()

    before, on_time, after = at(house, 2026, 11, 28, 7, 59), at(house, 2026, 11, 28, 8), at(house, 2026, 11, 28, 8, 1)

    assert (before.composed, on_time.composed, after.composed) == ([], ["social-care/2026-12"], [])
    assert all_issues(house) == ["2026-12"]


def test_nothing_is_due_for_the_time_before_the_newsletter_was_made(known: Known) -> None:
    """November's first was over when it began."""
    house = known(missed_periods=MissedPeriods.ALL)

    assert at(house, 2026, 11, 21, 13).composed == []


def test_what_an_editor_approved_goes_out_when_it_is_due(known: Known) -> None:
    """Not before, and not without."""
    house = known()
    at(house, 2026, 11, 28, 8)
    waiting = at(house, 2026, 12, 1, 9).published
    approve(house, "social-care/2026-12", by="Ruth")

    early, due, again = at(house, 2026, 12, 1, 7), at(house, 2026, 12, 1, 8), at(house, 2026, 12, 1, 8, 1)

    assert (waiting, early.published, due.published, again.published) == ([], [], ["social-care/2026-12"], [])


def test_an_automatic_newsletter_lets_its_issues_go_by_itself(known: Known) -> None:
    """When they are due; it says that it was its own rule."""
    house = known(AUTOMATIC)

    before = at(house, 2026, 11, 30, 9)
    due = at(house, 2026, 12, 1, 8)

    with house.store.read() as connection:
        made = issues.find(connection, "social-care/2026-12")
    assert (before.composed, before.published, due.published) == (
        ["social-care/2026-12"],
        [],
        ["social-care/2026-12"],
    )
    assert made.approved_by == "the newsletter's own rule"
    assert made.state is IssueState.EMPTY


@pytest.mark.parametrize(
    ("missed", "made"),
    [
        (MissedPeriods.LATEST, ["2027-03"]),
        (MissedPeriods.ALL, ["2026-12", "2027-01", "2027-02", "2027-03"]),
        (MissedPeriods.NONE, []),
    ],
)
def test_what_was_missed_while_nothing_ran_is_as_the_deployer_wants(
    known: Known, missed: MissedPeriods, made: list[str]
) -> None:
    """Silent from November to 21 March: the latest, all, or none; and asked again, no more."""
    house = known(missed_periods=missed)

    at(house, 2027, 3, 21, 12)
    at(house, 2027, 3, 21, 12, 1)

    assert all_issues(house) == made


def test_a_period_that_is_in_time_is_not_missed(known: Known) -> None:
    """Drafts ten days before a weekly issue: two weeks are open at once, and both are made."""
    weekly = '[cadences.weekly]\nday = 1\nat = "08:00"\ndraft_days_before = 10\n\n# How items are chosen'
    house = known(("# How items are chosen", weekly))

    first = at(house, 2026, 11, 21, 12).composed

    assert first == ["social-care/2026-W48", "social-care/2026-W49"]


def test_what_an_editor_made_by_hand_is_not_made_again(known: Known) -> None:
    """Composed or cancelled before its time, a period has its issue."""
    house = known()
    compose(house, NEWSLETTER, period_key="2026-12")
    cancel(house, "social-care/2026-12")

    done = at(house, 2026, 12, 1, 9)

    assert (done.composed, done.published) == ([], [])
    assert all_issues(house) == ["2026-12"]


def test_a_year_of_ticks_makes_twelve_issues(known: Known) -> None:
    """On the 31st, through both clock changes, however often it is asked; each on its day at eight."""
    house = known(AUTOMATIC, ("day = 1\n", "day = 31\n"))
    out, period = [], parse_period(Cadence.MONTHLY, "2026-11")
    while period.key < "2027-11":
        last = period.after - timedelta(days=1)
        early = at(house, *last.timetuple()[:3], 7, 59).published
        out += at(house, *last.timetuple()[:3], 8).published
        late = at(house, *last.timetuple()[:3], 23).published
        assert (early, late) == ([], [])
        period = period.next

    assert out == [f"social-care/{key}" for key in all_issues(house)[:12]]
    assert len(set(out)) == 12


def test_one_newsletters_problem_does_not_stop_the_others(known: Known, tmp_path: Path) -> None:
    """It is told, and comes again with the next tick."""
    house = known(AUTOMATIC)
    own = tmp_path / "own"
    (own / "email" / "issue").mkdir(parents=True)
    (own / "email" / "issue" / "issue.mjml.j2").write_text("{% if %}", encoding="utf-8")
    broken = replace(house, template_folders=(own, *house.template_folders))
    broken.clock.at = datetime(2026, 12, 1, 9, tzinfo=UTC)  # type: ignore[attr-defined]

    done = tick(broken)

    assert (done.composed, done.published) == (["social-care/2026-12"], [])
    assert len(done.problems) == 1
    assert done.problems[0].startswith("social-care/2026-12: ")
    assert at(house, 2026, 12, 1, 10).published == ["social-care/2026-12"]


def test_due_sources_are_read_with_the_tick(known: Known, tmp_path: Path) -> None:
    """Once an hour, from where they lie; one that fails is noted."""
    feed = tmp_path / "feed.json"
    feed.write_text('[{"title": "Carers at work", "body": "All.", "published_at": "2026-11-02"}]', encoding="utf-8")
    house = known(*at_hand(feed))

    first, soon, later = (at(house, 2026, 11, 21, *hour) for hour in ((13,), (13, 30), (14, 1)))

    assert [(g.source, g.new, g.error) for g in first.gathered] == [("sscr-news", 1, "")]
    assert soon.gathered == []
    assert [(g.new, g.unchanged) for g in later.gathered] == [(0, True)]


def test_two_houses_that_tick_at_once_make_one_issue(known: Known, tmp_path: Path) -> None:
    """Two machines, one database, the same second: each item kept once, one issue, one delivery a reader."""
    feed = tmp_path / "feed.json"
    titles = ", ".join(f'{{"title": "Carers {n}", "body": "All.", "published_at": "2026-11-02"}}' for n in range(20))
    feed.write_text(f"[{titles}]", encoding="utf-8")
    house = known(AUTOMATIC, *at_hand(feed))
    for number in range(8):
        Desk(house).reader(f"r{number}@example.org")
    other = replace(open_house(house.settings), clock=house.clock)
    start, done, problems = threading.Barrier(2), [], []

    def work(one: House) -> None:
        start.wait()
        try:
            done.append(tick(one))
        except Exception as problem:
            problems.append(problem)

    # The day before, so that neither publishes while the other still gathers; then the day.
    for day in (datetime(2026, 11, 30, 9, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)):
        house.clock.at = day  # type: ignore[attr-defined]
        threads = [threading.Thread(target=work, args=(one,)) for one in (house, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    other.store.close()

    with house.store.read() as connection:
        counts = [connection.scalar(select(func.count()).select_from(table)) for table in (item, issue, delivery)]
    assert problems == []
    assert [problem for each in done for problem in each.problems] == []
    assert counts == [20, 1, 8]
    assert sum(len(each.composed) for each in done) == 1


def test_a_mistake_over_one_newsletter_stops_no_other(known: Known, tmp_path: Path) -> None:
    """Such as a time zone that this machine does not know any more: it is told, and the others' issues come out."""
    house = known(AUTOMATIC, (f'slug = "{NEWSLETTER}"', 'slug = "another"'))
    known(AUTOMATIC)
    with house.store.write() as connection:
        theirs = newsletter.c.slug == "another"
        settings = connection.execute(select(newsletter.c.settings).where(theirs)).scalar_one()
        broken = {**settings, "timezone": "Atlantis/Capital"}
        connection.execute(update(newsletter).where(theirs).values(settings=broken))
    house.clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)  # type: ignore[attr-defined]

    done = tick(house)

    assert done.published == [f"{NEWSLETTER}/2026-12"]
    assert done.problems == ["another: ZoneInfoNotFoundError. Please report it."]


def test_after_the_last_issue_the_calendar_asks_for_no_other(known: Known, tmp_path: Path) -> None:
    """It has said goodbye, whatever its sources bring later."""
    house = known(AUTOMATIC)
    desk = Desk(house)
    desk.reader("carer@example.org")
    desk.write_items(tmp_path, {"title": "One", "published_at": "2026-11-25"})
    at(house, 2026, 11, 28, 8)
    curate(house, f"{NEWSLETTER}/2026-12", Wishes(last=True))
    last = at(house, 2026, 12, 1, 8).published
    house.clock.at = datetime(2026, 12, 20, tzinfo=UTC)  # type: ignore[attr-defined]
    desk.write_items(tmp_path, {"title": "Two", "published_at": "2026-12-15"})

    later = [at(house, *day) for day in ((2026, 12, 29, 8), (2027, 1, 1, 8))]

    assert last == [f"{NEWSLETTER}/2026-12"]
    assert [(each.composed, each.published) for each in later] == [([], []), ([], [])]


@pytest.mark.parametrize("title", ["Carers\u00e2\u20ac\u2122 rights", "Carers and <<Name>> fields", "Carers \ufffd"])
def test_strange_words_of_a_source_hold_no_issue_back(known: Known, tmp_path: Path, title: str) -> None:
    """It may mean them; they also stand in the preheader, which is made of titles."""
    house = known(AUTOMATIC)
    desk = Desk(house)
    desk.reader("carer@example.org")
    desk.write_items(tmp_path, {"title": title, "published_at": "2026-11-25"})

    assert at(house, 2026, 12, 1, 9).published == [f"{NEWSLETTER}/2026-12"]


@pytest.mark.parametrize("change", [reopen, lambda house, name: curate(house, name, Wishes(subject="Half written"))])
def test_an_approval_that_is_taken_back_meanwhile_is_none(
    desk: Desk, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch, change: Callable[..., Issue]
) -> None:
    """While an earlier issue is made, which may take a minute: the editor was told that it is a draft, and it is."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-10-20"})
    desk.write_items(tmp_path, {"title": "Carers at home", "published_at": "2026-11-20"})
    desk.reader("r0@example.org")
    first, second = (compose(desk.house, NEWSLETTER, period_key=key)[0].name for key in ("2026-10", "2026-11"))
    for name in (first, second):
        approve(desk.house, name, by="Ruth")
    clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    real = schedule.publish

    def then(house: House, name: str) -> Published:
        done = real(house, name)
        if done.issue.name == first:
            assert change(house, second).state is IssueState.DRAFT
        return done

    monkeypatch.setattr(schedule, "publish", then)
    done = tick(desk.house)
    desk.deliver()

    assert (done.published, done.problems) == ([first], [])
    assert desk.received("r0@example.org") == ["Carers at work"]
