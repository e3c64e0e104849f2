"""Values in JSON: each is what its key promises, or the entry is refused in plain words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches

from digest.sources.sanitize import HTML_CAP

#: How a misspelt key is told from other problems.
UNKNOWN = "unknown key"
#: What tells a moment from a day in ISO 8601.
_DAY_LENGTH = len("2014-12-16")


class EntryError(Exception):
    """What is wrong with one entry; the reader adds which it is."""


def entry(value: object) -> Mapping[str, object]:
    """An entry: an object with keys."""
    if not isinstance(value, dict):
        raise EntryError("it is no object {…}")
    return value


def known(keys: Mapping[str, Callable[[str, object], object]], key: str) -> Callable[[str, object], object]:
    """The rule for a key; a misspelt one is refused rather than passed over."""
    if key not in keys:
        near = get_close_matches(key[:40], keys, n=1)
        raise EntryError(f"{UNKNOWN} “{key[:40]}”" + (f", perhaps “{near[0]}”" if near else ""))
    return keys[key]


def text(key: str, value: object) -> str | None:
    """A text or nothing."""
    if value is not None and not isinstance(value, str):
        raise EntryError(f"“{key}” must be a text")
    if value is not None and len(value) > HTML_CAP:
        raise EntryError(f"“{key}” is longer than {HTML_CAP:,} characters")
    return value


def texts(key: str, value: object) -> tuple[str, ...]:
    """A list of texts; nothing is an empty one."""
    if not isinstance(value, list | None) or not all(isinstance(part, str) for part in value or ()):
        raise EntryError(f"“{key}” must be a list of texts")
    return tuple(value or ())


def names(key: str, value: object) -> tuple[str, ...]:
    """The names in a list of objects with a name each, as JSON Feed has its authors."""
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise EntryError(f"“{key}” must be a list of objects")
    return tuple(text("name", part.get("name")) or "" for part in value)


def listed(value: object) -> tuple[str, ...]:
    """The texts that `texts` has let pass."""
    return tuple(str(part) for part in value) if isinstance(value, Iterable) else ()


def number(key: str, value: object) -> int | None:
    """A whole number from 0 up to ten millions, or nothing."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10_000_000:
        raise EntryError(f"“{key}” must be a whole number, 0 or more")
    return value


def truth(key: str, value: object) -> bool:
    """True, false or nothing."""
    if not isinstance(value, bool | None):
        raise EntryError(f"“{key}” must be true or false")
    return bool(value)


def language(value: object) -> str | None:
    """A tag of a language; nothing when it is none."""
    return value if isinstance(value, str) and value else None


def moment(key: str, value: object) -> date | datetime | None:
    """A day (2014-12-16), an instant with its zone (2014-12-16T09:30:00Z), or nothing."""
    if value is None:
        return None
    given = text(key, value) or ""
    try:
        when = date.fromisoformat(given) if len(given) <= _DAY_LENGTH else datetime.fromisoformat(given)
    except ValueError as exc:
        raise EntryError(f"“{given[:40]}” in “{key}” is no date like 2014-12-16") from exc
    if isinstance(when, datetime) and when.tzinfo is None:
        raise EntryError(f"“{given}” in “{key}” has no time zone; write it as {given}Z or with +01:00")
    return when
