"""A terminal for tests of commands."""

import pytest

from digest.cli.app import main


class Terminal:
    """Runs commands as the console script does, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        self._monkeypatch.setattr("sys.argv", ["digest", *words])
        self._capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, errors = self._capsys.readouterr()
        return code, out, errors

    def done(self, *words: str) -> str:
        """The output of a command that must work."""
        code, out, errors = self.run(*words)
        assert code == 0, errors
        return out
