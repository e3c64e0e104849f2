"""Preview files: the views of the preview's page in a folder, to be opened without a server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from digest.flow.apply import export
from digest.flow.approve import reopen
from digest.model.finding import Finding, Severity
from digest.model.issue import IssueState
from digest.storage import issues, overrules
from digest.storage.overrules import Overruled
from digest.web.folders import MARK
from digest.web.preview_files import write_files
from tests.support.web_house import EMAIL, NOW, SCRIPT, Trial, tags, trial, words

ISSUE = "quay/2026-11"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        yield furnished


@pytest.fixture(scope="module")
def folder(house: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "letters"
    finding = Finding(check="tk", severity=Severity.WARNING, place="", what="“TK” is left.", remedy="Write it.")
    write_files(house.house, ISSUE, folder, findings=[finding])
    return folder


def linked(page: Path) -> set[Path]:
    """All that a page leads to or loads."""
    found = [
        str(value)
        for tag, attributes in tags(page.read_text())
        for name in ("href", "src")
        if tag in ("a", "iframe", "link") and (value := attributes.get(name))
    ]
    return {page.parent / unquote(each) for each in found if not each.startswith(("#", "data:", "http"))}


def written(folder: Path) -> list[Path]:
    """All files but the mark that says that the folder is ours."""
    return [path for path in folder.rglob("*") if path.is_file() and path != folder / MARK]


def test_every_link_leads_to_a_file_and_every_file_is_reached(folder: Path) -> None:
    """From the first page on, without a server; nothing is written that nobody can find."""
    reached, waiting = set[Path](), {folder / "index.html"}
    while waiting:
        page = waiting.pop().resolve()
        assert page.is_file(), page
        reached.add(page)
        # The letter's own links lead to its newsletter.
        if page.suffix == ".html" and not page.name.startswith(("letter-", "before-")):
            waiting |= {each for each in linked(page) if each.resolve() not in reached}

    assert reached == {path.resolve() for path in written(folder)}


def test_the_first_page_has_findings_samples_and_every_letter(folder: Path) -> None:
    """With its readers; names that are markup stay text."""
    page = (folder / "index.html").read_text()

    said = words(page)
    assert "Checks: 1 warning" in said
    assert "A reader of everything" in said
    assert "Who gets which letter" in said
    assert "Please confirm your subscription" in said
    assert SCRIPT not in page


def test_each_letter_is_there_in_every_view(folder: Path) -> None:
    """Light and dark, phone and desktop, text, source, headers, message, and beside the one before."""
    names = {path.name for path in (folder / "everything").iterdir()}

    pages = {"index.html", "desktop-dark.html", "phone-light.html", "phone-dark.html"}
    views = {"text.html", "source.html", "headers.html", "compare-light.html", "compare-dark.html"}
    assert pages | views | {"letter-light.html", "letter-dark.html", "letter.txt", "letter.eml"} <= names


def test_no_script_can_run_in_a_file(folder: Path) -> None:
    """The pages have none, and a letter's own policy and its frame let none in."""
    for page in folder.rglob("*.html"):
        assert all(tag != "script" for tag, _ in tags(page.read_text())), page
    letter = (folder / "everything" / "letter-light.html").read_text()
    assert "content=\"default-src 'none'; img-src https: data:; style-src 'unsafe-inline'\"" in letter


def test_as_many_letters_are_written_as_asked_for(house: Trial, tmp_path: Path) -> None:
    """The most read; the others are still listed and counted. Nothing of it is in the database."""
    before = house.dump()

    count = write_files(house.house, ISSUE, tmp_path / "few", most=1)

    assert sorted(path.name for path in (tmp_path / "few").glob("letter-*")) == ["letter-001", "letter-001-de"]
    assert count == len(written(tmp_path / "few"))
    assert house.dump() == before


def test_a_letter_is_there_in_every_language_and_each_leads_to_the_other(folder: Path) -> None:
    """From the first page and from each page of the letter to the same page of it."""
    first, english, german = (folder / name for name in ("index.html", "everything", "everything-de"))

    there, back = linked(english / "phone-dark.html"), linked(german / "phone-dark.html")

    assert {english / "index.html", german / "index.html"} <= linked(first)
    assert english / "../everything-de/phone-dark.html" in there
    assert german / "../everything/phone-dark.html" in back
    assert '<html lang="de"' in (german / "letter-light.html").read_text()
    assert '<html lang="en-GB"' in (english / "letter-light.html").read_text()
    assert {path.name for path in english.iterdir()} == {path.name for path in german.iterdir()}
    assert (folder / "welcome-de" / "index.html").is_file()


def test_the_first_page_says_what_was_overruled_and_what_is_not_applied(house: Trial, tmp_path: Path) -> None:
    """And when the issue goes out; no reader is named anywhere in the pages around the letters."""
    (tmp_path / "newsletters").mkdir()
    file = tmp_path / "newsletters" / "quay.toml"
    file.write_text(export(house.house, "quay").replace("quay@news.example.org", "tide@news.example.org"))
    with house.house.store.write() as connection:
        this = issues.find(connection, ISSUE)
        issues.move(connection, this, IssueState.APPROVED, approved_at=NOW, approved_by="Ruth")
        overrules.record(connection, this.id, [Overruled(check="tk", by="Ruth", at=NOW, what="")])
    finding = Finding(check="tk", severity=Severity.ERROR, place="", what="“TK” is left.", remedy="Write it.")

    write_files(house.house, ISSUE, tmp_path / "out", findings=[finding], site=tmp_path)
    said = words((tmp_path / "out" / "index.html").read_text())
    reopen(house.house, ISSUE)

    assert "Overruled: 1 error let go" in said
    assert "Ruth overruled “tk” on 20 November 2026 at 09:00." in said
    assert "newsletters/quay.toml is not applied as it stands; what differs is sender." in said
    assert "approved by Ruth. The next is due on 1 December 2026." in said
    assert EMAIL not in said
