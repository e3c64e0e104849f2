"""What of a newsletter's file is not applied, its lists of phrases included."""

from collections.abc import Callable
from pathlib import Path

import pytest

from digest.flow.apply import apply, export
from digest.flow.house import House
from digest.flow.unapplied import Unapplied, as_saved, file_of, unapplied

SLUG = "social-care"


@pytest.fixture
def file(social_care: House, tmp_path: Path) -> Path:
    """The newsletter's file in a site's folder, as it was applied."""
    folder = tmp_path / "newsletters"
    (folder / "phrases").mkdir(parents=True)
    (folder / "phrases" / "tides.txt").write_text("spring tide\n", encoding="utf-8")
    file = folder / "social-care.toml"
    text = export(social_care, SLUG).replace("[[topics]]", '[[topics]]\nphrases_from = "tides"', 1)
    file.write_text(text, encoding="utf-8")
    apply(social_care, file)
    return file


def said(house: House, file: Path) -> Unapplied | None:
    """What is said of the file."""
    with house.store.read() as connection:
        return unapplied(connection, SLUG, file)


def changed(file: Path, how: Callable[[str], str]) -> None:
    """Save the file otherwise."""
    file.write_text(how(file.read_text(encoding="utf-8")), encoding="utf-8")


def test_a_file_as_it_was_applied_is_nothing_to_say(social_care: House, file: Path) -> None:
    """Nor is it shown otherwise."""
    assert said(social_care, file) is None
    with social_care.store.read() as connection:
        assert as_saved(connection, SLUG, file) is None


def test_the_parts_that_differ_are_named(social_care: House, file: Path) -> None:
    """By the words of the file."""
    changed(file, lambda text: text.replace('name = "', 'name = "New ', 1).replace("day = 1", "day = 2", 1))

    found = said(social_care, file)

    assert found == Unapplied(file=file, differs=("name", "cadences"))


def test_a_changed_list_of_phrases_is_a_change_of_topics(social_care: House, file: Path) -> None:
    """Though the newsletter's own file is as it was."""
    (file.parent / "phrases" / "tides.txt").write_text("neap tide\n", encoding="utf-8")

    found = said(social_care, file)

    assert found is not None
    assert found.differs == ("topics",)


@pytest.mark.parametrize("broken", ["[", '[newsletter]\nslug = "social-care"\nhue = 3\n', "\udc80"])
def test_a_file_that_cannot_be_applied_says_why(social_care: House, file: Path, broken: str) -> None:
    """Instead of stopping whoever only looks."""
    file.write_bytes(broken.encode("utf-8", "surrogateescape"))

    found = said(social_care, file)

    assert found is not None
    assert not found.differs
    assert "social-care.toml" in found.trouble


def test_a_newsletters_file_is_found_by_what_it_says(file: Path) -> None:
    """Whatever it is called; where there is none, there is none."""
    renamed = file.rename(file.with_name("zz.toml"))
    (file.parent / "aa.toml").write_text('[newsletter]\nslug = "other"\n', encoding="utf-8")

    assert file_of(file.parents[1], SLUG) == renamed
    assert file_of(file.parents[1], "third") is None
    assert file_of(file.parent, SLUG) is None
