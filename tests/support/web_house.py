"""A small house with two past issues and a draft, whose names and titles are as hostile as they come."""

import atexit
import json
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select, update
from starlette.exceptions import StarletteDeprecationWarning

from digest import settings
from digest.bootstrap import open_house
from digest.flow import apply, approve, compose, publish
from digest.flow.house import House
from digest.flow.keep import import_file
from digest.storage.source_tables import item
from subscribers.preferences import parse
from subscribers.service import Subscribers
from subscribers.tables import metadata
from subscribers.tokens import Purpose

with warnings.catch_warnings():
    # It prefers a successor of httpx that is not among our dependencies.
    warnings.filterwarnings("ignore", category=StarletteDeprecationWarning)
    from starlette.testclient import TestClient

SCRIPT = "<script>alert(1)</script>"
NAME = f'Quay "Notes" {SCRIPT}'
EMAIL = "priya.secret@example.org"
READER = f'Priya "{SCRIPT}'

_NEWSLETTER = f"""
[newsletter]
slug = "quay"
name = '{NAME}'
description = 'About "quays" {SCRIPT}'
default_cadence = "monthly"
#more
[sender]
name = "Quay Notes"
address = "quay@news.example.org"
[cadences.monthly]
[cadences.quarterly]
[[sources]]
slug = "news"
name = 'News {SCRIPT}'
kind = "json"
link_label = "Read the findings"
[[topics]]
slug = "carers"
name = 'Carers "and" {SCRIPT}'
description = 'Families {SCRIPT}'
phrases = ["carer*"]
[[topics]]
slug = "money"
name = "Money"
phrases = ["budget*"]
"""

_ITEMS = [
    {
        "title": "A rota that carers wrote",
        "link": "https://news.example.org/rota",
        "published_at": "2026-09-10",
        "people": ['Ruth "R" Adeyemi'],
        "body_html": "<p>The rota holds.</p><ul><li>Nobody is rung at night.</li></ul>",
    },
    {
        "title": "Budgets for carers, five years on",
        "published_at": "2026-09-20",
        "body_html": "<p>Nobody reads the forms.</p><h3>What helps</h3><p>Fewer of them.</p>",
    },
    {
        "title": "Who pays for the budget",
        "link": "https://news.example.org/pays",
        "published_at": "2026-10-05",
        "body_html": "<p>Who pays is asked late.</p>",
    },
    {
        "title": "Carers and the early train",
        "link": "https://news.example.org/train",
        "published_at": "2026-11-03",
        "body_html": "<p>The train left without them.</p>",
    },
]


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        """Always the same instant."""
        return self.at


NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BASE = "http://testserver"


@dataclass(frozen=True)
class Trial:
    """The house, and the links of its one reader."""

    house: House
    unsubscribe: str
    preferences: str

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with self.house.store.read() as connection:
            return {t.name: [tuple(row) for row in connection.execute(select(t))] for t in metadata.sorted_tables}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of one table."""
        with self.house.store.read() as connection:
            return [dict(row) for row in connection.execute(select(metadata.tables[table])).mappings()]


@contextmanager
def trial(folder: Path, *, base: str = BASE, newsletter: str = "") -> Iterator[Trial]:
    """A house in `folder` with issues of September and October out, November a draft, and one reader of carers.

    `newsletter` is what its file says besides, such as a language."""
    if base == BASE:
        made, reader = _made(newsletter)
        shutil.copytree(made, folder, dirs_exist_ok=True)
        house = _opened(folder, base)
    else:
        house = _opened(folder, base)
        reader = _furnish(house, folder, newsletter)
    try:
        yield Trial(
            house=_at(house, NOW),
            unsubscribe=f"/u/{house.keys.token(Purpose.UNSUBSCRIBE, reader)}",
            preferences=f"/preferences/{house.keys.token(Purpose.PREFERENCES, reader)}",
        )
    finally:
        house.store.close()


@cache
def _made(newsletter: str) -> tuple[Path, int]:
    """Such a house, made once to be copied, and its reader."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder)
    house = _opened(folder, BASE)
    reader = _furnish(house, folder, newsletter)
    house.store.close()
    return folder, reader


def _opened(folder: Path, base: str) -> House:
    (folder / "digest.toml").write_text(f'data_folder = "{folder / "data"}"\n[web]\nbase_url = "{base}"\n')
    return open_house(settings.load(folder))


def client(app: FastAPI) -> TestClient:
    """A browser without scripts."""
    accept = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=True, headers=accept)


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every tag of a page with its attributes, as a browser reads it."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(html)
    return found


def words(html: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _furnish(house: House, folder: Path, newsletter: str) -> int:
    (folder / "quay.toml").write_text(_NEWSLETTER.replace("#more", newsletter))
    (folder / "items.json").write_text(json.dumps(_ITEMS))
    began = _at(house, NOW - timedelta(days=80))
    apply.apply(began, folder / "quay.toml")
    with began.store.write() as connection:
        people = Subscribers(connection, house.keys, now=began.clock.now(), channel="command")
        reader = people.add(
            EMAIL, "quay", chosen=parse("carers"), default_cadence="monthly", name=READER, confirmed=True
        )
        people.add("all@example.org", "quay", default_cadence="monthly", confirmed=True)
    import_file(began, folder / "items.json", "news")
    _make_hostile(began)
    for key, day in (
        ("2026-09", datetime(2026, 10, 1, 8, tzinfo=UTC)),
        ("2026-10", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ):
        _published(_at(house, day), key)
    compose.compose(_at(house, NOW), "quay", period_key="2026-11")
    return reader.id


def _at(house: House, instant: datetime) -> House:
    return replace(house, clock=FixedClock(instant))


def _make_hostile(house: House) -> None:
    """As if cleaning had let through what it takes out: pages must not rely on it."""
    with house.store.write() as connection:
        hostile = update(item).where(item.c.title == "A rota that carers wrote")
        connection.execute(hostile.values(title=f"A rota that carers {SCRIPT} wrote"))


def _published(house: House, key: str) -> None:
    compose.compose(house, "quay", period_key=key)
    title = f'Autumn "leaves" {SCRIPT}' if key == "2026-10" else None
    approve.curate(house, f"quay/{key}", approve.Wishes(title=title, intro=f"What fell. {SCRIPT} And then."))
    approve.approve(house, f"quay/{key}", by="editor")
    publish.publish(house, f"quay/{key}")
