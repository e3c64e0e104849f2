"""The schema on both databases: up, down, up; the same as the tables say; safe as it is opened."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, column, insert, inspect, select, table, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from digest.errors import SettingsRefused, StorageUnavailable
from digest.flow.house import House
from digest.settings import Settings
from digest.storage import clock, schema
from digest.storage.engine import Store, open_store
from digest.storage.source_tables import newsletter_source
from digest.storage.tables import fact, metadata
from subscribers.tables import consent, newsletter

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


@pytest.fixture
def store(settings: Settings) -> Store:
    """A migrated database."""
    opened = open_store(settings.database.url, settings.data_folder)
    yield opened  # type: ignore[misc]
    opened.close()


def our_tables(store: Store) -> set[str]:
    """The tables that are ours; a job queue keeps some of its own beside them, and so does the index for searching."""
    names = set(inspect(store.engine).get_table_names())
    return {name for name in names if not name.startswith(("procrastinate_", "alembic_", "article_search"))}


def test_the_newest_version_is_the_newest_file() -> None:
    """Whoever adds a migration cannot forget to say so."""
    newest = max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))

    assert newest == schema.HEAD


def test_migrations_go_up_down_and_up_again(store: Store) -> None:
    """All the way, leaving nothing behind; the second way up ends where the first did."""
    first = our_tables(store)

    schema.downgrade(store)
    below = our_tables(store)
    schema.upgrade(store)

    assert below == set()
    assert our_tables(store) == first == set(metadata.tables)
    with store.read() as connection:
        assert schema.version(connection) == schema.HEAD


def test_the_tables_are_what_the_migrations_make(store: Store) -> None:
    """Alembic finds nothing to change."""
    with store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": lambda name, kind, _: _is_ours(name, kind)}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_topics_of_a_source_are_handed_to_its_newsletters_and_gathered_again(store: Store) -> None:
    """On the way up each gets those it has; on the way down the source has what it brings to any, each once."""
    schema.downgrade(store, "0002")
    with store.write() as connection:
        for statement in SHARED_AT_0002:
            connection.execute(text(statement))

    schema.upgrade(store)
    with store.read() as connection:
        links = connection.execute(select(newsletter_source).order_by(newsletter_source.c.newsletter_id)).all()
    with store.write() as connection:
        connection.execute(update(newsletter_source).where(newsletter_source.c.newsletter_id == 3).values(topics=["c"]))
    schema.downgrade(store, "0002")
    with store.read() as connection:
        below = connection.execute(select(column("topics", JSON)).select_from(table("source")).order_by(column("id")))
        brought = list(below.scalars())

    assert [(link.newsletter_id, link.topics) for link in links] == [(1, ["b", "a"]), (2, ["b"]), (3, [])]
    assert brought == [["b", "a", "c"], []]


#: Three newsletters share a source; one of them has both of the topics it brings, one has one, one has neither.
SHARED_AT_0002 = (
    *(
        "INSERT INTO newsletter (id, slug, name, settings, created_at, changed_at)"
        f" VALUES ({n}, 'n{n}', 'N', '{{}}', '2026-01-01', '2026-01-01')"
        for n in (1, 2, 3)
    ),
    *(
        f"INSERT INTO topic (newsletter_id, slug, name, phrases, position) VALUES ({n}, '{slug}', 'T', '[]', 0)"
        for n, slug in ((1, "a"), (1, "b"), (2, "b"), (3, "c"))
    ),
    "INSERT INTO source (id, slug, name, kind, topics) VALUES (1, 'shared', 'S', 'feed', '[\"b\", \"a\", \"gone\"]')",
    "INSERT INTO source (id, slug, name, kind, topics) VALUES (2, 'unread', 'S', 'feed', '[\"a\"]')",
    *(f"INSERT INTO newsletter_source (newsletter_id, source_id) VALUES ({n}, 1)" for n in (1, 2, 3)),
)


def _is_ours(name: str | None, kind: str) -> bool:
    return kind != "table" or not (name or "").startswith(("procrastinate_", "article_search"))


def test_consent_cannot_be_changed_after_a_way_down_and_up(store: Store) -> None:
    """The rule is in the migrations, not in the first database only."""
    schema.downgrade(store)
    schema.upgrade(store)
    with store.write() as connection:
        connection.execute(text("INSERT INTO subscriber (created_at, name, language) VALUES ('2026-01-01', '', '')"))
        values = {"subscriber_id": 1, "kind": "requested", "at": datetime(2026, 1, 1, tzinfo=UTC), "channel": "test"}
        connection.execute(insert(consent).values(values))

    with pytest.raises(Exception, match="consent is append-only"), store.write() as connection:
        connection.execute(consent.delete())


def test_an_empty_database_is_brought_up_by_itself(tmp_path: Path) -> None:
    """The first start needs no command."""
    fresh = open_store("sqlite:///new/deeper.db", tmp_path / "data")

    schema.prepare(fresh)
    schema.prepare(fresh)

    assert (tmp_path / "data" / "new" / "deeper.db").is_file()
    assert our_tables(fresh) == set(metadata.tables)
    fresh.close()


def test_a_database_of_a_newer_program_is_left_alone(store: Store) -> None:
    """The older one would not know what it damages."""
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsRefused, match="Install the newer program"):
        schema.prepare(store)


def test_a_shared_database_that_is_behind_waits_for_a_person(store: Store) -> None:
    """Other machines may still run the old program on it; an embedded one is nobody else's."""
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    if store.embedded:
        with pytest.raises(Exception, match="0000"):  # there is no such version to come from
            schema.prepare(store)
    else:
        with pytest.raises(SettingsRefused, match="digest migrate"):
            schema.prepare(store)


