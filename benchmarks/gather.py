"""Gathering many feeds from a loopback server, and what a large store costs.

    python benchmarks/gather.py [--feeds 1000] [--items 30] [--store 100000] [--database postgresql://…]

Prints one table and one JSON line. The peer is feedparser alone, given the same bytes in the same run: it neither
fetches nor cleans, files or keeps anything.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import feedparser
from feed_server import feed
from sqlalchemy import func, select

from digest.bootstrap import open_house
from digest.flow.apply import apply
from digest.flow.compose import compose
from digest.flow.gather import gather
from digest.flow.house import House
from digest.flow.keep import Gathered
from digest.model.item import FoundItem
from digest.model.source import Source, SourceKind
from digest.resources import folder
from digest.settings import load
from digest.storage import items, keeping, newsletters, sources
from digest.storage.source_tables import item

NEWSLETTER = "social-care"
T = TypeVar("T")


def main() -> None:
    """Measure, print."""
    asked = _asked()
    with tempfile.TemporaryDirectory() as where:
        server = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "feed_server.py"), str(asked.feeds), str(asked.items)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            figures = _gathering(_house(Path(where), asked.database), port, asked)
        finally:
            server.terminate()
            server.wait()
    figures |= _peer(asked)
    figures["of_feedparser_alone"] = round(figures["first_s"] / figures["feedparser_s"], 2)
    figures |= _large_store(asked)
    _print(figures)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--store", type=int, default=100_000)
    parser.add_argument("--database", default="sqlite:///digest.db")
    return parser.parse_args()


def _house(where: Path, database: str) -> House:
    base = load(where)
    settings = base.model_copy(
        update={
            "data_folder": where / "data",
            "database": base.database.model_copy(update={"url": database}),
            "gather": base.gather.model_copy(update={"allow_hosts": ("127.0.0.1:*",), "per_host": 8}),
        }
    )
    house = open_house(settings)
    apply(house, folder("config") / "newsletters" / f"{NEWSLETTER}.toml")
    return house


def _gathering(house: House, port: int, asked: argparse.Namespace) -> dict[str, float]:
    _add_sources(house, port, asked.feeds)
    before = _peak()
    memory: list[float] = []

    def watched(_: Gathered) -> None:
        memory.append(_peak())

    own = time.process_time()
    first, results = _timed(lambda: gather(house, progress=watched))
    own = time.process_time() - own
    _must(sum(each.new for each in results) == asked.feeds * asked.items, f"not all are new: {results[:3]}")
    unchanged, results = _timed(lambda: gather(house))
    _must(all(each.unchanged for each in results), f"something was read again: {results[:3]}")
    _forget_validators(house)
    same, results = _timed(lambda: gather(house))
    house.store.close()
    return {
        "feeds": asked.feeds,
        "items": asked.feeds * asked.items,
        "first_s": round(first, 1),
        "first_own_cpu_s": round(own, 1),
        "items_per_s": round(asked.feeds * asked.items / first),
        "unchanged_s": round(unchanged, 2),
        "unchanged_of_first": round(unchanged / first, 3),
        "same_bytes_s": round(same, 2),
        "memory_before_mb": round(before),
        "memory_at_a_quarter_mb": round(memory[len(memory) // 4]),
        "memory_at_the_end_mb": round(memory[-1]),
    }


def _add_sources(house: House, port: int, feeds: int) -> None:
    with house.store.write() as connection:
        newsletter_id = newsletters.load(connection, NEWSLETTER).id
        for number in range(feeds):
            location = f"http://127.0.0.1:{port}/{number}"
            wanted = Source(slug=f"feed-{number}", name=f"Feed {number}", kind=SourceKind.FEED, location=location)
            sources.attach(connection, sources.save(connection, wanted), newsletter_id)


def _forget_validators(house: House) -> None:
    """As if the servers gave no ETag: the bytes come again, and are known by their checksum."""
    with house.store.write() as connection:
        sources.note(connection, [(row, {"etag": ""}) for row in sources.listed(connection)])


def _peer(asked: argparse.Namespace) -> dict[str, float]:
    bodies = [feed(number, asked.items) for number in range(asked.feeds)]
    seconds, _ = _timed(lambda: [feedparser.parse(BytesIO(body)) and None for body in bodies])
    return {"feedparser_s": round(seconds, 1)}


def _large_store(asked: argparse.Namespace) -> dict[str, float]:
    """What composing and listing cost with a thousand items, and with a hundred times as many."""
    with tempfile.TemporaryDirectory() as where:
        house = _house(Path(where), "sqlite:///large.db")
        _fill(house, 0, 1_000)
        small = _costs(house, "2026-10")
        seconds, _ = _timed(lambda: _fill(house, 1_000, asked.store))
        large = _costs(house, "2026-11")
        with house.store.read() as connection:
            held = connection.scalar(select(func.count()).select_from(item))
        house.store.close()
    figures = {"store_items": float(held or 0), "fill_s": round(seconds, 1)}
    for name in small:
        figures |= {f"{name}_ms_of_1000": round(small[name], 1), f"{name}_ms_of_all": round(large[name], 1)}
    return figures


def _fill(house: House, start: int, end: int) -> None:
    """Keep items, ten a day from the newest back; those of the last two months are as many at any size."""
    newest = datetime(2026, 11, 20, tzinfo=UTC)
    with house.store.read() as connection:
        source_id = sources.find(connection, "sscr-news").id
    for first in range(start, end, 5_000):
        found = [
            FoundItem(
                title=f"Piece {number} on carers at work",
                link=f"https://example.org/{number}",
                published=newest - timedelta(hours=2.4 * number),
                body_html=f"<p>About {number}.</p>",
                body_text=f"About {number}: word{number} term{number} note{number} line{number}.",
            )
            for number in range(first, min(first + 5_000, end))
        ]
        with house.store.write() as connection:
            keeping.keep(connection, source_id, found, now=house.clock.now())


def _costs(house: House, period: str) -> dict[str, float]:
    """Milliseconds of each, the best of five (composing happens once)."""
    with house.store.read() as connection:
        newsletter_id = newsletters.load(connection, NEWSLETTER).id
        since = datetime(2026, 9, 20, tzinfo=UTC)
        return {
            "compose": _timed(lambda: compose(house, NEWSLETTER, period_key=period))[0] * 1000,
            "list": _best(lambda: items.listed(connection, limit=100)),
            "list_of_source": _best(lambda: items.listed(connection, items.Which(source="sscr-news"), limit=100)),
            "count": _best(lambda: items.count(connection)),
            "candidates": _best(lambda: items.of_newsletter(connection, newsletter_id, since=since)),
        }


def _best(work: Callable[[], object]) -> float:
    return min(_timed(work)[0] for _ in range(5)) * 1000


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _must(holds: bool, words: str) -> None:
    if not holds:
        sys.exit(f"gather.py: {words}")


def _print(figures: dict[str, float]) -> None:
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<28}{value:>12,}")
    print(json.dumps({"benchmark": "gather", **figures}))


if __name__ == "__main__":
    main()
