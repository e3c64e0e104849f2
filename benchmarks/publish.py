"""Publishing to a million readers, beside one bare `INSERT … SELECT` of as many delivery rows.

    python benchmarks/publish.py [--readers 1000000] [--items 40] [--issues 12] [--rounds 3] [--on sqlite postgresql]

The readers have chosen all the sets that 13 topics make, and a year of issues has come to them. Publishing freezes
the issue, chooses for every cohort, makes the letters, fills the outbox and enqueues. The bare statement writes as many
rows into the same table of the same database and chooses nothing. The two alternate, each on a copy of its own.
Prints one table and one JSON line.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import publication
import year
from databases import Shelf, shelf
from sqlalchemy import text

from digest.flow.publish import publish

_BARE = """INSERT INTO delivery (issue_id, subscriber_id, subscription_id, variant_id, state, not_before, queued_at)
SELECT (SELECT max(id) FROM issue), subscriber_id, id, (SELECT max(id) FROM variant), 'queued', CURRENT_TIMESTAMP,
    CURRENT_TIMESTAMP FROM subscription"""


def main() -> None:
    """Measure, print."""
    asked = _asked()
    if asked.once:
        _once(Path(asked.folder), asked.once, asked.url, asked.issue)
        return
    figures: dict[str, float] = {"readers": asked.readers, "items": asked.items, "issues_before": asked.issues}
    for kind in asked.on:
        with tempfile.TemporaryDirectory(dir=asked.folder) as where, shelf(kind, Path(where)) as shelved:
            figures |= {f"{kind}_{name}": value for name, value in _measured(shelved, Path(where), asked).items()}
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):40}{value:>14,}")
    print(json.dumps(figures))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=40, help="of each issue")
    parser.add_argument("--issues", type=int, default=12, help="that came to the readers before")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--folder", help="where to work: on the disk that is to be measured")
    parser.add_argument("--once", choices=("ours", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--issue", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(shelved: Shelf, where: Path, asked: argparse.Namespace) -> dict[str, float]:
    shelved.make("year")
    began = time.perf_counter()
    settings = publication.settings(where, shelved.url("year"))
    name = year.lay_down(settings, where, readers=asked.readers, items=asked.items, issues=asked.issues)
    _tell(f"The year is laid down: {time.perf_counter() - began:.0f} s.")
    rounds = []
    for _ in range(asked.rounds):
        each = {kind: _apart(shelved, where, kind, name) for kind in ("bare", "ours")}
        _tell(f"bare {each['bare']['seconds']:.1f} s, ours {each['ours']['seconds']:.1f} s")
        if each["ours"]["deliveries"] != asked.readers or each["bare"]["deliveries"] != asked.readers:
            raise SystemExit("Not every reader has a delivery; the run counts for nothing.")
        rounds.append(each)
    bare, ours = ([each[kind]["seconds"] for each in rounds] for kind in ("bare", "ours"))
    return {
        "variants": rounds[0]["ours"]["variants"],
        "bare_seconds": round(statistics.median(bare), 2),
        "ours_seconds": round(statistics.median(ours), 2),
        "ours_of_bare": round(statistics.median(o / b for o, b in zip(ours, bare, strict=True)), 2),
        "ours_readers_a_second": round(asked.readers / statistics.median(ours)),
        "bare_peak_mb": round(max(each["bare"]["peak_mb"] for each in rounds)),
        "ours_peak_mb": round(max(each["ours"]["peak_mb"] for each in rounds)),
    }


def _apart(shelved: Shelf, where: Path, kind: str, name: str) -> dict[str, float]:
    """One run on a fresh copy, in a process of its own."""
    shelved.copy("year", "run")
    command = [sys.executable, __file__, "--once", kind, "--url", shelved.url("run"), "--issue", name]
    done = subprocess.run([*command, "--folder", str(where)], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _once(where: Path, kind: str, url: str, name: str) -> None:
    settings = publication.settings(where, url)
    house = year.opened(settings)
    began = time.perf_counter()
    variants = 0
    if kind == "ours":
        variants = publish(house, name).variants
    else:
        with house.store.write() as connection:
            connection.execute(text(_BARE))
    seconds = time.perf_counter() - began
    peak = _peak_mb()
    with house.store.read() as connection:
        newest = "SELECT count(*) FROM delivery WHERE issue_id = (SELECT max(id) FROM issue)"
        deliveries = connection.execute(text(newest)).scalar_one()
    house.store.close()
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "variants": variants, "deliveries": deliveries}))


def _peak_mb() -> float:
    """Not of `getrusage`, which counts what the process that started us had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
