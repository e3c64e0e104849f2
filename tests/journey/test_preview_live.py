"""The preview as it runs: what is saved shows within a second, and a signal ends it whoever is looking."""

import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from digest.resources import folder
from digest.storage.engine import open_store
from tests.support.processes import Site

ITEM = '[{"title": "Rights of carers", "published_at": "2026-11-03", "topics": ["carers"], "body": "Forty asked."}]'
ISSUE = "social-care/2026-11"
MASTHEAD = "email/parts/masthead.mjml.j2"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A folder with a draft and a template of its own."""
    at = tmp_path_factory.mktemp("site")
    site = Site(at, {"DIGEST_WEB__BASE_URL": "http://127.0.0.1"})
    drafted(site)
    (at / "digest.toml").write_text('template_folder = "own"\n', encoding="utf-8")
    (at / "own" / MASTHEAD).parent.mkdir(parents=True)
    shutil.copy(folder("templates") / MASTHEAD, at / "own" / MASTHEAD)
    return site


def drafted(site: Site) -> None:
    """A draft with one item and one reader, made by commands."""
    done = site.run("init", ".")
    assert done.returncode == 0, done.stderr
    (site.folder / "items.json").write_text(ITEM, encoding="utf-8")
    for command in (
        "apply newsletters/social-care.toml",
        "items import items.json --source sscr-news",
        "subscribers add ruth@example.org -n social-care --confirmed",
        "compose social-care --period 2026-11",
    ):
        done = site.run(*command.split())
        assert done.returncode == 0, done.stderr


class Looking:
    """A browser that is told of changes."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.versions: list[tuple[float, str]] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait(0)

    def get(self, path: str = "letter") -> str:
        """A page as it is now."""
        return httpx.get(f"{self.address}{path}", timeout=30).text

    def shows(self, words: str, path: str = "letter") -> bool:
        """Whether a page comes to hold these words. A file that is just being written may be seen half empty first,
        which is told too."""
        deadline = time.monotonic() + 5
        while not (found := words in self.get(path)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def wait(self, after: int, *, seconds: float = 20) -> int:
        """Until there are more versions than so many."""
        deadline = time.monotonic() + seconds
        while len(self.versions) <= after and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.versions) > after, "nothing was told"
        return len(self.versions)

    def after(self, save: Callable[[], object]) -> float:
        """Seconds from the end of a saving until it is told."""
        before = len(self.versions)
        save()
        saved_at = time.monotonic()
        self.wait(before)
        return self.versions[before][0] - saved_at

    def _listen(self) -> None:
        with httpx.stream("GET", f"{self.address}changes", timeout=None) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.versions.append((time.monotonic(), line))


@pytest.fixture(scope="module")
def looking(site: Site) -> Iterator[Looking]:
    """Somebody looks."""
    with looked_at(site) as looking:
        yield looking


@contextmanager
def looked_at(site: Site) -> Iterator[Looking]:
    """Somebody looks; at the end Ctrl-C is pressed, and the process must end well and soon all the same."""
    process = site.start("preview", ISSUE, "--port", "0", "--no-open")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[^ ]+/", line)
    assert found is not None, line
    looking = Looking(found[0])
    # The checks are made once and the readers counted, which is told too; then it is quiet.
    looking.get("")
    looking.wait(2)
    yield looking
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_what_another_command_changes_shows_too(site: Site, looking: Looking) -> None:
    """An editor curates in one window and looks in another."""
    took = looking.after(lambda: site.run("curate", ISSUE, "--title", "What the tide left"))

    assert took < 2
    assert looking.shows("What the tide left", "")


def test_a_saved_template_shows_within_a_second(site: Site, looking: Looking) -> None:
    """However an editor's program saves: in place, or by a new file in the old one's place."""
    file = site.folder / "own" / MASTHEAD
    text = file.read_text(encoding="utf-8")

    def in_place() -> None:
        file.write_text(text.replace("</mj-text>", " Tidal</mj-text>", 1), encoding="utf-8")

    def replaced() -> None:
        beside = file.with_suffix(".new")
        beside.write_text(text.replace("</mj-text>", " Estuary</mj-text>", 1), encoding="utf-8")
        beside.replace(file)

    first, shown_first = looking.after(in_place), looking.shows("Tidal")
    time.sleep(0.3)
    second, shown_then = looking.after(replaced), looking.shows("Estuary")

    assert max(first, second) < 1
    assert shown_first
    assert shown_then


