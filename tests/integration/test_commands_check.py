"""`digest check`, and what approving, publishing and status say of errors."""

import json
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

NOVEMBER = "social-care/2014-11"
ITEM = {"title": "Rights of carers", "published_at": "2014-11-03", "topics": ["carers"], "body": "Forty carers asked."}


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a working folder with a draft that one reader gets."""
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(capsys, monkeypatch)
    terminal.done("init")
    terminal.done("apply", "newsletters/social-care.toml")
    Path("items.json").write_text(json.dumps([ITEM]), encoding="utf-8")
    terminal.done("items", "import", "items.json", "--source", "sscr-news")
    terminal.done("subscribers", "add", "ruth@example.org", "-n", "social-care", "--confirmed")
    terminal.done("compose", "social-care", "--period", "2014-11")
    return terminal


def test_a_good_issue_may_go_out(terminal: Terminal) -> None:
    """Exit code 0, and a closing line that says so."""
    shown = terminal.done("check", NOVEMBER, "--no-links")

    assert "1 reader, 1 different letter, the longest" in shown
    assert shown.rstrip().endswith("It may go out.")


def test_errors_come_first_with_what_to_do(terminal: Terminal) -> None:
    """Exit code 1; the closing line counts them and names the way out."""
    terminal.done("curate", NOVEMBER, "--intro", "More TK.")

    code, shown, _ = terminal.run("check", NOVEMBER, "--no-links")

    assert code == 1
    assert shown.startswith("Errors")
    assert shown.index("leftover: the introduction") < shown.index("Warnings") < shown.index("Notes")
    assert "1 error," in shown
    assert f"digest approve {NOVEMBER} --overrule leftover" in shown


def test_programs_get_it_as_json(terminal: Terminal) -> None:
    """With the same exit code."""
    terminal.done("curate", NOVEMBER, "--intro", "More TK.")

    code, shown, _ = terminal.run("check", NOVEMBER, "--no-links", "--json")
    told = json.loads(shown)

    assert (code, told["issue"], told["may_go_out"], told["readers"]) == (1, NOVEMBER, False, 1)
    assert told["findings"][0].items() >= {"check": "leftover", "severity": "error", "overruled": False}.items()


def test_what_is_held_back_is_told_wherever_one_looks(terminal: Terminal) -> None:
    """By approve, publish, status and doctor; overruled by name it goes out."""
    terminal.done("curate", NOVEMBER, "--intro", "More TK.")

    code, _, warned = terminal.run("approve", NOVEMBER)
    refused, _, reason = terminal.run("publish", NOVEMBER)
    status = json.loads(terminal.done("status", NOVEMBER, "--json"))
    words = terminal.done("status", NOVEMBER)
    _, everywhere, beside = terminal.run("status")
    _, doctor, _ = terminal.run("doctor")
    terminal.done("approve", NOVEMBER, "--overrule", "leftover", "--by", "Ruth")
    let_go = terminal.done("check", NOVEMBER, "--no-links")

    assert (code, refused, reason.count("\n")) == (0, 1, 1)
    for said in (warned, reason, status["held_back"], words, everywhere + beside, doctor):
        assert f"{NOVEMBER} is held back" in " ".join(said.split())
    assert "(overruled by Ruth)" in let_go
    assert "is published" in terminal.done("publish", NOVEMBER)
    assert "held_back" not in json.loads(terminal.done("status", NOVEMBER, "--json"))


def test_a_name_that_finds_nothing_is_refused(terminal: Terminal) -> None:
    """In one line; the issue stays a draft."""
    code, _, errors = terminal.run("approve", NOVEMBER, "--overrule", "size")

    assert (code, errors.count("\n")) == (1, 1)
    assert json.loads(terminal.done("status", NOVEMBER, "--json"))["state"] == "draft"
