"""Values from outside: each is what its key promises, or its entry is refused in plain words; all entries or none."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NamedTuple, NoReturn, TypeVar

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources.sanitize import HTML_CAP, clean_link, fold

Entry = Mapping[str, object]
Rule = Callable[[str, object], object]
_T = TypeVar("_T")

#: How a misspelt key is told from other problems.
UNKNOWN = "unknown key"
#: What tells a moment from a day in ISO 8601.
_DAY_LENGTH = len("2014-12-16")
#: Problems named at once; the rest is counted.
_MOST_NAMED = 5


class EntryError(Exception):
    """What is wrong with one entry; the reader adds which it is."""


class Place(NamedTuple):
    """Where an entry stands: "entry 2", or the line of a table."""

    name: str
    line: int | None = None


def loaded(text: str) -> Any:
    """What a text says in JSON; UnreadableSource names the line of a slip."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except json.JSONDecodeError as exc:
        what = f"the JSON is broken at column {exc.colno}: {exc.msg}."
        raise UnreadableSource(what, line=exc.lineno, remedy="Correct it.") from exc
    except (ValueError, RecursionError) as exc:
        remedy = "Check how the file was made."
        raise UnreadableSource("the JSON holds a number or a nesting beyond all reason.", remedy=remedy) from exc


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def all_of_list(
    entries: Iterable[object],
    item: Callable[[Entry], FoundItem],
    keys: Iterable[str] = (),
    *,
    some_will_do: bool = False,
) -> list[FoundItem]:
    """Every object of a list as an item, or UnreadableSource with every problem by the number of its entry; where
    `some_will_do`, only if there is not one without.

    `keys` are those an entry may have, to be told to whoever misspells one.
    """
    numbered = ((Place(f"entry {number}"), each) for number, each in enumerate(entries, 1))
    return all_or_none(numbered, lambda each: item(entry(each)), keys, some_will_do=some_will_do)


def all_or_none(
    entries: Iterable[tuple[Place, _T]],
    item: Callable[[_T], FoundItem],
    keys: Iterable[str] = (),
    *,
    some_will_do: bool = False,
) -> list[FoundItem]:
    """Every entry as an item, or UnreadableSource with every problem by the place of its entry; where `some_will_do`,
    only if there is not one without."""
    items: list[FoundItem] = []
    problems: list[tuple[Place, str]] = []
    for place, each in entries:
        try:
            items.append(item(each))
        except EntryError as exc:
            problems.append((place, str(exc)))
        except UnreadableSource as exc:
            problems.append((place, exc.what.rstrip(".")))
    if problems and not (some_will_do and items):
        raise _refusal(problems, keys)
    return items


def _refusal(problems: list[tuple[Place, str]], keys: Iterable[str]) -> UnreadableSource:
    more = len(problems) - _MOST_NAMED
    named = "; ".join(f"{place.name}: {what}" for place, what in problems[:_MOST_NAMED])
    named += f"; and {more} more" if more > 0 else ""
    remedy = f"The keys of an entry are: {', '.join(keys)}." if UNKNOWN in named and keys else ""
    line = problems[0][0].line
    # The error itself names the line.
    shown = named.removeprefix(f"line {line}: ") if line else named
    return UnreadableSource(f"{shown}.", line=line, remedy=remedy or "Correct this; nothing was read.")


def entry(value: object) -> Entry:
    """An entry: an object with keys."""
    if not isinstance(value, dict):
        raise EntryError("it is no object {…}")
    return value


def known(keys: Mapping[str, Rule], key: str) -> Rule:
    """The rule for a key; a misspelt one is refused rather than passed over."""
    if key not in keys:
        raise EntryError(f"{UNKNOWN} “{key[:40]}”{perhaps(keys, key)}")
    return keys[key]


def perhaps(keys: Iterable[str], key: str) -> str:
    """What a misspelt key may have been meant for, to be said behind it."""
    near = get_close_matches(key[:40], list(keys), n=1)
    return f", perhaps “{near[0]}”" if near else ""


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


def web_link(value: object, base: str | None) -> str | None:
    """An address of the web, or nothing."""
    if not value:
        return None
    link = clean_link(str(value), base)
    if link is None:
        raise EntryError(f"“{fold(str(value))[:80]}” is no web address")
    return link
