"""Signing: a child makes the signatures that this process would have made, and ends with the line to it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from digest.mail import signing
from digest.mail.dkim_keys import Kind, signer
from digest.mail.signing import SigningProcess, Wanted
from tests.support.postmaster import KEYS

SIGNERS = [signer(KEYS[kind], domain="example.org", selector=str(kind)) for kind in Kind]
#: Some for each key, and more than are signed at once.
WANTED = [(place, sha256(bytes([place, number])).digest()) for number in range(21) for place in range(len(SIGNERS))]


pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("patient_signing")]


def here(wanted: list[Wanted]) -> list[bytes]:
    return [SIGNERS[place].sign(data) for place, data in wanted]


def child_of(process: SigningProcess) -> "subprocess.Popen[bytes]":
    return process._child


async def test_signatures_are_those_that_would_be_made_here() -> None:
    """In the order in which they were asked for, by whoever asked; nothing asked for is nothing signed."""
    process = await SigningProcess.begun(SIGNERS)

    one, none, other = await asyncio.gather(
        process.signatures(WANTED), process.signatures([]), process.signatures(WANTED[::-1])
    )
    process.end()

    assert (one, none, other) == (here(WANTED), [], here(WANTED[::-1]))
    assert child_of(process).returncode is not None


@pytest.mark.parametrize("how", ["comes too late for it", "is broken off", "is for something else"])
async def test_nobody_is_given_the_answer_to_another(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it has come, and nobody took it: a letter would bear the signature of another."""
    if how == "comes too late for it":
        monkeypatch.setattr(signing, "_FIRST", 0.2)
    process = await SigningProcess.begun(SIGNERS)
    if how == "is for something else":
        process._asked, asked = 7, process._line.write
        monkeypatch.setattr(process._line, "write", lambda data: asked(data.replace(b"\0\0\0\x08", b"\0\0\0\x09", 1)))
    first, second = [asyncio.create_task(process.signatures([each])) for each in WANTED[:2]]
    await asyncio.sleep(0)

    if how == "is broken off":
        first.cancel()
    _stand_still()
    made = await asyncio.gather(first, second, return_exceptions=True)
    late = await asyncio.gather(process.signatures(WANTED[2:]), return_exceptions=True)
    process.end()

    assert all(isinstance(each, BaseException) for each in (*made, *late))


async def test_one_that_was_broken_off_while_it_began_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child, and no line to it."""
    children: list[subprocess.Popen[bytes]] = []
    usual = subprocess.Popen

    def noted(*args: object, **kwargs: object) -> "subprocess.Popen[bytes]":
        children.append(usual(*args, **kwargs))  # type: ignore[call-overload]
        return children[-1]

    async def never(**_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(subprocess, "Popen", noted)
    monkeypatch.setattr(asyncio, "open_unix_connection", never)
    beginning = asyncio.create_task(SigningProcess.begun(SIGNERS))
    await asyncio.sleep(0.05)

    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning

    assert [child.returncode for child in children] == [-signal.SIGKILL]


async def test_it_knows_nothing_but_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password that this process was given."""
    monkeypatch.setenv("DIGEST_DATABASE__URL", "postgresql://digest:secret@database/digest")
    process = await SigningProcess.begun(SIGNERS)
    await process.signatures(WANTED[:1])

    told = _told_at_its_start(child_of(process).pid)
    process.end()

    assert b"PYTHONPATH" in told
    assert b"secret" not in told
    assert b"PRIVATE" not in told


def _told_at_its_start(pid: int) -> bytes:
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))


def _stand_still() -> None:
    """This process, while the child goes on."""
    time.sleep(0.5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_what_is_said_to_all_processes_of_a_program_does_not_end_it(number: signal.Signals) -> None:
    """A terminal, or a service manager, ends the one that knows what is out, and that ends this."""
    process = await SigningProcess.begun(SIGNERS)
    await process.signatures(WANTED[:1])

    child_of(process).send_signal(number)
    made = await process.signatures(WANTED)
    process.end()

    assert made == here(WANTED)


@pytest.mark.parametrize(
    "refusal", [PermissionError(1, "no"), AttributeError("no such thing")], ids=["refused", "unknown"]
)
def test_who_may_not_step_back_signs_all_the_same(refusal: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may refuse it, or not know it; where it does, others have the processor after each handful."""
    asked: list[str] = []

    def refused(name: str) -> None:
        asked.append(name)
        raise refusal

    monkeypatch.setattr(os, "nice", lambda _: refused("nice"))
    monkeypatch.setattr(os, "sched_yield", lambda: refused("yield"))
    given, told = BytesIO(_request(WANTED)), BytesIO()

    signing.work(given, told)

    assert signing._parts(told.getvalue()[4:])[1:] == here(WANTED)
    assert asked == ["nice", *["yield"] * 6]  # 21 for each of two keys


def _request(wanted: list[Wanted]) -> bytes:
    """What the parent would write."""
    keys = signing._packet([each.private for each in SIGNERS])
    return keys + signing._packet([b"name", *signing._asked_of(wanted)])


async def test_one_that_is_killed_is_told() -> None:
    """At once, to all who wait, and to whoever asks after that."""
    process = await SigningProcess.begun(SIGNERS)
    await process.signatures(WANTED[:1])
    child_of(process).send_signal(signal.SIGSTOP)
    waiting = [asyncio.create_task(process.signatures(WANTED)) for _ in range(2)]
    await asyncio.sleep(0.05)

    child_of(process).kill()
    told = await asyncio.gather(*waiting, process.signatures(WANTED), return_exceptions=True)
    process.end()

    assert [isinstance(each, OSError | EOFError) for each in told] == [True] * 3


async def test_one_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """And ends though it was stopped."""
    process = await SigningProcess.begun(SIGNERS)
    await process.signatures(WANTED[:1])
    monkeypatch.setattr(signing, "_PATIENCE", 0.1)
    child_of(process).send_signal(signal.SIGSTOP)

    with pytest.raises(TimeoutError):
        await process.signatures(WANTED)
    process.end()

    assert child_of(process).returncode == -signal.SIGKILL


async def test_keys_that_are_none_are_told() -> None:
    """As the child's end."""
    process = await SigningProcess.begun([replace(SIGNERS[0], private=b"none")])

    with pytest.raises((OSError, EOFError)):
        await process.signatures(WANTED[:1])
    process.end()


async def test_a_program_that_cannot_be_begun_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As any file that is not there."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(OSError, match="nowhere"):
        await SigningProcess.begun(SIGNERS)


PARENT = """
import asyncio, sys
from digest.mail import signing
from digest.mail.signing import SigningProcess
signing._FIRST = 60
from tests.unit.mail.test_signing import SIGNERS, WANTED
async def story():
    process = await SigningProcess.begun(SIGNERS)
    await process.signatures(WANTED)
    print(process._child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(story())
"""


def test_it_ends_when_its_parent_is_killed() -> None:
    """Nobody is left who holds the keys."""
    root = Path(__file__).parents[3]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=found, cwd=root) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _lives(child)
        parent.kill()

    until = time.monotonic() + 20
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
