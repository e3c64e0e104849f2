"""What the README says, done as a newcomer would."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.processes import ROOT, Site


def commands() -> list[list[str]]:
    """The commands of the README's walk through the main job."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## The main job by hand\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None
    lines = [line.partition("   #")[0].strip() for line in block[1].splitlines()]
    return [shlex.split(part.strip()) for line in lines for part in line.split("&&")]


def test_the_main_job_by_hand_works_as_the_readme_says(tmp_path: Path) -> None:
    """Each line, in its order, from an empty folder to an archive."""
    folder = tmp_path
    for words in commands():
        if words[0] == "cd":
            folder = folder / words[1]
            continue
        arguments = words[1:]
        if arguments[0] == "preview":
            arguments += ["--out", "preview"]
        done = Site(folder).run(*arguments)
        assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr}"

    assert len(list((folder / "outgoing").glob("*.eml"))) == 1
    assert (folder / "public" / "index.html").is_file()


def test_the_sample_of_a_saved_page_is_the_one_that_init_writes() -> None:
    """As far as the README shows it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(.*?)```", text, re.DOTALL)

    assert shown is not None
    assert (ROOT / "config" / "sample-news.txt").read_text(encoding="utf-8").startswith(shown[1])


def test_every_page_of_the_docs_is_listed() -> None:
    """What nobody is led to is not read."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"](docs/{page.name})" not in text] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page: Path) -> None:
    """A page that is named is there."""
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
