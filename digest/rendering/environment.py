"""The Jinja2 environment: templates of ours and of a deployer, on plain values, in a sandbox."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import CodeType

from jinja2 import BytecodeCache, FileSystemLoader, StrictUndefined, TemplateSyntaxError
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import BadTemplate
from digest.rendering.columns import underlined, wrapped
from digest.rendering.phrases import ENGLISH, Phrases


class _Translations(BytecodeCache):
    """Templates as they were translated to Python, for every environment of this process that reads the same text."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """The translation of this file, if it was of the text that stands there now."""
        checksum, code = self._kept.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it in place of what the file was before."""
        self._kept[bucket.key] = bucket.checksum, bucket.code


# Each language has its own: a filter of a value that stands in the template is reckoned once, while it is translated.
@lru_cache
def _translations(_tag: str) -> _Translations:
    return _Translations()


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Templates that speak one language."""

    #: What they say where numbers, dates and names are in it.
    phrases: Phrases = ENGLISH


def environment(folders: Sequence[Path], phrases: Phrases = ENGLISH) -> TemplateEnvironment:
    """Finds templates in the folders, the first folder that has one wins: put a deployer's before ours."""
    env = TemplateEnvironment(
        loader=FileSystemLoader(list(folders)),
        autoescape=_escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=_translations(phrases.tongue.tag),
    )
    env.phrases = phrases
    env.filters.update(longdate=_longdate(phrases), wrapped=wrapped, underlined=underlined)
    env.install_gettext_translations(phrases.tongue.catalogue, newstyle=True)  # type: ignore[attr-defined]
    return env


def render(env: ImmutableSandboxedEnvironment, name: str, context: Mapping[str, object]) -> str:
    """The rendered template. Raises BadTemplate that names the file and line."""
    try:
        return env.get_template(name).render(context)
    except Exception as exc:  # a deployer's template may raise anything: a missing name, a division, a forbidden call
        what = f"{_where(exc, name)}: {exc}" if str(exc) else f"{_where(exc, name)}: {type(exc).__name__}"
        raise BadTemplate(
            what, remedy="Mend the template, or remove your copy to use the one that is shipped."
        ) from exc


def _escapes(name: str | None) -> bool:
    return name is None or not name.endswith(".txt.j2")


def _longdate(phrases: Phrases) -> Callable[[str], str]:
    return lambda day: phrases.long_date(date.fromisoformat(day))


def _where(exc: Exception, name: str) -> str:
    """File and line. Jinja2 rewrites tracebacks so that frames of templates carry the template's own file and line."""
    if isinstance(exc, TemplateSyntaxError):
        return f"{exc.filename or exc.name or name}, line {exc.lineno}"
    lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(exc.__traceback__)]
    ours = [(file, line) for file, line in lines if file.endswith(".j2")]
    return f"{ours[-1][0]}, line {ours[-1][1]}" if ours else name
