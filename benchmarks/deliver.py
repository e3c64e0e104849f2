"""Delivery of one issue to many readers, beside Postfix's own `smtp-source` in the same run.

    python benchmarks/deliver.py [--readers 100000] [--rounds 3] [--connections 48] [--on sqlite|postgresql]
                                 [--workers 1] [--dkim rsa|ed25519]

Every message is personal, and its marker and outcome are durable. The peer makes as many messages of the same size
over as many connections to the same sink, which is `smtp-sink`; it keeps no record, and all its messages are alike.
The two alternate. Prints one table and one JSON line.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import databases
import postfix
from sqlalchemy import select, text

from digest.bootstrap import open_house
from digest.flow.deliver import drain_outbox
from digest.flow.house import House
from digest.flow.letters import Letters
from digest.settings import Settings, load
from digest.storage import epoch, outbox, workers
from digest.storage.tables import delivery

SENDER_DOMAIN = "example.org"


def main() -> None:
    """Measure, print."""
    asked = _asked()
    if asked.worker:
        _work(Path(asked.worker))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as where, databases.address(asked.on, Path(where)) as database:
        site = Path(where) / "site"
        with postfix.sink() as port:
            _prepare(site, database, port, asked)
            rounds = [_round(site, database, port, asked) for _ in range(asked.rounds)]
    _print(rounds, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=48, help="of all workers together")
    parser.add_argument("--items", type=int, default=1)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one only on PostgreSQL")
    parser.add_argument("--dkim", choices=("rsa", "ed25519"))
    parser.add_argument("--folder", help="where to work: on the disk that is to be measured")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def _prepare(site: Path, database: str, port: int, asked: argparse.Namespace) -> None:
    """A site whose issue is published and not yet delivered."""
    import publication  # only here: a delivering process does without what it needs

    site.mkdir()
    (site / "digest.toml").write_text(_configuration(database, port, asked), encoding="utf-8")
    if asked.dkim:
        _make_key(site, asked.dkim)
    now = datetime.now(UTC)
    house = publication.opened(_settings(site))
    publication.fill_items(house, site, asked.items, until=now)
    publication.fill_readers(house, asked.readers)
    publication.published(house, now)
    if house.store.embedded:
        house.store.settle()
    house.store.close()
    if asked.on == "sqlite":
        shutil.copy(site / "data" / "digest.db", site / "published.db")


def _configuration(database: str, port: int, asked: argparse.Namespace) -> str:
    key = f'[[mail.dkim]]\ndomain = "{SENDER_DOMAIN}"\nselector = "bench"\nkey_file = "key.pem"\n'
    return f"""
[database]
url = "{database}"
[mail]
transport = "smtp"

