"""What a message costs where an issue has ten thousand readers, and where it has a million.

    python benchmarks/sizes.py [--readers 10000 100000 1000000] [--rounds 10] [--folder DIR]

Each audience has a database of its own, and its issue goes out to the same sink, which is `smtp-sink`. They take turns,
so that all of them meet the machine's good and bad moments: in each turn a process delivers a share of its issue, at
least 10,000 messages, and ends; where nothing is left of it, the issue begins anew. The median of the turns counts.
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

import deliver
import postfix
from sqlalchemy import exists, select

from digest.bootstrap import open_house
from digest.flow.deliver import Stop, drain_outbox
from digest.flow.house import House
from digest.model.delivery import Handover
from digest.storage.tables import delivery

#: Of fewer, what a process does at its start and end would weigh too much.
_LEAST = 10_000


def main() -> None:
    """Measure, print."""
    asked = _asked()
    if asked.worker:
        _work(Path(asked.worker), asked.take)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as where, postfix.sink() as port:
        sites = {readers: prepared(Path(where) / str(readers), readers, port) for readers in sorted(asked.readers)}
        turns: dict[int, list[dict[str, float]]] = {readers: [] for readers in sites}
        for _ in range(asked.rounds):
            for readers, site in sites.items():
                turns[readers].append(_turn(site, max(_LEAST, readers // asked.rounds)))
                print(f"{readers:>9,} readers: {turns[readers][-1]['cpu_us']:.0f} µs", file=sys.stderr, flush=True)
    _print(turns)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--folder", help="where to work: on the disk that is to be measured")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--take", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepared(folder: Path, readers: int, port: int) -> Path:
    """A site on SQLite whose issue waits to go out to so many readers."""
    folder.mkdir()
    asked = argparse.Namespace(readers=readers, items=1, on="sqlite", dkim=None, connections=48, workers=1)
    deliver._prepare(folder / "site", "sqlite:///digest.db", port, asked)
    return folder / "site"


def _turn(site: Path, take: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--worker", str(site), "--take", str(take)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _work(site: Path, take: int) -> None:
    """One delivering process, which ends after so many messages; tells what each took."""
    house = _with_something_left(site)
    stop, count = Stop(), 0

    def counted(_: Handover) -> None:
        nonlocal count
        count += 1
        stop.wanted = stop.wanted or count >= take

    cpu, began = time.process_time(), time.perf_counter()
    drain_outbox(house, stop=stop, progress=counted)
    used, took = time.process_time() - cpu, time.perf_counter() - began
    house.store.close()
    print(json.dumps({"cpu_us": used / count * 1e6, "a_second": count / took, "peak_mb": deliver._peak_mb()}))


def _with_something_left(site: Path) -> House:
    house = open_house(deliver._settings(site))
    with house.store.read() as connection:
        if connection.scalar(select(exists().where(delivery.c.state == "queued"))):
            return house
    house.store.close()
    deliver._begin_anew(site, "", argparse.Namespace(on="sqlite"))
    return open_house(deliver._settings(site))


def _print(turns: dict[int, list[dict[str, float]]]) -> None:
    figures: dict[str, dict[str, float]] = {}
    least = min(statistics.median(turn["cpu_us"] for turn in each) for each in turns.values())
    print(f"{'readers':>10}{'µs a message':>16}{'of the least':>16}{'a second':>12}{'peak MB':>10}")
    for readers, each in turns.items():
        cpu, pace = (statistics.median(turn[name] for turn in each) for name in ("cpu_us", "a_second"))
        peak = max(turn["peak_mb"] for turn in each)
        print(f"{readers:>10,}{cpu:>16.0f}{cpu / least:>16.2f}{pace:>12,.0f}{peak:>10.0f}")
        figures[str(readers)] = {"cpu_us": round(cpu), "of_the_least": round(cpu / least, 3), "peak_mb": round(peak)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
