"""Files that commands write: never over somebody's own; and what others wrote, as a terminal shows it."""

from pathlib import Path

import pytest

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
