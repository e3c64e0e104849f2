"""`digest curate`: an editor's words and order, and what it refuses."""

import io
import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

NOVEMBER = "social-care/2014-11"


@pytest.fixture
def terminal(with_a_draft: Terminal) -> Terminal:
    """All of these are about a draft that one reader gets."""
    return with_a_draft


def letter(terminal: Terminal) -> str:
    """What readers would get, as files of the preview."""
    terminal.done("preview", NOVEMBER, "--out", "seen")
    return "".join(path.read_text(encoding="utf-8") for path in sorted(Path("seen").rglob("*.html")))


def test_an_introduction_comes_from_a_file_or_is_piped_in(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its paragraphs; a mark that an editor's program leaves at the beginning does no harm."""
    Path("intro.md").write_bytes("\ufeffTwo **rotas**.\n\nAnd the law.\n".encode())
    terminal.done("curate", NOVEMBER, "--intro-file", "intro.md")
    from_file = letter(terminal)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Written by hand.")))
    terminal.done("curate", NOVEMBER, "--intro-file", "-")

    assert "And the law." in from_file
    assert "Written by hand." in letter(terminal)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "say what to change: --title"),
        ("--pin 1 --leave-out 1", "item 1 comes after both --pin and --leave-out"),
        ("--pin 1 --unpin 1", "item 1 comes after both --pin and --unpin"),
        ("--leave-out 1 --put-back 1", "item 1 comes after both --leave-out and --put-back"),
        ("--order 2,1 --leave-out 1", "item 1 comes after both --order and --leave-out"),
        ("--intro x --intro-file y", "two answers to one question"),
        ("--order 1,99999999999999999999", "is not a list of items"),
        ("--pin 9223372036854775808", "less than or equal to 9223372036854775807"),
    ],
)
def test_wishes_that_make_no_sense_are_wrong_usage(terminal: Terminal, words: str, said: str) -> None:
    """Exit code 2, and nothing is changed."""
    code, _, errors = terminal.run("curate", NOVEMBER, *words.split())

    assert code == 2
    assert said in " ".join(errors.replace("│", " ").split())


@pytest.mark.parametrize("kept", [None, b"\xff\xfe\x00", b"\0" * 3000])
def test_an_introduction_that_cannot_be_read_is_told_in_one_line(terminal: Terminal, kept: bytes | None) -> None:
    """A file that is not there, or is no text."""
    if kept is not None:
        Path("intro.md").write_bytes(kept)

    code, _, errors = terminal.run("curate", NOVEMBER, "--intro-file", "intro.md")

    assert (code, errors.count("\n")) == (1, 1)
    assert "intro.md" in errors
