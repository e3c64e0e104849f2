"""Curating: an editor's wishes, as long as an issue is not out."""

import re
from pathlib import Path

import pytest

from digest.errors import Never, UnknownName, WrongState
from digest.flow.apply import apply
from digest.flow.approve import Wishes, approve, cancel, curate, reopen
from digest.flow.compose import compose
from digest.model.issue import IssueState
from digest.resources import folder
from digest.storage import filings, issues, items
from digest.storage.issues import Curation
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"


@pytest.fixture
def drafted(desk: Desk, tmp_path: Path) -> Desk:
    """A desk with a draft for November and three items."""
    days = {"Carers one": "2026-11-03", "Carers two": "2026-11-02", "Carers three": "2026-11-01"}
    desk.write_items(tmp_path, *({"title": title, "published_at": on} for title, on in days.items()))
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    return desk


def numbers(desk: Desk) -> list[int]:
    """The items' numbers, newest first."""
    return [item.id for item in desk.items()]


def decided(desk: Desk) -> dict[int, Curation]:
    """What was decided, by item."""
    with desk.house.store.read() as connection:
        return dict(issues.curations(connection, issues.find(connection, NOVEMBER).id))


def test_composed_twice_is_composed_once(desk: Desk) -> None:
    """On either database, the first who makes it is told so, and only the first."""
    first, is_new = compose(desk.house, NEWSLETTER, period_key="2026-11")
    again, is_new_again = compose(desk.house, NEWSLETTER)

    assert (is_new, is_new_again) == (True, False)
    assert (again, first.number, first.state) == (first, 0, IssueState.DRAFT)


def test_only_periods_of_the_newsletters_cadences_can_be_composed(desk: Desk) -> None:
    """Refused with a good one; so is a cadence whose issue nobody could get."""
    for key in ("2026-W47", "2026-11-21", "November", "2026-13"):
        with pytest.raises(Never, match=r"Write it like 2026-11"):
            compose(desk.house, NEWSLETTER, period_key=key)
    for cadence in ("fortnightly", "weekly"):
        with pytest.raises(Never, match=f"“{cadence}”"):
            compose(desk.house, NEWSLETTER, cadence=cadence)


def test_an_issue_that_is_not_there_is_told_with_how_names_look(drafted: Desk) -> None:
    """Whatever was typed."""
    for name in ("2026-11", "social-care/2030-01", "4711", "9" * 30, "²", "", "/", "no/2026-11"):
        with pytest.raises(UnknownName, match=r"Names are like social-care/2014-11"):
            approve(drafted.house, name, by="Ruth")


def test_an_issue_is_found_by_name_and_by_number(drafted: Desk) -> None:
    """Both are shown in lists."""
    with drafted.house.store.read() as connection:
        found = issues.find(connection, NOVEMBER)
        assert issues.find(connection, str(found.id)) == found


def test_wishes_are_carried_out_twice_as_once_and_leave_the_rest_alone(drafted: Desk) -> None:
    """Each by itself; what is not said stays."""
    one, two, three = numbers(drafted)

    for _ in range(2):
        curate(drafted.house, NOVEMBER, Wishes(pin=[one], leave_out=[two], title="Title", intro="Hello."))
    curate(drafted.house, NOVEMBER, Wishes(order=[three, one], subject="Subject"))
    issue = curate(drafted.house, NOVEMBER, Wishes(unpin=[one], put_back=[two]))

    assert (issue.title, issue.subject, issue.intro) == ("Title", "Subject", "Hello.")
    assert decided(drafted) == {one: Curation(position=2), two: Curation(), three: Curation(position=1)}


def test_what_one_editor_pins_another_does_not_leave_out_unseen(drafted: Desk) -> None:
    """The second is told, and all of their wishes are left undone; said with it, it is done."""
    one, two, _ = numbers(drafted)
    curate(drafted.house, NOVEMBER, Wishes(pin=[one], leave_out=[two]))
    for wish in (Wishes(leave_out=[one], title="Lost"), Wishes(pin=[two], title="Lost")):
        with pytest.raises(Never, match="both pinned and left out"):
            curate(drafted.house, NOVEMBER, wish)
    issue = curate(drafted.house, NOVEMBER, Wishes(leave_out=[one], unpin=[one]))

    assert issue.title != "Lost"
    assert decided(drafted) == {one: Curation(left_out=True), two: Curation(left_out=True)}


def test_the_last_issue_is_called_so_and_taken_back(drafted: Desk) -> None:
    """Another wish leaves it as it is."""
    assert not curate(drafted.house, NOVEMBER, Wishes(title="Title")).last
    assert curate(drafted.house, NOVEMBER, Wishes(last=True)).last
    assert curate(drafted.house, NOVEMBER, Wishes(title="Farewell")).last
    assert not curate(drafted.house, NOVEMBER, Wishes(last=False)).last


def test_a_new_order_replaces_the_old_one(drafted: Desk) -> None:
    """The others follow by date, wherever they stood before."""
    one, two, three = numbers(drafted)
    curate(drafted.house, NOVEMBER, Wishes(order=[three, two, one]))

    curate(drafted.house, NOVEMBER, Wishes(order=[two]))

    assert {item: each.position for item, each in decided(drafted).items()} == {one: None, two: 1, three: None}


