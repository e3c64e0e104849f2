"""The commands that deliver and watch: what they say of hours, troubles and ways out."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.cli.house import opened
from digest.cli.live import words as in_words
from digest.flow.watch import Watch
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

    assert delivered.startswith("0 accepted, 0 deferred, 0 failed, 0 unknown; 1 still waits, the next is due at 2")
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


def test_what_is_closed_or_in_doubt_without_a_try_is_told(published: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What had waited too long, and what a run before had in flight when it was cut off."""
    monkeypatch.setenv("DIGEST_DELIVERY__EXPIRE_HOURS", "0.000001")
    expired = published.done("deliver")
    with sqlite3.connect("data/digest.db") as connection:
        connection.execute("UPDATE delivery SET state = 'in_flight', lease_token = 'gone'")
    connection.close()
    code, cut_off, warned = published.run("deliver")

    assert "1 had waited more than 1e-06 hours (delivery.expire_hours), and will not go out." in expired
    assert code == 0
    assert "1 of a run that was cut off may have arrived or not." in warned
    assert "digest unknown list" in cut_off


def test_a_doubt_is_closed_in_one_way(published: Terminal) -> None:
    """Both ways at once, or neither, are a slip."""
    for options in ((), ("--arrived", "--lost")):
        code, _, errors = published.run("unknown", "settle", ISSUE, *options)

        assert code == 2
        assert "choose one of --arrived and --lost" in errors


def test_the_demo_takes_no_folder_that_is_somebodys(published: Terminal, tmp_path: Path) -> None:
    """Its mail server would swallow what waits in a site of their own."""
    code, _, errors = published.run("demo", ".")

    assert code != 0
    assert "holds something already that no demo has made" in errors
    assert json.loads(published.done("status", ISSUE, "--json"))["queued"] == 1


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DIGEST_DELIVERY__DAYS", '["montag"]', "in the environment (DIGEST_DELIVERY__DAYS) is wrong"),
        (
            "DIGEST_DELIVERY__DAYS",
            "mon,tue",
            'DIGEST_DELIVERY__DAYS cannot be read. Write a list as JSON, such as ["mon"',
        ),
        ("DIGEST_DELIVERY__OPENS_AT", "8", "write a time such as 08:00"),
    ],
)
def test_a_wrong_word_in_the_environment_is_told_by_its_name(
    published: Terminal, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """And how it is written."""
    monkeypatch.setenv(variable, value)

    assert words in published.run("status")[2]


def test_an_issue_that_is_held_is_told_wherever_somebody_looks(
    published: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that a worker is missing; and whoever lets it go on learns what is too old by then."""
    monkeypatch.setenv("DIGEST_DELIVERY__EXPIRE_HOURS", "0.000001")
    published.done("hold", ISSUE)
    _, _, warned = published.run("status")
    with opened() as house:
        lines = in_words(Watch(house, ISSUE).look(), pace="")
    _, released, too_old = published.run("release", ISSUE)

    assert f"{ISSUE} is held; it goes on with: digest release {ISSUE}." in warned
    assert f"It is held; it goes on with: digest release {ISSUE}." in lines
    assert not any("Start one" in line for line in lines)
    assert released == f"{ISSUE} goes on.\n"
    assert "will not go out any more" in too_old
