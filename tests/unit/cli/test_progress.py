"""Progress: a bar on a terminal, lines elsewhere, and next to no cost for a step."""

import io
import time

import pytest
from rich.console import Console

from digest.cli import out


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is drawn on a terminal."""
    drawn = io.StringIO()
    monkeypatch.setattr(out, "errors", Console(file=drawn, force_terminal=True, width=100))
    return drawn


def test_a_bar_shows_how_far_and_how_fast(terminal: io.StringIO) -> None:
    """Drawn a few times a second, whatever the steps."""
    with out.progress("Delivering", 1000) as step:
        began = time.monotonic()
        while time.monotonic() - began < 0.8:
            step()
            time.sleep(0.001)

    shown = terminal.getvalue()
    assert "Delivering" in shown
    assert "/1000" in shown
    assert "/s" in shown
    assert shown.count("Delivering") < 12


@pytest.mark.usefixtures("terminal")
def test_a_step_only_counts() -> None:
    """Ten thousand of them take a moment, as there may be thousands of messages a second."""
    with out.progress("Delivering", 10_000) as step:
        began = time.process_time()
        for _ in range(10_000):
            step()
        took = time.process_time() - began

    assert took < 0.1


def test_elsewhere_it_is_lines_with_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """One at every tenth of the way."""
    with out.progress("Delivering", 20_000) as step:
        for _ in range(20):
            step(1_000)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("Delivering: 2,000 of 20,000, ")
    assert lines[-1].endswith("/s")
