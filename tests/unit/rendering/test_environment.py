"""The templates' environment: plain values in a sandbox, and errors that say where."""

from pathlib import Path

import pytest

from digest.errors import BadTemplate
from digest.rendering.environment import environment, render
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import Tongues
from digest.resources import folder


def rendered(where: Path, text: str, name: str = "t.html.j2", **values: object) -> str:
    (where / name).write_text(text)
    return render(environment([where]), name, values)


@pytest.mark.parametrize(
    "trick",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ block.__globals__ }}",
        "{{ [].append.__self__.__class__ }}",
        "{{ items.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(block) }}",
        "{{ ''|attr('__class__') }}",
        "{{ lipsum.__globals__['os'] }}",
    ],
)
def test_the_sandbox_refuses_tricks(tmp_path: Path, trick: str):
    """Whoever may write a template may not run code with it, nor change what others render."""
    with pytest.raises(BadTemplate):
        rendered(tmp_path, trick, block=lambda key: key, items=[1])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("one\n{% if %}", r"t\.html\.j2, line 2"),
        ("one\ntwo\n{{ nobody }}", r"t\.html\.j2, line 3: 'nobody' is undefined"),
        ("{{ 1 // 0 }}", r"t\.html\.j2, line 1: .*by zero"),
        ("\n{% include 'missing.j2' %}", r"t\.html\.j2, line 2: 'missing\.j2' not found"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, text: str, complaint: str):
    """And says what to do."""
    with pytest.raises(BadTemplate, match=complaint + r"[^\n]*Mend the template"):
        rendered(tmp_path, text)


def test_an_error_in_an_included_part_names_the_part(tmp_path: Path):
    """Not the template that includes it."""
    (tmp_path / "part.html.j2").write_text("\n\n{{ nobody }}")

    with pytest.raises(BadTemplate, match=r"part\.html\.j2, line 3"):
        rendered(tmp_path, "{% include 'part.html.j2' %}")


def test_a_missing_template_is_a_bad_template(tmp_path: Path):
    """By its name."""
    with pytest.raises(BadTemplate, match=r"missing\.html\.j2"):
        render(environment([tmp_path]), "missing.html.j2", {})


def test_html_is_escaped_and_text_is_not(tmp_path: Path):
    """By the template's name."""
    assert rendered(tmp_path, "{{ v }}", "t.html.j2", v="<b>") == "&lt;b&gt;"
    assert rendered(tmp_path, "{{ v }}", "t.mjml.j2", v="<b>") == "&lt;b&gt;"
    assert rendered(tmp_path, "{{ v }}", "t.txt.j2", v="<b>") == "<b>"


def test_filters_for_dates_and_columns(tmp_path: Path):
    """What templates need beyond Jinja2's own."""
    text = "{{ '2026-03-03' | longdate }}\n{{ 'A title' | underlined }}\n{{ ('• ' ~ 'word ' * 20) | wrapped }}"

    assert rendered(tmp_path, text, "t.txt.j2").splitlines() == [
        "3 March 2026",
        "A title",
        "-------",
        "• " + " ".join(["word"] * 14),
        "  " + " ".join(["word"] * 6),
    ]


def test_a_link_longer_than_a_line_stays_whole(tmp_path: Path):
    """A broken link leads nowhere."""
    link = "https://example.org/" + "x" * 100

    assert rendered(tmp_path, "{{ v | wrapped }}", "t.txt.j2", v=f"See {link} now") == f"See\n{link}\nnow"


def test_a_template_that_was_changed_is_read_as_it_is_now(tmp_path: Path):
    """What is kept of a translation is kept of that text alone, however soon the next one stands in its place."""
    assert [rendered(tmp_path, text) for text in ("one", "two", "one")] == ["one", "two", "one"]


def test_files_of_one_name_in_two_folders_stay_two(tmp_path: Path):
    """A deployer's copy is translated by itself."""
    for name in ("ours", "own"):
        (tmp_path / name).mkdir()
    texts = {"ours": "{{ v }}", "own": "{{ v }}!"}

    assert [rendered(tmp_path / name, text, v=1) for name, text in texts.items()] == ["1", "1!"]


def test_a_date_that_stands_in_a_template_is_said_in_each_language(tmp_path: Path):
    """It is reckoned while the template is translated, so each language has translations of its own."""
    (tmp_path / "t.txt.j2").write_text("{{ '2026-03-03' | longdate }}")
    tongues = Tongues([folder("templates")])

    said = [render(environment([tmp_path], Phrases(tongues.of(tag))), "t.txt.j2", {}) for tag in ("en-GB", "de")]

    assert said == ["3 March 2026", "3. März 2026"]
