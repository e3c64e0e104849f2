"""Calendars: how a language names months and weekdays, and whether it puts the day or the month first."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_].{1,40})?", re.IGNORECASE)
_EDGES = ".,’'"
_WIDTHS = ("wide", "abbreviated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What dates in a language are made of; English names are always among them."""

    #: Names of months, and their short forms, in lower case without points, with their numbers.
    months: Mapping[str, int]
    weekdays: frozenset[str]
    #: Whether 3/2/2014 is in February; None when the language alone does not tell.
    day_first: bool | None = None


@lru_cache(maxsize=64)
def calendar_of(language: str) -> Calendar:
    """The calendar of a language by its tag; the English one, of no country, for an unknown one."""
    locale = _locale(language)
    known = [each for each in (_locale("en"), _locale("en-GB"), locale) if each]
    months = {name: number for each in known for name, number in _months(each)}
    weekdays = frozenset(name for each in known for name in _weekdays(each))
    return Calendar(months=months, weekdays=weekdays, day_first=_day_first(locale))


def _locale(language: str) -> Locale | None:
    """What Babel knows of a language, or of a wider one: “en-Latn-GB”, “cy-GB”, “cy”."""
    tag = _TAG.fullmatch(language.strip())
    for parts in (tag.groups(), (tag[1], tag[3]), (tag[1],)) if tag else ():
        with suppress(UnknownLocaleError, ValueError):
            return Locale.parse("_".join(filter(None, parts)))
    return None


def _months(locale: Locale) -> Iterator[tuple[str, int]]:
    """Every name of a month; of names such as “de gener” the word that tells it."""
    for width in _WIDTHS:
        for number, given in locale.months["format"][width].items():
            name = re.split(r"[\s’']", str(given).casefold())[-1].strip(_EDGES)
            if name and not name[0].isdecimal():
                yield name, number


def _weekdays(locale: Locale) -> Iterator[str]:
    for width in _WIDTHS:
        for given in locale.days["format"][width].values():
            yield from str(given).casefold().replace(".", "").split()


def _day_first(locale: Locale | None) -> bool | None:
    """As the language has it; English has both, so it must say of which country it is."""
    if locale is None or (locale.language == "en" and not locale.territory):
        return None
    shape = re.sub(r"[^dMy]", "", str(locale.date_formats["short"].pattern))
    return None if shape.startswith("y") else shape.index("d") < shape.index("M")
