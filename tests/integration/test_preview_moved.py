"""What a preview notices of the database: what it shows, and nothing else; on SQLite and PostgreSQL alike."""

from collections.abc import Callable
from pathlib import Path

import pytest

from digest.errors import UnknownName
from digest.flow import approve
from digest.flow.apply import apply, export
from digest.flow.approve import Wishes
from digest.flow.compose import compose
from digest.flow.moved import Stamps
from digest.model.issue import IssueId
from digest.storage import filings, issues, link_checks, overrules
from digest.storage.link_checks import LinkCheck
from digest.storage.overrules import Overruled
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"


@pytest.fixture
def drafted(desk: Desk, tmp_path: Path) -> Desk:
    """A draft with one item, and one reader."""
    desk.reader("carer@example.org", "carers")
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02", "body": "Carers."})
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    return desk


def noticed(desk: Desk, change: Callable[[], object]) -> bool:
    """Whether the stamp is another one after the change, and stays that."""
    stamps = Stamps(NOVEMBER)
    before = stamps.now(desk.house)
    assert stamps.now(desk.house) == before
    change()
    after = stamps.now(desk.house)
    assert stamps.now(desk.house) == after
    return after != before


def curated(desk: Desk, **wishes: object) -> bool:
    """Whether an editor's wishes are noticed."""
    return noticed(desk, lambda: approve.curate(desk.house, NOVEMBER, Wishes(**wishes)))  # type: ignore[arg-type]


def test_what_editors_decide_is_noticed(drafted: Desk) -> None:
    """Words, pins and what is left out, topics, and letting it go."""
    item = drafted.items()[0].id

    def refile() -> None:
        drafted.house.clock.pass_by(minutes=1)  # type: ignore[attr-defined]
        with drafted.house.store.write() as connection:
            now = drafted.house.clock.now()
            filings.file_by_hand(connection, item, "law", stands=True, by="Ruth", now=now)

    assert curated(drafted, intro="What the tide left.")
    assert curated(drafted, pin=[item])
    assert curated(drafted, unpin=[item], leave_out=[item])
    assert noticed(drafted, refile)
    assert noticed(drafted, lambda: approve.approve(drafted.house, NOVEMBER, by="Ruth"))


def test_what_is_found_and_overruled_is_noticed(drafted: Desk) -> None:
    """The findings beside the letter rest on both."""
    house, now = drafted.house, drafted.house.clock.now()

    def overrule() -> None:
        with house.store.write() as connection:
            issue = IssueId(issues.find(connection, NOVEMBER).id)
            overrules.record(connection, issue, [Overruled(check="dead-link", by="Ruth", at=now, what="")])

    def ask() -> None:
        told = LinkCheck(url="https://example.org/", outcome="gone", status=404, why="", checked_at=now)
        with house.store.write() as connection:
            link_checks.keep(connection, [told], forget_before=now)

    assert noticed(drafted, overrule)
    assert noticed(drafted, ask)


def test_what_is_gathered_and_applied_is_noticed(drafted: Desk, tmp_path: Path) -> None:
    """A new item, and a newsletter's new name."""
    file = tmp_path / "renamed.toml"
    file.write_text(export(drafted.house, NEWSLETTER).replace('name = "', 'name = "New ', 1), encoding="utf-8")
    drafted.house.clock.pass_by(minutes=1)  # type: ignore[attr-defined]
    more = {"title": "Carers at home", "published_at": "2026-11-03"}

    assert noticed(drafted, lambda: drafted.write_items(tmp_path, more))
    assert noticed(drafted, lambda: apply(drafted.house, file))


def test_readers_come_and_go_without_notice(drafted: Desk) -> None:
    """A busy site's letters would never come to rest."""
    assert not noticed(drafted, lambda: drafted.reader("other@example.org", "carers"))
    assert not noticed(drafted, lambda: drafted.choose("carer@example.org", "law"))


def test_an_issue_that_is_not_there_is_told(drafted: Desk) -> None:
    """By name."""
    with pytest.raises(UnknownName):
        Stamps(f"{NEWSLETTER}/1999-01").now(drafted.house)