def test_a_broken_template_is_told_and_heals_by_itself(site: Site, looking: Looking) -> None:
    """The page names file and line; saved without the mistake, the letter is back."""
    file = site.folder / "own" / MASTHEAD
    text = file.read_text(encoding="utf-8")

    broke = looking.after(lambda: file.write_text(f"{text}{{% if %}}", encoding="utf-8"))
    where, page = looking.shows("masthead.mjml.j2, line", ""), looking.get("")
    time.sleep(0.3)
    mended = looking.after(lambda: file.write_text(text, encoding="utf-8"))

    assert max(broke, mended) < 1
    assert where
    assert 'id=live data-version="' in page
    assert looking.shows("iframe", "")


def test_saved_settings_count_at_once_and_wrong_ones_are_told(site: Site, looking: Looking) -> None:
    """Without starting anew; until they are mended the page says what is wrong with them."""
    settings = site.folder / "digest.toml"
    kept = settings.read_text(encoding="utf-8")

    wrong = looking.after(lambda: settings.write_text(f"{kept}[mail]\ntransport = 'pigeon'\n", encoding="utf-8"))
    told = looking.shows("mail.transport", "")
    time.sleep(0.3)
    right = looking.after(
        lambda: settings.write_text(f"{kept}[mail]\ntest_addresses = ['desk@example.org']\n", encoding="utf-8")
    )

    assert max(wrong, right) < 1
    assert told
    assert looking.shows("<option>desk@example.org</option>", "")


def test_a_saved_newsletters_file_shows_before_it_is_applied(site: Site, looking: Looking) -> None:
    """The page says that it is not applied yet; the rows stay as they are."""
    file = site.folder / "newsletters" / "social-care.toml"
    text = file.read_text(encoding="utf-8")
    renamed = re.sub(r'^name = ".*"$', 'name = "Tidewater Notes"', text, count=1, flags=re.MULTILINE)

    took = looking.after(lambda: file.write_text(renamed, encoding="utf-8"))

    assert took < 1
    assert looking.shows("Tidewater Notes")
    assert looking.shows("digest apply newsletters/social-care.toml", "")
    assert "Tidewater" not in site.run("export", "social-care").stdout


def test_so_it_does_on_postgresql(postgres: str, tmp_path: Path) -> None:
    """Where no file tells of it."""
    store = open_store(postgres, tmp_path)
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS looked_at")
        connection.exec_driver_sql("CREATE DATABASE looked_at")
    store.close()
    address = make_url(postgres).set(database="looked_at").render_as_string(hide_password=False)
    site = Site(tmp_path, {"DIGEST_DATABASE__URL": address, "DIGEST_WEB__BASE_URL": "http://127.0.0.1"})
    drafted(site)

    with looked_at(site) as looking:
        took = looking.after(lambda: site.run("curate", ISSUE, "--title", "What the tide left"))
        shown = looking.get("")

    assert took < 2
    assert "What the tide left" in shown


def test_a_test_is_sent_once_and_only_from_the_page_itself(site: Site, looking: Looking) -> None:
    """With the page's own token; what the transport said stands on the page one is led back to."""
    token = re.search(r'name="token" value="([^"]+)"', looking.get(""))
    assert token is not None
    to = {"to": "desk@example.org"}

    forged = httpx.post(f"{looking.address}test", data={**to, "token": "x"})
    sent = httpx.post(f"{looking.address}test?mode=dark", data={**to, "token": token[1]}, follow_redirects=True)
    refused = httpx.post(
        f"{looking.address}test", data={"to": "ruth@example.org", "token": token[1]}, follow_redirects=True
    )
    again = httpx.get(str(sent.url))

    assert forged.status_code == 403
    assert "The test to desk@example.org is a file" in sent.text
    assert "mode=dark" in str(sent.url)
    assert "is not on the list" in refused.text
    assert "desk@example.org is a file" in again.text
    assert len(list((site.folder / "outgoing").glob("*.eml"))) == 1


def test_a_test_is_sent_by_command(site: Site, looking: Looking) -> None:
    """As a reader gets it; to others than those on the list, not at all."""
    done = site.run("preview", ISSUE, "--send-test", "desk@example.org", "--as", "ruth@example.org")
    refused = site.run("preview", ISSUE, "--send-test", "ruth@example.org")
    alone = site.run("preview", ISSUE, "--as", "ruth@example.org")

    assert (done.returncode, refused.returncode, alone.returncode) == (0, 1, 2)
    assert "desk@example.org" in done.stdout
    assert "is not on the list of addresses for tests" in refused.stderr
