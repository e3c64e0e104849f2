"""What integration tests share: a web server on loopback, and a house that may ask it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from digest.flow.house import House
from tests.support.site import authority, secure_site, site
from tests.support.terminal import Terminal, run_all

__all__ = ["authority", "secure_site", "site"]


@pytest.fixture
def reading(social_care: House) -> House:
    """A house that knows social-care and may ask the loopback site."""
    wanted = social_care.settings.gather.model_copy(update={"allow_hosts": ("127.0.0.1:*",), "timeout_seconds": 5})
    return replace(social_care, settings=social_care.settings.model_copy(update={"gather": wanted}))


ITEM = {"title": "Rights of carers", "published_at": "2014-11-03", "topics": ["carers"], "body": "Forty carers asked."}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder that knows a newsletter, an item and a reader, to be copied."""
    where = tmp_path_factory.mktemp("furnished")
    (where / "items.json").write_text(json.dumps([ITEM]), encoding="utf-8")
    run_all(
        where,
        ("init",),
        ("apply", "newsletters/social-care.toml"),
        ("items", "import", "items.json", "--source", "sscr-news"),
        ("subscribers", "add", "ruth@example.org", "-n", "social-care", "--confirmed"),
    )
    return where


@pytest.fixture(scope="session")
def drafted(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a draft that the reader gets."""
    where = tmp_path_factory.mktemp("drafted")
    shutil.copytree(furnished, where, dirs_exist_ok=True)
    run_all(where, ("compose", "social-care", "--period", "2014-11"))
    return where


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def terminal(nowhere: Terminal, furnished: Path) -> Terminal:
    """A terminal in a working folder that knows a newsletter, an item and a reader."""
    shutil.copytree(furnished, Path(), dirs_exist_ok=True)
    return nowhere


@pytest.fixture
def with_a_draft(nowhere: Terminal, drafted: Path) -> Terminal:
    """A terminal in a working folder with a draft that one reader gets."""
    shutil.copytree(drafted, Path(), dirs_exist_ok=True)
    return nowhere
