"""What a message costs in instructions of the processor: the same on a busy machine as on an idle one.

    python benchmarks/instructions.py [--few 1500] [--many 4500]

Counted by valgrind, in our process and in the peer's, which is `smtp-source`; what the system does for them is not.
An issue is delivered to few readers and to many, and the difference divided by their difference, so that what a process
does at its start and end counts for nothing. Takes some minutes. Prints one table and one JSON line.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import deliver
import postfix
import sizes

_VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
#: As many as ours has.
_CONNECTIONS = 48
#: About as long as ours.
_BYTES = 18_000


def main() -> None:
    """Count, print."""
    asked = _asked()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind, which counts, is not here. On Debian: apt install valgrind")
    with tempfile.TemporaryDirectory() as where, postfix.sink() as port:
        ours = _a_message(asked, lambda count: _ours(Path(where) / str(count), count, port))
        theirs = _a_message(asked, lambda count: _theirs(count, port))
    told = {"ours_a_message": ours, "smtp_source_a_message": theirs, "of_smtp_source": round(ours / theirs, 2)}
    for name, value in told.items():
        print(f"{name.replace('_', ' '):<32}{value:>14,}")
    print(json.dumps({"few": asked.few, "many": asked.many, **told}))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=1_500)
    parser.add_argument("--many", type=int, default=4_500)
    asked = parser.parse_args()
    if asked.few >= asked.many:
        parser.error("--few has to be less than --many")
    return asked


def _a_message(asked: argparse.Namespace, counted: Callable[[int], int]) -> int:
    return (counted(asked.many) - counted(asked.few)) // (asked.many - asked.few)


def _ours(folder: Path, readers: int, port: int) -> int:
    site = sizes.prepared(folder, readers, port)
    return _counted([sys.executable, deliver.__file__, "--worker", str(site)])


def _theirs(count: int, port: int) -> int:
    command = postfix.source_command(port, count=count, size=_BYTES, connections=_CONNECTIONS)
    return _counted(command, postfix.environment())


def _counted(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """How many instructions a command takes, until it ends."""
    done = subprocess.run([*_VALGRIND, *command], env=environment, capture_output=True, text=True, check=True)
    match = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if match is None:
        raise SystemExit(f"valgrind counted nothing: {done.stderr[-300:]}")
    return int(match[1].replace(",", ""))


if __name__ == "__main__":
    main()
