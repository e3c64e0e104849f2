"""`digest check`, and what approving, publishing and status say of errors."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

NOVEMBER = "social-care/2014-11"


@pytest.fixture
def terminal(with_a_draft: Terminal) -> Terminal:
    """All of these are about a draft that one reader gets."""
    return with_a_draft


def test_a_good_issue_may_go_out(terminal: Terminal) -> None:
    """Exit code 0, and a closing line that says so."""
    shown = terminal.done("check", NOVEMBER, "--no-links")

    assert "1 reader, 1 different letter, the longest" in shown
    assert shown.rstrip().endswith("It may go out.")


def test_errors_come_first_with_what_to_do(terminal: Terminal) -> None:
    """Exit code 1; the closing line counts them and names the way out."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")

    code, shown, _ = terminal.run("check", NOVEMBER, "--no-links")

    assert code == 1
    assert shown.startswith("Errors")
    assert shown.index("leftover: the introduction") < shown.index("Warnings") < shown.index("Notes")
    assert "1 error," in shown
    assert f"digest approve {NOVEMBER} --overrule leftover" in shown


def test_programs_get_it_as_json(terminal: Terminal) -> None:
    """With the same exit code."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")

    code, shown, _ = terminal.run("check", NOVEMBER, "--no-links", "--json")
    told = json.loads(shown)

    assert (code, told["issue"], told["may_go_out"], told["readers"]) == (1, NOVEMBER, False, 1)
    assert told["findings"][0].items() >= {"check": "leftover", "severity": "error", "overruled": False}.items()


def test_what_is_held_back_is_told_wherever_one_looks(terminal: Terminal) -> None:
    """By approve, publish, status and doctor; overruled by name it goes out."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")

    code, approved, warned = terminal.run("approve", NOVEMBER)
    refused, _, reason = terminal.run("publish", NOVEMBER)
    status = json.loads(terminal.done("status", NOVEMBER, "--json"))
    words = terminal.done("status", NOVEMBER)
    _, everywhere, beside = terminal.run("status")
    _, doctor, _ = terminal.run("doctor")
    terminal.done("approve", NOVEMBER, "--overrule", "leftover", "--by", "Ruth")
    let_go = terminal.done("check", NOVEMBER, "--no-links")

    assert (code, refused, reason.count("\n")) == (0, 1, 1)
    assert "is approved, but it does not go out until that is mended or overruled." in approved
    for said in (warned, reason, status["held_back"], words, everywhere + beside, doctor):
        assert f"{NOVEMBER} is held back" in " ".join(said.split())
    assert "Overruled: it goes out with them" in let_go
    assert "Overruled by Ruth, 20" in let_go
    assert "is published" in terminal.done("publish", NOVEMBER)
    assert "held_back" not in json.loads(terminal.done("status", NOVEMBER, "--json"))


def test_what_was_overruled_is_told_when_it_is_found_no_more(terminal: Terminal) -> None:
    """With what it was, who said so and when: a look after publishing is no proof that nothing was wrong before."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")
    terminal.done("approve", NOVEMBER, "--overrule", "leftover", "--by", "Ruth")
    terminal.done("publish", NOVEMBER)
    with sqlite3.connect("data/digest.db") as connection:
        connection.execute("UPDATE overruled SET check_name = 'dead-link', what = 'the links: Nothing is there'")
    connection.close()

    _, shown, _ = terminal.run("check", NOVEMBER, "--no-links")

    assert "Overruled when it was approved, and not found now" in shown
    assert "Nothing is there\n      Overruled by Ruth, 20" in shown
    assert "It may go out" not in shown
    assert "It is published: nothing found now changes it" in shown


def test_a_check_that_is_misspelt_is_guessed(terminal: Terminal) -> None:
    """As --overrule takes names."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")

    assert "Did you mean “leftover”?" in terminal.run("approve", NOVEMBER, "--overrule", "left-over")[2]


def test_a_name_that_finds_nothing_is_refused(terminal: Terminal) -> None:
    """In one line; the issue stays a draft."""
    code, _, errors = terminal.run("approve", NOVEMBER, "--overrule", "size")

    assert (code, errors.count("\n")) == (1, 1)
    assert json.loads(terminal.done("status", NOVEMBER, "--json"))["state"] == "draft"


