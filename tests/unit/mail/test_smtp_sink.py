"""The sink as a process, as trials with kill -9 use it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import Envelope, Handover, Outcome
from tests.support.smtp_sink import read_log

ROOT = Path(__file__).parents[3]


@contextmanager
def process(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A sink of its own."""
    command = [sys.executable, "-W", "error", "-m", "tests.support.smtp_sink", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as sink:
        try:
            yield sink
        finally:
            sink.kill()


def test_what_the_process_took_is_in_its_log_and_maildir(tmp_path: Path) -> None:
    """On the disk before the 250, and the process ends when told to."""

    async def yes() -> bool:
        return True

    async def story(port: int) -> Handover:
        session = await SmtpTransport(SmtpConfig(host="127.0.0.1", port=port, security=Security.NONE)).connect()
        envelope = Envelope(envelope_sender="b@news.example", recipient="r@example.org", envelope_id="17")
        handover = await session.hand_over(envelope, b"Message-ID: <17@news.example>\r\n\r\n.\r\n", yes)
        os.kill(sink.pid, signal.SIGTERM)
        await session.close()
        return handover

    with process("--log", str(tmp_path / "log"), "--maildir", str(tmp_path / "box"), "--delay-ms", "20") as sink:
        assert sink.stdout
        handover = asyncio.run(story(int(sink.stdout.readline())))
        assert sink.wait(timeout=20) == 0

    (line,) = read_log(tmp_path / "log")
    assert handover.outcome is Outcome.ACCEPTED
    assert (line["message_id"], line["recipient"]) == ("<17@news.example>", "r@example.org")
    assert [file.read_bytes() for file in (tmp_path / "box" / "new").iterdir()] == [
        b"Message-ID: <17@news.example>\r\n\r\n.\r\n"
    ]
