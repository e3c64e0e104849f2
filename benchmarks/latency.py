"""Delivery to a mail server far away, and by several workers, beside what the way there allows.

    python benchmarks/latency.py [--milliseconds 50] [--connections 4] [--workers 1 2 4 8] [--seconds 15]

The server answers each step 50 milliseconds after it has come. A message by itself costs two such waits: for the
envelope, and for the dot; that makes connections ÷ (2 × 50 ms) messages a second. Who sends the next envelope right
behind a dot (RFC 2920) waits once for both, and makes up to twice as many: the answers a message say so. One worker
delivers from SQLite; on PostgreSQL 1, 2, 4 and 8 share an outbox, each with few connections of its own, so that the way
and not the processor is what they wait for. The pace is taken at the server, in the middle of the run. Prints one table
and one JSON line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import publication
from databases import Shelf, shelf
from sqlalchemy import text

from digest.bootstrap import open_house
from digest.flow.deliver import drain_outbox
from digest.settings import Settings, TransportKind
from digest.storage import epoch

SLOW_SINK = Path(__file__).with_name("slow_sink.py")


def main() -> None:
    """Measure, print."""
    asked = _asked()
    if asked.worker:
        _work(_settings(Path(asked.folder), asked.url, asked.port, asked.connections))
        return
    figures: dict[str, float] = {
        "milliseconds": asked.milliseconds,
        "connections_a_worker": asked.connections,
        "two_waits_a_second_a_worker": round(_two_waits(asked), 1),
    }
    figures |= _measured("sqlite", [1], asked)
    if asked.workers:
        found = _measured("postgresql", asked.workers, asked)
        figures |= found | _scaling(found, asked.workers)
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):44}{value:>12,}")
    print(json.dumps(figures))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=float, default=50, help="the server's wait before each answer")
    parser.add_argument("--connections", type=int, default=4, help="of each worker")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8], help="on PostgreSQL, in turn")
    parser.add_argument("--seconds", type=float, default=15, help="that a run takes with two waits for each message")
    parser.add_argument("--folder", help="where to work")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _two_waits(asked: argparse.Namespace) -> float:
    """Messages a second over the connections of one worker, where each message waits twice."""
    a_second: float = asked.connections / (2 * asked.milliseconds / 1000)
    return a_second


def _scaling(found: dict[str, float], workers: list[int]) -> dict[str, float]:
    """What each number of workers makes of as many times what the fewest make."""
    fewest = min(workers)
    one = found[f"postgresql_{fewest}_a_second"] / fewest
    return {f"postgresql_{n}_of_linear": round(found[f"postgresql_{n}_a_second"] / (n * one), 3) for n in workers}


def _measured(kind: str, workers: list[int], asked: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder, shelf(kind, Path(folder)) as shelved:
        where = Path(folder)
        most = round(_two_waits(asked) * asked.seconds * max(workers))
        shelved.make("filled")
        _prepare(where, _settings(where, shelved.url("filled"), 0, asked.connections), most)
        found: dict[str, float] = {}
        for number in workers:
            told = _run(where, shelved, number, most * number // max(workers), asked)
            name = f"{kind}_{number}"
            found[f"{name}_a_second"] = round(told["a_second"], 1)
            found[f"{name}_of_two_waits"] = round(told["a_second"] / _two_waits(asked) / number, 3)
            found[f"{name}_answers_a_message"] = round(told["answers"] / told["messages"], 2)
        return found


def _settings(where: Path, url: str, port: int, connections: int) -> Settings:
    asked = publication.settings(where, url, transport=TransportKind.SMTP)
    wire = {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
    smtp = asked.mail.smtp.model_copy(update={**wire, "messages_per_connection": 1_000_000})
    # Few at a time, as the run is short: nobody is to sit on the last ones while others have none.
    delivery = asked.delivery.model_copy(update={"batch": 10 * connections})
    return asked.model_copy(update={"mail": asked.mail.model_copy(update={"smtp": smtp}), "delivery": delivery})


def _prepare(where: Path, settings: Settings, readers: int) -> None:
    """An issue that is published and not yet delivered."""
    now = datetime.now(UTC)
    house = publication.opened(settings)
    publication.fill_items(house, where, 5, until=now)
    publication.fill_readers(house, readers)
    publication.published(house, now)
    if house.store.embedded:
        house.store.settle()
    house.store.close()


def _run(where: Path, shelved: Shelf, workers: int, messages: int, asked: argparse.Namespace) -> dict[str, float]:
    """So many workers deliver so many messages from a fresh outbox. Returns what the server has seen."""
    shelved.copy("filled", "run")
    # It tells of databases brought back from a backup, as this one is.
    (where / "data" / epoch.FILE).unlink(missing_ok=True)
    with _slow_sink(asked.milliseconds) as (port, told):
        _leave_only(_settings(where, shelved.url("run"), port, asked.connections), messages)
        command = [sys.executable, __file__, "--worker", "--folder", str(where), "--url", shelved.url("run")]
        command += ["--port", str(port), "--connections", str(asked.connections)]
        pipe = subprocess.PIPE
        running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(workers)]
        for each in running:
            assert each.stdout is not None
            each.stdout.readline()  # it is ready
        for each in running:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.close()
        ends = [each.wait() for each in running]
        if any(ends):
            raise SystemExit("A worker failed; the run counts for nothing.")
    if told["messages"] != messages:
        raise SystemExit(f"Of {messages} messages {told['messages']:.0f} came; the run counts for nothing.")
    return told


@contextmanager
def _slow_sink(milliseconds: float) -> Iterator[tuple[int, dict[str, float]]]:
    """The server, and what it tells when the block is over."""
    told: dict[str, float] = {}
    command = [sys.executable, str(SLOW_SINK), "--milliseconds", str(milliseconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), told
    finally:
        process.terminate()
        told |= json.loads(process.communicate()[0])


def _leave_only(settings: Settings, messages: int) -> None:
    house = open_house(settings)
    with house.store.write() as connection:
        surplus = "UPDATE delivery SET state = 'cancelled' WHERE id > (SELECT min(id) FROM delivery) + :most - 1"
        connection.execute(text(surplus), {"most": messages})
    house.store.close()


def _work(settings: Settings) -> None:
    """One worker; it begins when all are ready."""
    house = open_house(settings)
    print("ready", flush=True)
    sys.stdin.readline()
    drain_outbox(house)
    house.store.close()


if __name__ == "__main__":
    main()
