"""Pages under load: an issue's page of the archive and the one-click POST, beside bare Starlette routes.

    python benchmarks/web.py [--on sqlite|postgresql] [--requests 3000] [--rounds 3] [--connections 64] [--folder DIR]

Both are served by a process of their own, by uvicorn as `digest serve` has it. The bare GET answers with as many bytes
as the page has, the bare POST reads its form; each click is another reader's first, so each is a durable change. They
alternate. Prints one table and one JSON line.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import databases
import publication
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.bootstrap import open_house
from digest.web.app import create_app
from digest.web.serving import serve
from subscribers.tables import subscription
from subscribers.tokens import Purpose

_FORM = b"List-Unsubscribe=One-Click"
_HEAD = "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of requests."""

    per_second: float
    #: Milliseconds that all but one in a hundred took at most.
    p99: float


def main() -> None:
    """Measure, print."""
    asked = _asked()
    if asked.serve:
        _serve(asked)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder, databases.address(asked.on, Path(folder)) as database:
        where = Path(folder)
        page, clicks = _prepare(where, database, asked)
        with _served(where, database, 0) as ours, _served(where, database, _size(where, database, page)) as bare:
            rounds = [_round(ours, bare, page, clicks[n :: asked.rounds], asked) for n in range(asked.rounds)]
    _print(rounds, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--requests", type=int, default=3000, help="of each kind in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--folder", help="where to work: on the disk that is to be measured")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _prepare(where: Path, database: str, asked: argparse.Namespace) -> tuple[str, list[str]]:
    """An issue that is out, and a reader for each click; the paths of both."""
    now = datetime.now(UTC)
    house = publication.opened(publication.settings(where, database))
    publication.fill_items(house, where, 20, until=now)
    publication.fill_readers(house, 10)
    publication.published(house, now)
    publication.fill_readers(house, asked.requests * asked.rounds + 10)
    with house.store.read() as connection:
        numbers = list(connection.scalars(select(subscription.c.id).order_by(subscription.c.id)))[10:]
    house.store.close()
    clicks = [f"/u/{house.keys.token(Purpose.UNSUBSCRIBE, number)}" for number in numbers]
    return f"/archive/{publication.NEWSLETTER}/{now:%Y-%m}/", clicks


def _size(where: Path, database: str, page: str) -> int:
    with _served(where, database, 0) as address:
        measured: list[int] = []
        asyncio.run(_load(address, [_get(page)], 1, sizes=measured))
    return measured[0]


@contextmanager
def _served(where: Path, database: str, bare: int) -> Iterator[tuple[str, int]]:
    """A process that serves: ours, or bare routes of so many bytes."""
    command = [sys.executable, __file__, "--serve", json.dumps([str(where), database]), "--bare", str(bare)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise SystemExit("The server did not begin.")
        address = urlsplit(found[0])
        yield str(address.hostname), int(address.port or 80)
    finally:
        process.terminate()
        process.wait(30)


def _serve(asked: argparse.Namespace) -> None:
    where, database = json.loads(asked.serve)
    app = _bare(asked.bare) if asked.bare else create_app(open_house(publication.settings(Path(where), database)))
    serve(app, host="127.0.0.1", port=0, ready=lambda address: print(address, flush=True))


def _bare(size: int) -> Starlette:
    body = b"x" * size

    async def get(_request: Request) -> Response:
        return Response(body, media_type="text/html")

    async def post(request: Request) -> Response:
        await request.body()
        return Response(b"You are unsubscribed", media_type="text/html")

    return Starlette(routes=[Route("/", get), Route("/", post, methods=["POST"])])


def _round(
    ours: tuple[str, int], bare: tuple[str, int], page: str, clicks: Sequence[str], asked: argparse.Namespace
) -> dict[str, Measured]:
    many, few = [_get(page)] * asked.requests, asked.connections
    posts = [_post(path) for path in clicks]
    loads = {
        "bare GET": (bare, [_get("/")] * asked.requests),
        "archive page": (ours, many),
        "bare POST": (bare, [_post("/")] * len(posts)),
        "one-click POST": (ours, posts),
    }
    for address, requests in (loads["bare GET"], loads["archive page"]):
        asyncio.run(_load(address, requests[:50], few))  # what is made once is made
    return {name: asyncio.run(_load(address, requests, few)) for name, (address, requests) in loads.items()}


def _get(path: str) -> bytes:
    return _HEAD.format(method="GET", path=path, more="").encode()


def _post(path: str) -> bytes:
    more = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(_FORM)}\r\n"
    return _HEAD.format(method="POST", path=path, more=more).encode() + _FORM


async def _load(
    address: tuple[str, int], requests: Sequence[bytes], connections: int, sizes: list[int] | None = None
) -> Measured:
    """All requests over so many connections, each of which sends the next when it has the answer."""
    waiting, took = iter(requests), []

    async def one() -> None:
        reader, writer = await asyncio.open_connection(*address)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"An answer was {head.decode().splitlines()[0]}")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            if sizes is not None:
                sizes.append(length)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    seconds = time.perf_counter() - began
    return Measured(len(took) / seconds, sorted(took)[int(len(took) * 0.99)] * 1000)


def _print(rounds: Sequence[dict[str, Measured]], asked: argparse.Namespace) -> None:
    found = {
        name: Measured(
            statistics.median(each[name].per_second for each in rounds),
            statistics.median(each[name].p99 for each in rounds),
        )
        for name in rounds[0]
    }
    print(f"{'':16} {'a second':>9} {'p99 ms':>8} {'of bare':>8}")
    beside = {"archive page": "bare GET", "one-click POST": "bare POST"}
    shares = {name: found[name].per_second / found[of].per_second for name, of in beside.items()}
    for name, each in found.items():
        share = f"{shares[name]:8.0%}" if name in shares else ""
        print(f"{name:16} {each.per_second:9,.0f} {each.p99:8.1f} {share}")
    told = {name: {"per_second": round(m.per_second), "p99_ms": round(m.p99, 2)} for name, m in found.items()}
    print(
        json.dumps({"benchmark": "web", "on": asked.on, **told, "shares": {k: round(v, 3) for k, v in shares.items()}})
    )


if __name__ == "__main__":
    main()
