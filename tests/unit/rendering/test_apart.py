"""Templates in a child process: one that takes without measure is refused, and this process stays as it was."""

import os
import resource
import threading
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from digest.errors import BadTemplate
from digest.rendering import apart
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.environment import TemplateEnvironment, environment
from digest.resources import folder
from tests.unit.rendering.samples import CONTENT

PART = "email/parts/footer.mjml.j2"


def with_more(tmp_path: Path, more: str) -> TemplateEnvironment:
    """The templates that come with the program, with more in the footer."""
    (tmp_path / PART).parent.mkdir(parents=True)
    (tmp_path / PART).write_text((folder("templates") / PART).read_text() + more)
    return environment([tmp_path, folder("templates")])


@pytest.mark.parametrize(
    ("greedy", "complaint"),
    [
        ("{{ 'a' * 10**9 }}", "MemoryError"),
        ("{{ 'a' | center(10**9) }}", "MemoryError"),
        ("{{ '%0999999999d' | format(1) }}", "MemoryError"),
        ("{{ '{:>999999999}'.format(1) }}", "MemoryError"),
        ("{% set n = namespace(x='a') %}{% for _ in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "MemoryError"),
        ("{% for _ in range(9999) %}<mj-raw>{{ 'a' * 999 }}</mj-raw>{% endfor %}", "says more than a letter can hold"),
        ("{% for _ in range(99999) %}{% for _ in range(9999) %}{% endfor %}{% endfor %}", "took more time"),
        ("{{ 10 ** (10 ** 9) }}", "took more time|MemoryError"),
        ("{% include 'email/parts/footer.mjml.j2' %}", "recursion|took more time"),
    ],
)
def test_a_template_that_takes_without_measure_is_refused(tmp_path: Path, greedy: str, complaint: str):
    """Within seconds; and this process takes no more memory than before."""
    env = with_more(tmp_path, greedy)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BadTemplate, match=complaint):
        compile_issue(CONTENT, env)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_threads_that_compile_at_once_get_what_one_gets(env: TemplateEnvironment, blocks: dict[str, Block]):
    """A preview is asked for by several people, and no child is left behind."""
    found: list[dict[str, Block]] = []
    before = children()
    threads = [threading.Thread(target=lambda: found.append(compile_issue(CONTENT, env))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [blocks] * 4
    assert children() == before


def children() -> set[str]:
    """The processes that this one has begun and not yet seen end, of whatever thread."""
    return {pid for each in Path("/proc/self/task").glob("*/children") for pid in each.read_text().split()}


def test_a_template_that_was_changed_is_read_again(tmp_path: Path):
    """An editor of templates looks at the preview after every change."""
    env = with_more(tmp_path, "")
    compile_issue(CONTENT, env)
    (tmp_path / PART).write_text("{{ nobody }}")
    os.utime(tmp_path / PART, (1, 1))

    with pytest.raises(BadTemplate, match=r"footer\.mjml\.j2, line 1: 'nobody' is undefined"):
        compile_issue(CONTENT, env)


def test_a_child_that_took_too_long_for_once_is_made_again(
    tmp_path: Path, blocks: dict[str, Block], monkeypatch: pytest.MonkeyPatch
):
    """A machine that stood still counts that as time of the child's; no issue may fail of it."""
    slow = "{% for _ in range(2000) %}{% for _ in range(1000) %}{% endfor %}{% endfor %}"
    limits, tries = cycle([1e-6, 9.0]), []
    made = apart._child

    def child(answer: Callable[[], bytes], signs: int) -> tuple[bytes | None, int]:
        monkeypatch.setattr(apart, "_SECONDS", next(limits))
        tries.append(signs)
        return made(answer, signs)

    monkeypatch.setattr(apart, "_child", child)

    assert compile_issue(CONTENT, with_more(tmp_path, slow)) == blocks
    assert len(tries) > len(("HTML", "text"))
