"""Unapplied: a newsletter as its file has it, before that is applied; for a draft to be looked at in that way."""

import tomllib
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from digest.flow.apply import read_file
from digest.storage import newsletters
from digest.storage.newsletters import Publication


def is_about(file: Path, slug: str) -> bool:
    """Whether a file describes a newsletter; one that cannot be read does if it bears the newsletter's name."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return file.stem == slug
    described = raw.get("newsletter")
    return isinstance(described, dict) and described.get("slug") == slug


def as_saved(connection: Connection, slug: str, file: Path) -> Publication | None:
    """The newsletter with what its file says of it; None where that is what is kept already. Raises SettingsRefused.

    Where its items are filed changes only by applying: topics that the file adds are empty, those it drops are last.
    """
    wanted, kept = read_file(file), newsletters.load(connection, slug)
    named = {topic.slug for topic in wanted.topics}
    sources = {source.slug: source for source in (*kept.sources, *wanted.sources)}
    if (wanted.newsletter, wanted.topics, wanted.sources) == (kept.newsletter, kept.topics, kept.sources):
        return None
    return replace(
        kept,
        newsletter=wanted.newsletter,
        topics=(*wanted.topics, *(topic for topic in kept.topics if topic.slug not in named)),
        sources=tuple(sources.values()),
    )