def test_help_has_examples_and_says_what_exit_codes_mean(terminal: Terminal) -> None:
    """All that a script needs."""
    shown = " ".join(terminal.done("check", "--help").split())

    assert "digest check social-care/2014-11 --no-links" in shown
    assert "Exit codes: 0" in shown


def test_programs_are_told_who_let_an_error_go_and_when(terminal: Terminal) -> None:
    """And that the issue may go out."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")
    terminal.done("approve", NOVEMBER, "--overrule", "leftover", "--by", "Ruth")

    told = json.loads(terminal.done("check", NOVEMBER, "--no-links", "--json"))

    error = told["findings"][0]
    assert (told["may_go_out"], error["check"], error["overruled_by"]) == (True, "leftover", "Ruth")
    assert error["overruled_at"].startswith("20")
    assert all(each["overruled_by"] is None for each in told["findings"][1:])


def test_a_file_that_was_changed_and_not_applied_is_told(terminal: Terminal) -> None:
    """Also one that cannot be applied; what was applied counts."""
    file = Path("newsletters/social-care.toml")
    text = file.read_text(encoding="utf-8")
    same = terminal.done("check", NOVEMBER, "--no-links")

    file.write_text(text.replace("per_topic = 8", "per_topic = 7"), encoding="utf-8")
    differs = terminal.done("check", NOVEMBER, "--no-links")
    file.write_text(text.replace("per_topic = 8", "per_topic = eight"), encoding="utf-8")
    broken = terminal.done("check", NOVEMBER, "--no-links")

    assert "unapplied" not in same
    assert "unapplied: newsletters/social-care.toml" in differs
    assert "differs in selection from what was applied" in differs
    assert "Run: digest apply newsletters/social-care.toml" in differs
    assert "is not TOML" in broken


def test_approving_tells_the_errors_as_a_check_would(terminal: Terminal) -> None:
    """Each with its place and what to do."""
    terminal.done("curate", NOVEMBER, "--intro", "TK: more.")

    _, _, warned = terminal.run("approve", NOVEMBER)

    assert "  leftover: the introduction" in warned
    assert "Write what is meant, or take it out" in warned


@pytest.mark.parametrize(
    ("changed", "last", "words"),
    [
        (("", ""), "--not-last", "nobody gets a letter and it is recorded as empty"),
        (
            ('when_empty = "skip"', 'when_empty = "heartbeat"'),
            "--not-last",
            "its one reader gets a quiet month's letter",
        ),
        (("", ""), "--last", "its one reader gets the last issue's farewell"),
    ],
)
def test_approving_what_holds_nothing_for_anybody_says_what_will_become_of_it(
    terminal: Terminal, changed: tuple[str, str], last: str, words: str
) -> None:
    """By how the newsletter is set up; it is approved all the same."""
    file = Path("newsletters/social-care.toml")
    file.write_text(file.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    terminal.done("apply", str(file))
    terminal.done("compose", "social-care", "--period", "2014-06")
    terminal.done("curate", "social-care/2014-06", last)

    code, shown, warned = terminal.run("approve", "social-care/2014-06")

    assert (code, "is approved" in shown) == (0, True)
    assert "holds nothing for anybody" in warned
    assert words in " ".join(warned.split())


def test_the_doctor_notices_what_is_still_the_samples(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where letters go to a mail server."""
    harmless = terminal.run("doctor", "--json")[1]
    monkeypatch.setenv("DIGEST_MAIL__TRANSPORT", "smtp")
    monkeypatch.setenv("DIGEST_MAIL__SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("DIGEST_MAIL__SMTP__PORT", "9")

    found = [f["words"] for f in json.loads(terminal.run("doctor", "--json")[1]) if f["about"] == "samples"]

    assert not any(f["about"] == "samples" for f in json.loads(harmless))
    assert [key for key in ("sender.address", "sender.reply_to", "postal_address") if key in " ".join(found)] == [
        "sender.address",
        "sender.reply_to",
        "postal_address",
    ]