def test_sqlite_is_opened_so_that_a_commit_survives_the_power(house: House) -> None:
    """Write-ahead log, each commit to the disk, references checked."""
    if not house.store.embedded:
        pytest.skip("it is about SQLite")
    with house.store.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_references_are_checked_on_both(store: Store) -> None:
    """A consent without its person cannot be written."""
    values = {"subscriber_id": 4711, "kind": "requested", "at": datetime(2026, 1, 1, tzinfo=UTC), "channel": "test"}

    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(consent).values(values))


def test_a_view_writes_nothing(store: Store) -> None:
    """What is written through it is thrown away."""
    with store.read() as connection:
        connection.execute(insert(fact).values(name="test", value="1"))

    with store.read() as connection:
        assert connection.scalar(select(fact.c.value).where(fact.c.name == "test")) is None


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    """A failure in its midst leaves no half."""

    def stumble() -> None:
        with store.write() as connection:
            connection.execute(insert(fact).values(name="test", value="1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    with store.read() as connection:
        assert connection.scalar(select(fact.c.value).where(fact.c.name == "test")) is None


def test_instants_come_back_aware_and_in_utc_and_without_a_zone_they_are_refused(store: Store) -> None:
    """To the microsecond, from whatever zone they were written in."""
    from zoneinfo import ZoneInfo

    at = datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=ZoneInfo("America/New_York"))
    row = {"slug": "news", "name": "News", "settings": {}, "created_at": at}

    with store.write() as connection:
        connection.execute(insert(newsletter).values(**row, changed_at=at))
        kept = connection.scalar(select(newsletter.c.created_at))
    with pytest.raises(StatementError, match="an instant without a time zone"), store.write() as connection:
        connection.execute(insert(newsletter).values(**{**row, "slug": "b"}, changed_at=datetime(2026, 7, 1)))

    assert (kept, kept.tzinfo) == (at, UTC)


def test_the_databases_clock_is_the_worlds(store: Store) -> None:
    """Within a few seconds, in UTC, whatever zone the server is in; it moves within a transaction."""
    with store.write() as connection:
        if not store.embedded:
            connection.execute(text("SET TIME ZONE 'Asia/Kathmandu'"))
        first = connection.execute(select(clock.database_now())).scalar_one()
        second = connection.execute(select(clock.database_now())).scalar_one()

    assert abs((first - datetime.now(UTC)).total_seconds()) < 5
    assert first.tzinfo is UTC
    assert second >= first


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me@db/news", "mysql, which is not supported"),
        ("not an address", "is not an address of a database"),
        ("", "is not an address of a database"),
    ],
)
def test_an_address_of_no_database_is_refused_in_one_line(url: str, words: str, tmp_path: Path) -> None:
    """With an example of a good one."""
    with pytest.raises(SettingsRefused, match=words) as refused:
        open_store(url, tmp_path)

    assert "sqlite:///" in refused.value.remedy


@pytest.mark.parametrize("what", ["a file that is no database", "a server that is not there"])
def test_a_database_that_does_not_answer_is_told_in_one_line(what: str, tmp_path: Path) -> None:
    """Trying again later may help."""
    (tmp_path / "digest.db").write_bytes(b"Dear diary, " * 500)
    url = "sqlite:///digest.db" if "file" in what else "postgresql://me@127.0.0.1:9/news"
    store = open_store(url, tmp_path)

    with pytest.raises(StorageUnavailable, match="does not answer") as told, store.read() as connection:
        connection.execute(select(1))

    assert "\n" not in str(told.value)
    store.close()
