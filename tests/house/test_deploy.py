"""What is in `deploy/`: every command it runs is one of ours, every setting it names is real."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from digest.cli.app import app
from digest.settings import load
from tests.support.processes import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def options(command: str) -> set[str]:
    """What a command of ours may be given."""
    found = get_command(app).commands[command]  # type: ignore[attr-defined]
    return {option for parameter in found.params for option in parameter.opts}


def resolved(value: object) -> str:
    """As Compose has it where nobody sets a variable."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_a_command_that_there_is(name: str) -> None:
    """With options that it takes."""
    command, *arguments = OURS[name]["command"]

    assert command in get_command(app).commands  # type: ignore[attr-defined]
    assert {each for each in arguments if each.startswith("-")} <= options(command)


def test_all_parts_of_the_program_run_once_the_database_is_ready() -> None:
    """Migrations are made once, by one; the others wait for them, and they for the database."""
    waits = {name: service["depends_on"] for name, service in OURS.items()}

    assert set(OURS) == {"migrate", "scheduler", "worker", "web"}
    assert waits.pop("migrate") == {"database": {"condition": "service_healthy"}}
    assert all(each == {"migrate": {"condition": "service_completed_successfully"}} for each in waits.values())


@pytest.mark.parametrize("name", OURS)
def test_each_setting_is_a_real_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program takes them all, and refuses what it does not know."""
    for key, value in OURS[name]["environment"].items():
        assert key.startswith("DIGEST_")
        monkeypatch.setenv(key, resolved(value))

    settings = load(tmp_path)

    assert settings.database.url.startswith("postgresql://")
    assert settings.mail.transport == "folder"
    assert str(settings.secret_path) == "/run/secrets/secret_key"


@pytest.mark.parametrize("name", OURS)
def test_what_is_written_has_a_place(name: str) -> None:
    """All else is read-only; the data folder is one that all processes of a machine share."""
    folder = OURS[name]["environment"]["DIGEST_DATA_FOLDER"]

    assert OURS[name]["read_only"] is True
    assert f"./data:{folder}" in OURS[name]["volumes"]


def test_no_secret_stands_in_the_file() -> None:
    """They are files, named once, and each that a service wants is there."""
    wanted = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    values = [resolved(v) for s in SERVICES.values() for k, v in s["environment"].items() if "PASSWORD" in k]

    assert wanted == set(COMPOSE["secrets"])
    assert all("file" in each for each in COMPOSE["secrets"].values())
    assert all(value.startswith("/run/secrets/") for value in values)
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "deploy/secrets" in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


def test_images_have_plain_names() -> None:
    """They come from wherever the machine gets its images."""
    named = [service["image"] for service in SERVICES.values()]
    named += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert all(re.fullmatch(r"[a-z-]+(:[a-z0-9.-]+)?", name) for name in named)


def test_what_serves_is_asked_how_it_is_where_it_answers() -> None:
    """The probe asks the port that the pages are at, and the path that says how they are."""
    probe = SERVICES["web"]["healthcheck"]["test"]

    assert SERVICES["web"]["ports"] == ["127.0.0.1:8350:8350"]
    assert probe[:3] == ["CMD", "python", "-c"]
    assert "http://127.0.0.1:8350/health" in probe[3]
    compile(probe[3], "probe", "exec")
    assert SERVICES["database"]["healthcheck"]["test"][1] == "pg_isready"


def test_the_image_starts_our_program_by_a_script_that_a_shell_can_read() -> None:
    """And the script hands on what it is given."""
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    script = DEPLOY / "entrypoint.sh"
    checked = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").endswith('exec digest "$@"\n')
    assert f"/checkout/deploy/{script.name} /usr/local/bin/with-password" in dockerfile
    assert 'ENTRYPOINT ["with-password"]' in dockerfile
    assert "[postgres]" in dockerfile


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("*.service")))
def test_units_start_a_command_that_there_is(unit: str) -> None:
    """For systemd as for containers."""
    started = re.findall(r"^ExecStart=\S+/digest (\S+)", (DEPLOY / unit).read_text(encoding="utf-8"), re.MULTILINE)

    assert started
    assert set(started) <= set(get_command(app).commands)  # type: ignore[attr-defined]