[mail.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {max(asked.connections // asked.workers, 1)}
messages_per_connection = 100000
{key if asked.dkim else ""}"""


def _settings(site: Path) -> Settings:
    base = load(site)
    keys = tuple(key.model_copy(update={"key_file": site / key.key_file}) for key in base.mail.dkim)
    mail = base.mail.model_copy(update={"dkim": keys})
    return base.model_copy(update={"data_folder": site / "data", "mail": mail})


def _make_key(site: Path, kind: str) -> None:
    algorithm = ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else ["ed25519"]
    command = ["openssl", "genpkey", "-quiet", "-algorithm", *algorithm, "-out", str(site / "key.pem")]
    subprocess.run(command, check=True)
    (site / "key.pem").chmod(0o600)


def _round(site: Path, database: str, port: int, asked: argparse.Namespace) -> dict[str, float]:
    """Ours, then the peer's."""
    _begin_anew(site, database, asked)
    signed = [_openssl(asked)] if asked.dkim else []
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--worker", str(site)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(asked.workers)]
    told = [json.loads(worker.communicate()[0]) for worker in workers]
    whole = time.perf_counter() - begun
    signed += [_openssl(asked)] if asked.dkim else []
    _must_all_be_accepted(site, asked.readers)
    size = int(told[0]["bytes"])
    seconds = max(each["ended"] for each in told) - min(each["began"] for each in told)
    theirs = postfix.source(port, count=asked.readers, size=size, connections=asked.connections)
    return {
        "bytes": size,
        "ours_a_second": asked.readers / seconds,
        "with_start_and_end_a_second": asked.readers / whole,
        "smtp_source_a_second": asked.readers / theirs,
        "of_smtp_source": theirs / seconds,
        "cpu_us_a_message": sum(each["cpu"] for each in told) / asked.readers * 1e6,
        "peak_mb": max(each["peak_mb"] for each in told),
        **_beside_openssl(asked.readers / seconds, signed),
    }


def _begin_anew(site: Path, database: str, asked: argparse.Namespace) -> None:
    # It tells of databases brought back from a backup, as this one is.
    (site / "data" / epoch.FILE).unlink(missing_ok=True)
    if asked.on == "sqlite":
        for leftover in (site / "data").glob("digest.db*"):
            leftover.unlink()
        shutil.copy(site / "published.db", site / "data" / "digest.db")
        return
    house = open_house(_settings(site))
    with house.store.write() as connection:
        connection.execute(text("TRUNCATE attempt"))
        connection.execute(
            text("UPDATE delivery SET state = 'queued', lease_token = NULL, tries = 0, settled_at = NULL")
        )
    house.store.close()
    with house.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _must_all_be_accepted(site: Path, readers: int) -> None:
    house = open_house(_settings(site))
    with house.store.read() as connection:
        states = connection.execute(select(delivery.c.state)).scalars().all()
    house.store.close()
    if states.count("accepted") != readers:
        raise SystemExit(
            f"Of {readers} deliveries {states.count('accepted')} were accepted; the run counts for nothing."
        )


def _work(site: Path) -> None:
    """One delivering process; tells what it took."""
    house = open_house(_settings(site))
    cpu, began = time.process_time(), time.time()
    drain_outbox(house)
    ended = time.time()
    used = time.process_time() - cpu
    peak = _peak_mb()
    told = {"began": began, "ended": ended, "cpu": used, "peak_mb": peak, "bytes": _size(house)}
    house.store.close()
    print(json.dumps(told))


def _peak_mb() -> float:
    """Of this process alone; what `getrusage` says of a process begins with what its parent had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _size(house: House) -> int:
    """Of one message, as it goes over the wire."""
    with house.store.write() as connection:
        token = workers.register(connection)
        connection.execute(delivery.update().where(delivery.c.id == 1).values(state="queued", tries=0))
        (duty,) = outbox.lease(connection, token, limit=1)
        (letter,) = Letters(house, house.signers()).of(connection, [duty])
        connection.rollback()
    return len(letter.made()[1])


def _print(rounds: list[dict[str, float]], asked: argparse.Namespace) -> None:
    figures: dict[str, float | str] = {"on": asked.on, "readers": asked.readers, "workers": asked.workers}
    figures |= {"connections": asked.connections, "dkim": asked.dkim or "none", "rounds": asked.rounds}
    figures |= _signed_at_once() if asked.dkim == "rsa" else {}
    figures |= {name: round(statistics.median(each[name] for each in rounds), 2) for name in rounds[0]}
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):32}{value if isinstance(value, str) else f'{value:,}':>14}")
    print(json.dumps(figures))


def _signed_at_once() -> dict[str, float]:
    """How many signatures the processes that sign make at once on this machine."""
    from digest.mail import lanes  # only here: a delivering process does without it

    return {"signed_at_once": lanes.LANES if lanes.fits(2048) else 1}


def _openssl(asked: argparse.Namespace) -> tuple[float, float]:
    """Signatures a second on one core, and on all of them."""
    kind = "rsa2048" if asked.dkim == "rsa" else "ed25519"
    return postfix.signatures_a_second(kind, cores=1), postfix.signatures_a_second(kind, cores=os.cpu_count() or 1)


def _beside_openssl(ours: float, signed: list[tuple[float, float]]) -> dict[str, float]:
    """Measured just before and just after, as machines that others share are not always as fast."""
    if not signed:
        return {}
    core, cores = (statistics.mean(each) for each in zip(*signed, strict=True))
    return {
        "openssl_a_core": core,
        "of_openssl_a_core": ours / core,
        "openssl_all_cores": cores,
        "of_openssl_all_cores": ours / cores,
    }


if __name__ == "__main__":
    main()
