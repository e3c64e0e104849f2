"""Files that commands write: never over somebody's own; and what others wrote, as a terminal shows it."""

import sqlite3
from pathlib import Path

import pytest

from digest.cli.house import opened
from tests.support.terminal import Terminal

NOVEMBER = "social-care/2014-11"


def test_refused_lines_are_never_written_over_the_list_itself(terminal: Terminal) -> None:
    """By whatever name it goes; a dry run above all changes nothing."""
    Path("in.csv").write_text("email\nnina@example.org\nbad\n", encoding="utf-8")
    Path("also.csv").symlink_to("in.csv")
    for name in ("in.csv", "also.csv"):
        code, _, _ = terminal.run(
            "subscribers", "import", "in.csv", "-n", "social-care", "--dry-run", "--refused", name
        )
        assert code == 2

    assert "nina@example.org" in Path("in.csv").read_text(encoding="utf-8")


def test_an_export_is_for_its_owner_alone_and_takes_no_others_place(terminal: Terminal) -> None:
    """It holds addresses."""
    terminal.done("subscribers", "export", "--to", "readers.csv")
    Path("notes.txt").write_text("mine", encoding="utf-8")
    code, _, errors = terminal.run("subscribers", "export", "--to", "notes.txt")

    assert Path("readers.csv").stat().st_mode & 0o777 == 0o600
    assert (code, Path("notes.txt").read_text(encoding="utf-8")) == (1, "mine")
    assert "notes.txt" in errors


def test_a_preview_is_written_into_a_folder_of_its_own(with_a_draft: Terminal) -> None:
    """Again and again, but never among other files."""
    Path("mine").mkdir()
    Path("mine/index.html").write_text("mine", encoding="utf-8")
    code, _, errors = with_a_draft.run("preview", NOVEMBER, "--out", "mine", "--most", "0")
    for _ in range(2):
        with_a_draft.done("preview", NOVEMBER, "--out", "seen", "--most", "0")

    assert (code, Path("mine/index.html").read_text(encoding="utf-8")) == (1, "mine")
    assert "holds other files" in errors
    assert Path("seen/index.html").is_file()


def test_nothing_that_others_wrote_moves_the_terminal(terminal: Terminal) -> None:
    """Neither colours nor titles nor a turned direction, and no pictures for what looks like their names."""
    Path("in.csv").write_text(
        'email,name\n"\x1b[31mRED\x1b]0;P\x07\u202e",\nnina@example.org,:x: [b]\n', encoding="utf-8"
    )
    _, said, errors = terminal.run("subscribers", "import", "in.csv", "-n", "social-care", "--confirmed")
    listed = terminal.done("subscribers", "list") + terminal.done("subscribers", "show", "nina@example.org")

    assert not {"\x1b", "\x07", "\u202e"} & set(said + errors)
    assert "RED" in errors
    assert ":x: [b]" in listed


@pytest.mark.parametrize(("text", "words"), [("newsletter = 3", "[newsletter]"), ("x = " + "[" * 100_000, "brackets")])
def test_a_newsletters_file_of_another_kind_is_told_in_one_line(terminal: Terminal, text: str, words: str) -> None:
    """Never as a list of what called what."""
    Path("odd.toml").write_text(text, encoding="utf-8")
    code, _, errors = terminal.run("apply", "odd.toml")

    assert (code, errors.count("\n")) == (1, 1)
    assert words in errors


def test_a_port_that_is_none_is_wrong_usage(with_a_draft: Terminal) -> None:
    """Before anything is served."""
    for port in ("99999", "-1"):
        assert with_a_draft.run("preview", NOVEMBER, "--port", port, "--no-open")[0] == 2


def test_a_backup_holds_what_was_committed_a_moment_ago(terminal: Terminal) -> None:
    """Not what lies in the database's own file alone; for its owner, and never over another file."""
    terminal.done("subscribers", "add", "nina@example.org", "-n", "social-care", "--confirmed")
    with opened() as house, house.store.read():  # somebody has it open, so the log is not emptied
        terminal.done("subscribers", "unsubscribe", "nina@example.org")
        told = terminal.done("backup", "digest-backup.db")
        again = terminal.run("backup", "digest-backup.db")
        nowhere = terminal.run("backup", "nowhere/digest-backup.db")
    with sqlite3.connect("digest-backup.db") as copy:
        states = copy.execute("SELECT state FROM subscription").fetchall()

    assert "secret.key" in told
    assert states[-1] == ("ended",)
    assert Path("digest-backup.db").stat().st_mode & 0o777 == 0o600
    assert (again[0], "is there already" in again[2]) == (1, True)
    assert (nowhere[0], "cannot be written" in nowhere[2]) == (1, True)
    assert list(Path().glob("*.part")) == []


def test_the_topics_of_a_reader_may_have_gone(terminal: Terminal) -> None:
    """Their name is changed all the same; only what is chosen now must be there."""
    terminal.done("subscribers", "add", "nina@example.org", "-n", "social-care", "--topics", "law", "--confirmed")
    file = Path("newsletters/social-care.toml")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('slug = "law"', 'slug = "rights"'), encoding="utf-8")
    terminal.done("apply", str(file))

    terminal.done("subscribers", "change", "nina@example.org", "-n", "social-care", "--name", "Nina")
    code, _, errors = terminal.run("subscribers", "change", "nina@example.org", "-n", "social-care", "--topics", "law")

    assert (code, "There is no topic “law”" in errors) == (1, True)
