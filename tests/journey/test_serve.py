"""One process on SQLite: pages, scheduler and delivery together, as `digest serve` runs them."""

import re
import signal
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from tests.support.processes import Site

ITEM = (
    '[{"title": "Rights of carers", "published_at": "2026-11-03", "topics": ["carers"], "body": "Forty carers asked."}]'
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A folder with a newsletter, an item and a reader."""
    site = Site(tmp_path, {"DIGEST_WEB__BASE_URL": "http://127.0.0.1"})
    assert site.run("init", ".").returncode == 0
    assert site.run("apply", "newsletters/social-care.toml").returncode == 0
    (tmp_path / "items.json").write_text(ITEM, encoding="utf-8")
    assert site.run("items", "import", "items.json", "--source", "sscr-news").returncode == 0
    added = site.run("subscribers", "add", "ruth@example.org", "-n", "social-care", "--confirmed", "--name", "Ruth")
    assert added.returncode == 0
    return site


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """Where the running process answers; it is asked to end afterwards, and must do so well."""
    process = site.start("serve", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[^ ]+/", line)
    assert found is not None, line
    yield found[0]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def test_what_is_published_goes_out_by_itself_and_a_click_unsubscribes(site: Site, address: str) -> None:
    """The running process delivers what a command has published beside it, and its links work."""
    for command in (
        "compose social-care --period 2026-11",
        "approve social-care/2026-11",
        "publish social-care/2026-11",
    ):
        assert site.run(*command.split()).returncode == 0

    message = message_from_bytes(_arrived(site.folder / "outgoing"), policy=policy.default)
    link = str(message["List-Unsubscribe"]).strip("<>").replace("http://127.0.0.1/", address)
    opened = httpx.get(link)
    clicked = httpx.post(link, data={"List-Unsubscribe": "One-Click"})

    assert httpx.get(f"{address}archive/social-care/2026-11/").status_code == 200
    assert (opened.status_code, clicked.status_code) == (200, 200)
    assert '"state": "ended"' in site.run("subscribers", "show", "ruth@example.org", "--json").stdout


def test_another_process_is_told_who_delivers(site: Site, address: str) -> None:
    """A second delivery from the same outbox is refused in one line, with the number of the process that has it."""
    refused = site.run("deliver")

    assert refused.returncode == 1
    assert re.fullmatch(r"digest: Another process \(number \d+\) delivers.*\n", refused.stderr)


def _arrived(folder: Path, *, seconds: float = 20) -> bytes:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = list(folder.glob("*.eml")) if folder.is_dir() else []
        if found:
            return found[0].read_bytes()
        time.sleep(0.05)
    raise AssertionError("nothing arrived")
