"""A terminal for tests of commands."""

from pathlib import Path

import pytest

from digest.cli.app import main


class Terminal:
    """Runs commands as the console script does, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        self._capsys.readouterr()
        code = _exit_code(self._monkeypatch, words)
        out, errors = self._capsys.readouterr()
        return code, out, errors

    def done(self, *words: str) -> str:
        """The output of a command that must work."""
        code, out, errors = self.run(*words)
        assert code == 0, errors
        return out


def run_all(where: Path, *commands: tuple[str, ...]) -> None:
    """Run commands that must work, one after the other, in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        for words in commands:
            assert _exit_code(patch, words) == 0, words


def _exit_code(patch: pytest.MonkeyPatch, words: tuple[str, ...]) -> int:
    patch.setattr("sys.argv", ["digest", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