@pytest.mark.parametrize("what", ["title", "subject"])
def test_a_line_is_a_line_and_no_longer_than_a_row_holds(drafted: Desk, what: str) -> None:
    """On either database, told before anything is written."""
    issue = curate(drafted.house, NOVEMBER, Wishes(**{what: "  First\r\nweeks \x1b[31m"}))  # type: ignore[arg-type]

    assert getattr(issue, what) == "First weeks [31m"
    with pytest.raises(Never, match=f"The {what} is 201 characters long"):
        curate(drafted.house, NOVEMBER, Wishes(**{what: "x" * 201}))  # type: ignore[arg-type]


def test_an_introduction_is_no_book(drafted: Desk) -> None:
    """It stands in every letter; what is longer has a page of its own."""
    curate(drafted.house, NOVEMBER, Wishes(intro="x" * 20_000))

    with pytest.raises(Never, match=r"The introduction is 20,001 characters long\. Make it 20,000 at most"):
        curate(drafted.house, NOVEMBER, Wishes(intro="x" * 20_001))


def test_an_introduction_keeps_its_lines_and_loses_its_controls(drafted: Desk) -> None:
    """It is Markdown, and every database must take it."""
    assert curate(drafted.house, NOVEMBER, Wishes(intro="One.\r\n\r\nTwo.\x00")).intro == "One.\n\nTwo."


def test_an_item_that_is_not_there_is_told_and_nothing_is_carried_out(drafted: Desk) -> None:
    """All wishes or none."""
    for wish in ("pin", "unpin", "leave_out", "put_back", "order"):
        strange = {wish: [*numbers(drafted), 4711]}
        with pytest.raises(UnknownName, match="no item 4711"):
            curate(drafted.house, NOVEMBER, Wishes(title="New", **strange))  # type: ignore[arg-type]

    with drafted.house.store.read() as connection:
        assert issues.find(connection, NOVEMBER).title == ""
    assert decided(drafted) == {}


def test_approved_twice_is_approved_once(drafted: Desk) -> None:
    """The first who said so stays."""
    first = approve(drafted.house, NOVEMBER, by="Ruth")
    again = approve(drafted.house, NOVEMBER, by="Tom")

    assert (again, first.approved_by, first.state) == (first, "Ruth", IssueState.APPROVED)


def test_what_is_changed_after_its_approval_needs_another(drafted: Desk) -> None:
    """The approval was for what was seen."""
    approve(drafted.house, NOVEMBER, by="Ruth")

    changed = curate(drafted.house, NOVEMBER, Wishes(title="Another"))

    assert (changed.state, changed.approved_by, changed.approved_at) == (IssueState.DRAFT, "", None)


def test_an_approval_is_taken_back(drafted: Desk) -> None:
    """Twice is once."""
    approve(drafted.house, NOVEMBER, by="Ruth")

    assert reopen(drafted.house, NOVEMBER) == reopen(drafted.house, NOVEMBER)
    assert reopen(drafted.house, NOVEMBER).state is IssueState.DRAFT


def test_what_is_out_does_not_change_any_more(drafted: Desk) -> None:
    """Neither its words, nor its order, nor its approval."""
    drafted.reader("a@example.org")
    drafted.issue("2026-11")

    with pytest.raises(WrongState, match="does not change any more"):
        curate(drafted.house, NOVEMBER, Wishes(title="Too late"))
    with pytest.raises(WrongState, match="What is published stays"):
        reopen(drafted.house, NOVEMBER)
    assert approve(drafted.house, NOVEMBER, by="Tom").state is IssueState.PUBLISHED


def test_cancelled_twice_is_cancelled_once(drafted: Desk) -> None:
    """A draft can be cancelled too; nothing brings it back."""
    first, _ = cancel(drafted.house, NOVEMBER)
    again = cancel(drafted.house, NOVEMBER)

    assert again == (first, 0)
    for verb in (lambda: approve(drafted.house, NOVEMBER, by="Tom"), lambda: reopen(drafted.house, NOVEMBER)):
        with pytest.raises(WrongState, match="What is cancelled stays"):
            verb()


def test_an_editors_filing_survives_import_and_apply(drafted: Desk, tmp_path: Path) -> None:
    """The source says more, the phrases change: what somebody decided by hand stays."""
    one = numbers(drafted)[0]
    with drafted.house.store.write() as connection:
        filings.file_by_hand(connection, one, "carers", stands=False, by="Ruth", now=drafted.house.clock.now())
        filings.file_by_hand(connection, one, "events", stands=True, by="Ruth", now=drafted.house.clock.now())
    text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    changed = tmp_path / "changed.toml"
    changed.write_text(
        re.sub(r'(slug = "law".*?)(phrases_from)', r'\1phrases = ["one^3"]\n\2', text, flags=re.DOTALL),
        encoding="utf-8",
    )

    drafted.write_items(
        tmp_path, {"title": "Carers one", "published_at": "2026-11-03", "body": "About Carers one. New."}
    )
    apply(drafted.house, changed)

    with drafted.house.store.read() as connection:
        assert items.load(connection, one).topics == ("law", "events")
