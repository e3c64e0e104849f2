"""The rules of the house: floors, sizes, words that must not be in it."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.application import use_cases
from importlinter.configuration import configure

ROOT = Path(__file__).parents[2]
PACKAGES = ("digest", "subscribers")
LONGEST_FUNCTION, LONGEST_FILE = 45, 300
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
#: Put together here, so that this file does not hold them itself.
FORBIDDEN = {
    "a folder of the machine it was written on": "/wor" + r"k/(main|shared)|/hom" + r"e/\w+/|/roo" + r"t/|/Use" + "rs/",
    "a host of packages": r"(py" + r"pi|files\.python" + r"hosted|npm" + r"js)\.(org|com)|artifact" + "ory",
}


def tracked() -> list[Path]:
    """All files of the project, as version control has them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a module with their lengths in lines, without their docstrings and the functions in them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTION):
            apart = [each for each in node.body if isinstance(each, FUNCTION)]
            apart += node.body[:1] if ast.get_docstring(node) else []
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines_of(node) - sum(map(lines_of, apart))


def lines_of(node: ast.stmt) -> int:
    """How many lines a statement takes."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_floors_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upper may import lower, neighbours may not see each other, technologies stay out of the rules."""
    monkeypatch.chdir(ROOT)
    configure()

    options = use_cases.read_user_options(config_filename="pyproject.toml")
    use_cases._register_contract_types(options)
    report = use_cases.create_report(options)

    broken = [contract.name for contract, check in report.get_contracts_and_checks() if not check.kept]
    assert broken == []
    assert report.kept_count == len(options.contracts_options) >= 3


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_project_speaks_of_itself_alone(what: str) -> None:
    """No file names a folder of somebody's machine, nor a host that only some network has."""
    pattern = re.compile(FORBIDDEN[what].encode())

    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked()
        if (match := pattern.search(path.read_bytes()))
    ]

    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for(package: str) -> None:
    """Its first line, in one sentence."""
    modules = [path for path in MODULES if path.is_relative_to(ROOT / package)]

    silent = [str(p.relative_to(ROOT)) for p in modules if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]

    assert silent == []


@pytest.mark.parametrize("name", ["templates", "config"])
def test_folders_of_data_hold_no_code(name: str) -> None:
    """A deployer may put their own in their place without running anything of it."""
    assert list((ROOT / name).rglob("*.py")) == []


def test_functions_stay_short() -> None:
    """What is longer than a screen is two things."""
    lengths = [found for path in MODULES if "migrations/versions" not in path.as_posix() for found in functions(path)]

    assert [f"{name}: {length} lines" for name, length in lengths if length > LONGEST_FUNCTION] == []


def test_files_stay_short() -> None:
    """What is longer has two nouns."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
        if "migrations/versions" not in path.as_posix()
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_test_is_a_promise() -> None:
    """Its docstring says what is promised, so that a failure says what was broken."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, FUNCTION) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []
