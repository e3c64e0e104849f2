"""Unapplied: a newsletter as its file has it, before that is applied; for a draft to be looked at in that way."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sqlalchemy import Connection

from digest.errors import SettingsRefused
from digest.flow.apply import NewsletterFile, read_file
from digest.model.newsletter import Newsletter
from digest.storage import newsletters
from digest.storage.newsletters import Publication

#: Where in a site's folder the newsletters' files lie.
FOLDER = "newsletters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unapplied:
    """A file that says something else than what is kept."""

    file: Path
    #: The parts of the file that differ, in its own words: "sender", "topics"; none where it cannot be read.
    differs: tuple[str, ...] = ()
    #: What is wrong with it; empty for nothing.
    trouble: str = ""


def is_about(file: Path, slug: str) -> bool:
    """Whether a file describes a newsletter; one that cannot be read does if it bears the newsletter's name."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return file.stem == slug
    described = raw.get("newsletter")
    return isinstance(described, dict) and described.get("slug") == slug


def file_of(folder: Path, slug: str) -> Path | None:
    """The newsletter's file in a site's folder; None where it has none there."""
    files = (file for file in sorted((folder / FOLDER).glob("*.toml")) if file.is_file())
    return next((file for file in files if is_about(file, slug)), None)


def unapplied(connection: Connection, slug: str, file: Path) -> Unapplied | None:
    """In what a newsletter's file differs from what is kept, lists of phrases beside it included; None for nothing."""
    try:
        differs = tuple(_differing(newsletters.load(connection, slug), read_file(file)))
    except SettingsRefused as problem:
        return Unapplied(file=file, trouble=str(problem))
    return Unapplied(file=file, differs=differs) if differs else None


def as_saved(connection: Connection, slug: str, file: Path) -> Publication | None:
    """The newsletter with what its file says of it; None where that is what is kept already. Raises SettingsRefused.

    Where its items are filed changes only by applying: topics that the file adds are empty, those it drops are last.
    """
    wanted, kept = read_file(file), newsletters.load(connection, slug)
    named = {topic.slug for topic in wanted.topics}
    sources = {source.slug: source for source in (*kept.sources, *wanted.sources)}
    if not any(_differing(kept, wanted)):
        return None
    return replace(
        kept,
        newsletter=wanted.newsletter,
        topics=(*wanted.topics, *(topic for topic in kept.topics if topic.slug not in named)),
        sources=tuple(sources.values()),
    )


def _differing(kept: Publication, wanted: NewsletterFile) -> Iterator[str]:
    for field in fields(Newsletter):
        if getattr(kept.newsletter, field.name) != getattr(wanted.newsletter, field.name):
            yield field.name
    if kept.topics != wanted.topics:
        yield "topics"
    if kept.sources != wanted.sources:
        yield "sources"
