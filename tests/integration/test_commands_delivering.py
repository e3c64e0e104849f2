"""The commands that deliver and watch: what they say of hours, troubles and ways out."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.terminal import Terminal

ISSUE = "social-care/2014-11"


@pytest.fixture
def published(terminal: Terminal) -> Terminal:
    """One delivery waits."""
    for words in (f"compose social-care --period {ISSUE[-7:]}", f"approve {ISSUE}", f"publish {ISSUE}"):
        terminal.done(*words.split())
    return terminal


@pytest.fixture
def another_day(published: Terminal, monkeypatch: pytest.MonkeyPatch) -> str:
    """Mail leaves in three days, and on no other."""
    day = f"{datetime.now(UTC) + timedelta(days=3):%A}"
    monkeypatch.setenv("DIGEST_DELIVERY__DAYS", json.dumps([day[:3].lower()]))
    return day


def test_outside_the_hours_it_is_told_when_mail_leaves_again(published: Terminal, another_day: str) -> None:
    """By deliver and status, for people and for programs."""
    delivered = published.done("deliver")
    report = json.loads(published.done("status", ISSUE, "--json"))

    assert delivered.startswith("0 accepted, 0 deferred, 0 failed, 0 unknown; 1 still waits, the next until 2")
    for said in (delivered, published.done("status", ISSUE), published.run("status")[2]):
        assert "social-care: it is not the hour for its mail" in said
        assert f"on {another_day} " in said
        assert "(Europe/London)" in said
    assert datetime.fromisoformat(report["opens_at"]) > datetime.now(UTC)
    assert report["queued"] == report["expected"] == 1


@pytest.mark.usefixtures("another_day")
def test_somebody_may_say_any_hour(published: Terminal) -> None:
    """And it leaves."""
    assert published.done("deliver", "--any-hour", "--drain").startswith("1 accepted")
    assert "opens_at" not in json.loads(published.done("status", ISSUE, "--json"))


def test_deliveries_say_by_whom_they_went(published: Terminal) -> None:
    """In the table, and for programs."""
    published.done("deliver")

    assert json.loads(published.done("deliveries", ISSUE, "--json"))[0]["transport"] == "folder"
    assert "By" in published.done("deliveries", ISSUE).splitlines()[0].split("\t")


def test_watching_ends_when_nothing_is_on_its_way(published: Terminal) -> None:
    """At once where it is over; a program is told to ask otherwise."""
    published.done("deliver")

    assert published.done("status", "--watch", ISSUE) == f"{ISSUE}: 1 of 1 are over; 1 accepted, 0 unknown.\n"
    assert published.done("status", "--watch") == "Nothing is on its way.\n"
    assert published.run("status", "--watch", "--json")[0] == 2
