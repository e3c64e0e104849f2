"""Trials, each on a database of its own that holds an issue, and the table of what came of the faults."""

import os
import random
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from digest.bootstrap import SystemClock, open_house
from digest.flow.apply import apply
from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.publish import publish
from digest.resources import folder
from digest.settings import Settings, load
from digest.storage.engine import open_store
from tests.conftest import StandingClock
from tests.support.chaos import chaos
from tests.support.desk import NEWSLETTER, Desk
from tests.support.trial import ISSUE, PERIOD, READERS, Trial, reader

#: How often each fault is tried, each time otherwise: another moment, another reader.
SEEDS = int(os.environ.get("DIGEST_FAULTS_SEEDS", "1"))


#: Whether a test's own part went well.
PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures may ask how the test went; what it came to goes with its report."""
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
        trial = getattr(item, "funcargs", {}).get("trial")
        for figures in trial.figures[-1:] if trial else ():
            said = {each: getattr(figures, each) for each in figures.__slots__}
            report.user_properties.append(("figures", said | {"kills": trial.kills}))
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a seed gets as many as there are to be."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed{seed}", scope="function")


def _settings(url: str, where: Path) -> Settings:
    base = load(where)
    changes = {
        "data_folder": where / "data",
        "database": base.database.model_copy(update={"url": url}),
        "delivery": base.delivery.model_copy(update={"batch": 5, "beat_seconds": 0.2}),
    }
    return base.model_copy(update=changes)


def _on(address: str, *statements: str) -> None:
    store = open_store(address, Path())
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    store.close()


def _named(address: str, name: str) -> str:
    return make_url(address).set(database=name).render_as_string(hide_password=False)


def _prepare(url: str, where: Path) -> Iterator[str]:
    """A database with an issue: first approved, then published."""
    house = replace(open_house(_settings(url, where)), clock=StandingClock())
    apply(house, folder("config") / "newsletters" / f"{NEWSLETTER}.toml")
    desk = Desk(house)
    desk.write_items(
        where,
        {"title": "Rights of carers", "published_at": "2026-11-03", "topics": ["carers", "law"]},
        {"title": "A new act", "published_at": "2026-11-04", "topics": ["law"]},
    )
    for number in range(READERS):
        desk.reader(reader(number), ["all", "carers", "law"][number % 3])
    compose(house, NEWSLETTER, period_key=PERIOD)
    approve(house, ISSUE, by="a test")
    house.store.close()
    yield "approved"
    publish(house, ISSUE)
    house.store.close()
    yield "published"


#: Makes a fresh copy of the database in one of the two states, and says its address.
Copier = Callable[[str, Path], str]


@pytest.fixture(scope="session")
def copied_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Copier:
    """Copies of a file."""
    made = tmp_path_factory.mktemp("prepared")
    for state in _prepare("sqlite:///digest.db", made):
        shutil.copytree(made / "data", made / state)

    def copy(state: str, where: Path) -> str:
        shutil.copytree(made / state, where / "data")
        return "sqlite:///digest.db"

    return copy


@pytest.fixture(scope="session")
def copied_postgresql(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Copier:
    """Copies of a template database."""
    made = tmp_path_factory.mktemp("prepared-postgresql")
    _on(postgres, "DROP DATABASE IF EXISTS faults", f"CREATE DATABASE faults TEMPLATE {template}")
    for state in _prepare(_named(postgres, "faults"), made):
        _on(postgres, f"DROP DATABASE IF EXISTS faults_{state}", f"CREATE DATABASE faults_{state} TEMPLATE faults")

    def copy(state: str, where: Path) -> str:
        shutil.copytree(made / "data", where / "data")
        name = f"f{abs(hash(str(where))):x}"
        _on(postgres, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE faults_{state}")
        return _named(postgres, name)

    return copy


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the two databases in turn."""
    return str(request.param)


@pytest.fixture
def trial(kind: str, request: pytest.FixtureRequest, seed: int, tmp_path: Path) -> Iterator[Trial]:
    """A trial with a published issue, or as `@pytest.mark.issue("approved")` says. Its invariants must be checked."""
    marker = request.node.get_closest_marker("issue")
    copy: Copier = request.getfixturevalue(f"copied_{kind}")
    url = copy(marker.args[0] if marker else "published", tmp_path)
    house = replace(open_house(_settings(url, tmp_path)), clock=SystemClock())
    with chaos() as server:
        running = Trial(house, server, tmp_path, random.Random(f"{request.node.originalname}{seed}"))
        yield running
        running.close()
    house.store.close()
    if kind == "postgresql":
        _on(_named(url, "postgres"), f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")
    if request.node.stash.get(PASSED, False):
        assert running.figures, "a fault's test ends with the invariants"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One table of all faults, where it is asked for."""
    if "DIGEST_FAULTS_TABLE" not in os.environ:
        return
    rows: dict[tuple[int, str], list[pytest.TestReport]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            name = report.nodeid.partition("::")[2].partition("[")[0].removeprefix("test_")
            number, _, what = name.partition("_")
            if report.when == "call" and "tests/faults" in report.nodeid and number.isdigit():
                rows.setdefault((int(number), what.replace("_", " ")), []).append(report)
    columns = ("row", "what happens", "cases", "kills", "lost", "twice", "unknown", "bound", "verdict")
    lines = [columns] + [_line(row, what, rows[row, what]) for row, what in sorted(rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    terminalreporter.section("faults")
    for line in lines:
        cells = [
            cell.ljust(w) if at in (1, 8) else cell.rjust(w)
            for at, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        terminalreporter.write_line("  ".join(cells).rstrip())


def _line(row: int, what: str, reports: list[pytest.TestReport]) -> tuple[str, ...]:
    figures = [value for report in reports for name, value in report.user_properties if name == "figures"]
    sums = [str(sum(each[name] for each in figures)) for name in ("kills", "lost", "twice", "unknown", "bound")]
    failed = sum(report.failed for report in reports)
    return (str(row), what, str(len(reports)), *sums, f"{failed} FAILED" if failed else "holds")
