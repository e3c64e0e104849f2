"""Copying a site's database into another: all of it is there, and the next month goes on as if nothing had been."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, text

from digest.bootstrap import open_house
from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.storage import copying, schema
from digest.storage.engine import Store, open_store
from digest.storage.tables import metadata
from tests.support.desk import Desk
from tests.support.terminal import Terminal


@pytest.fixture
def lived_in(desk: Desk, tmp_path: Path) -> Desk:
    """A site with a month behind it, somebody who left, and a draft."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    desk.reader("a@example.org", name="Zoë “Z” Ü")
    desk.reader("law@example.org", "law", language="de")
    desk.reader("waits@example.org", confirmed=False)
    desk.month("2026-11")
    return desk


@pytest.fixture
def elsewhere(database: str, postgres: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the other kind."""
    if database.startswith("postgresql"):
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'digest.db'}"
        return
    name = f"copy{os.getpid()}"
    with closing(open_store(postgres, tmp_path)) as store:
        connection = store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.close()
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def target(elsewhere: str, tmp_path: Path) -> Iterator[Store]:
    """That database, open."""
    (tmp_path / "elsewhere").mkdir()
    with closing(open_store(elsewhere, tmp_path)) as store:
        yield store


def held(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables; where a database lives is told by none but itself."""
    with store.read() as connection:
        return {
            name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key))
                if name != "fact" or row.name != "home"
            ]
            for name, table in metadata.tables.items()
        }


def rows_in(desk: Desk) -> dict[str, int]:
    """How many rows each table of a site has."""
    with desk.house.store.read() as connection:
        return copying.rows_of(connection)


def test_the_copy_holds_all_there_is(lived_in: Desk, target: Store) -> None:
    """Row for row, and the old one stays as it was; told of every row on the way."""
    before = held(lived_in.house.store)
    steps: list[int] = []

    rows = copying.copy(lived_in.house.store, target, steps.append)

    assert held(target) == before == held(lived_in.house.store)
    assert rows == rows_in(lived_in)
    assert sum(steps) == sum(rows.values()) > 20
    assert {"delivery", "consent", "variant_item", "fact"} <= {name for name, count in rows.items() if count}


def test_the_next_month_goes_on_in_the_copy(lived_in: Desk, elsewhere: str, target: Store, tmp_path: Path) -> None:
    """New rows take numbers that are free; receipts went along, so nobody gets anything twice."""
    house = lived_in.house
    copying.copy(house.store, target, lambda _: None)
    settings = house.settings.model_copy(
        update={"database": house.settings.database.model_copy(update={"url": elsewhere})}
    )
    house.clock.pass_by(days=20)  # type: ignore[attr-defined]
    moved: House = replace(open_house(settings), clock=house.clock, transport=house.transport)
    there = Desk(moved)

    there.write_items(tmp_path, {"title": "Carers and the law", "published_at": "2026-12-02"})
    there.reader("new@example.org")
    there.month("2026-12")

    assert there.received("a@example.org") == ["Carers at work", "Carers and the law"]
    assert there.received("new@example.org") == ["Carers and the law"]
    moved.store.close()


def test_a_database_with_anything_in_it_is_refused(lived_in: Desk, target: Store) -> None:
    """Two publishers in one would be a muddle that nobody could undo; an empty one of ours will do."""
    copying.must_be_empty(target)
    schema.upgrade(target)
    copying.must_be_empty(target)
    copying.copy(lived_in.house.store, target, lambda _: None)

    with pytest.raises(SettingsRefused, match="not empty"):
        copying.must_be_empty(target)


def test_a_database_of_another_version_is_refused(house: House) -> None:
    """It has to be brought to this program's version first, by the command that says so."""
    schema.downgrade(house.store, "0009")

    with pytest.raises(SettingsRefused, match=r"0009.*digest migrate"):
        copying.must_be_ready(house.store)


def test_what_breaks_off_leaves_nothing(lived_in: Desk, target: Store) -> None:
    """One transaction: tables perhaps, but no row, and it can be done again."""

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(lived_in.house.store, target, stop)

    copying.must_be_empty(target)


@pytest.fixture
def terminal(
    lived_in: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal in the site's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_DATABASE__URL", lived_in.house.settings.database.url)
    return Terminal(capsys, monkeypatch)


def test_the_command_says_what_it_does_and_does_it_once(terminal: Terminal, lived_in: Desk, target: Store) -> None:
    """A dry run writes nothing, not even tables; a second copy is refused in one line that says what to do."""
    address = target.engine.url.render_as_string(hide_password=False)
    there_is = rows_in(lived_in)

    dry = json.loads(terminal.done("copy", address, "--dry-run", "--json"))
    with target.read() as connection:
        assert schema.version(connection) is None
    said = terminal.done("copy", address)
    code, _, errors = terminal.run("copy", address)

    assert {each["table"]: each["rows"] for each in dry} == there_is
    assert f"{sum(there_is.values()):,} rows of {len(there_is)} tables copied." in said
    assert code == 1
    assert "not empty" in errors
    assert "Make a new one" in errors
    assert held(target) == held(lived_in.house.store)


def test_a_site_is_not_copied_onto_itself(terminal: Terminal, lived_in: Desk) -> None:
    """It would wait for itself."""
    code, _, errors = terminal.run("copy", lived_in.house.settings.database.url)

    assert code == 1
    assert "the database of this site" in errors
