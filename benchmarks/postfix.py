"""Postfix's own load tools: `smtp-sink` swallows mail, `smtp-source` makes it (C, no database).

They are taken from the machine, or from Debian's package, which is unpacked beside the virtual environment and not
installed.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / ".venv" / "postfix"


def tool(name: str) -> Path:
    """One of the tools. Ends the program with a word on what to do where it cannot be had."""
    known = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/libexec/postfix")
    if known:
        return Path(known)
    unpacked = _FOLDER / "usr" / "sbin" / name
    if not unpacked.exists():
        _unpack()
    return unpacked


def _unpack() -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", "postfix"], cwd=_FOLDER, capture_output=True, text=True, check=False)
    packages = sorted(_FOLDER.glob("postfix_*.deb"))
    if got.returncode or not packages:
        raise SystemExit(f"Postfix's tools are not here and could not be had ({got.stderr.strip()}); install postfix.")
    subprocess.run(["dpkg", "-x", packages[-1].name, "."], cwd=_FOLDER, check=True)


def environment() -> dict[str, str]:
    """With which the tools find their libraries."""
    return {**os.environ, "LD_LIBRARY_PATH": str(_FOLDER / "usr" / "lib" / "postfix")}


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """A sink on a free port of loopback while the block runs. Yields the port."""
    port = _free_port()
    user = ["-u", "root"] if os.geteuid() == 0 else []
    command = [str(tool("smtp-sink")), *user, *options, f"127.0.0.1:{port}", "1024"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def source(port: int, *, count: int, size: int, connections: int) -> float:
    """How many seconds `smtp-source` takes for so many messages of so many bytes."""
    begun = time.perf_counter()
    subprocess.run(source_command(port, count=count, size=size, connections=connections), env=environment(), check=True)
    return time.perf_counter() - begun


def source_command(port: int, *, count: int, size: int, connections: int) -> list[str]:
    """What makes so many messages of so many bytes; it keeps its connections."""
    command = [str(tool("smtp-source")), "-d", "-s", str(connections), "-l", str(size), "-m", str(count)]
    return [*command, "-f", "digest@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}"]


#: How `openssl speed` names a kind of key in its table.
_LINES = {"rsa2048": r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)", "ed25519": r"\(Ed25519\)\s+\S+\s+\S+\s+([\d.]+)"}


def signatures_a_second(kind: str, *, cores: int) -> float:
    """How many signatures with such a key `openssl speed` makes a second on so many cores together."""
    command = ["openssl", "speed", "-seconds", "1", "-multi", str(cores), kind]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    match = re.search(_LINES[kind], said.stdout)
    if match is None:
        raise SystemExit(f"openssl speed said nothing of {kind}: {said.stdout[-300:]}")
    return float(match[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("The sink did not start.")
