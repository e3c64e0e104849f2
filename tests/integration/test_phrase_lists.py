"""Lists of phrases that topics share, a phrase a line."""

from pathlib import Path

import pytest

from digest.errors import SettingsRefused
from digest.flow.apply import apply, export, read_file
from digest.flow.house import House
from digest.resources import folder

FILE = """
[newsletter]
slug = "news"
name = "News"

[sender]
name = "News"
address = "news@example.org"

[[topics]]
slug = "carers"
name = "Carers"
{lines}
"""


def written(to: Path, lines: str) -> Path:
    """A newsletter's file with a topic that has these lines."""
    file = to / "news.toml"
    file.write_text(FILE.format(lines=lines), encoding="utf-8")
    return file


def with_list(to: Path, text: str, name: str = "carers") -> None:
    """A list beside the newsletter's file."""
    (to / "phrases").mkdir(exist_ok=True)
    (to / "phrases" / f"{name}.txt").write_text(text, encoding="utf-8")


def test_a_list_beside_the_file_goes_before_the_programs(tmp_path: Path) -> None:
    """A phrase a line; empty lines and those that begin with # say nothing."""
    with_list(tmp_path, "# Ours\n\nsitter*\n  respite^2  \n")

    (topic,) = read_file(written(tmp_path, 'phrases_from = "carers"')).topics

    assert topic.phrases == ("sitter*", "respite^2")


def test_the_programs_lists_need_no_copy(tmp_path: Path) -> None:
    """A newsletter may lie anywhere."""
    (topic,) = read_file(written(tmp_path, 'phrases_from = "carers"')).topics

    shipped = (folder("config") / "phrases" / "carers.txt").read_text(encoding="utf-8").splitlines()
    assert topic.phrases == tuple(line for line in shipped if not line.startswith("#"))


def test_a_topics_own_phrases_overrule_the_list(tmp_path: Path) -> None:
    """With another weight, or against, a phrase stands once, as the topic has it."""
    with_list(tmp_path, "sitter*\nrespite\ncarer*\n")

    (topic,) = read_file(written(tmp_path, 'phrases = ["respite^3", "-carer*"]\nphrases_from = "carers"')).topics

    assert topic.phrases == ("respite^3", "-carer*", "sitter*")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('phrases_from = "knitting"', "no list of phrases called “knitting”"),
        ('phrases_from = "../../etc/passwd"', "no list of phrases called"),
        ('phrases_from = ["carers"]', "it names one list"),
        ('phrases = "respite"\nphrases_from = "carers"', "it names one list"),
        ('phrases_form = "carers"', "“topics.phrases_form” is not a key"),
    ],
)
def test_a_mistake_is_named_with_the_file(tmp_path: Path, lines: str, said: str) -> None:
    """Nothing is read that lies elsewhere."""
    with pytest.raises(SettingsRefused, match=f"news\\.toml: .*{said}"):
        read_file(written(tmp_path, lines))


def test_a_phrase_of_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """As one in the file itself would be."""
    with_list(tmp_path, "titel:respite\n")

    with pytest.raises(SettingsRefused, match="titel"):
        read_file(written(tmp_path, 'phrases_from = "carers"'))


def test_an_export_has_the_phrases_themselves_and_changes_nothing(house: House, tmp_path: Path) -> None:
    """So it can be taken to another machine."""
    with_list(tmp_path, "sitter*\n")
    apply(house, written(tmp_path, 'phrases_from = "carers"'))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "out.toml").write_text(export(house, "news"), encoding="utf-8")

    assert apply(house, elsewhere / "out.toml") == []
    assert '"sitter*"' in export(house, "news")
