"""Dates on pages: as machines write them, and as people do in the page's language; never one that is guessed at."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from itertools import dropwhile

from digest.sources.calendars import Calendar, calendar_of
from digest.sources.sanitize import fold

#: A line longer than this says more than a date.
LINE = 160
YEAR = re.compile(r"\d{4}")
_MOST_WORDS = 14
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE)
_MAIL = re.compile(r"(?:[A-Za-z]{3},\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d")
_EASTERN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})")
_JOINED = re.compile(r"(?<=\d)[/-](?=[^\W\d])|(?<=[^\W\d])[/-](?=\d)")
_TIME = re.compile(r"\d{1,2}(?:[:.h]\d\d){1,2}(?:z|h|[ap]\.?m)?|\d{1,2}(?:[ap]\.?m|h)|[ap]\.?m")
_NUMBER = re.compile(r"(\d{4}|\d{1,2})(?:[^\W\d_]{1,3}|[ºª°])?")
_ARTICLE = re.compile(r"[dl][’'](?=\w)")
_EDGES = ".,;:()[]“”\"'"
_BETWEEN = re.compile(r"\s*[|·•»\n()]\s*|\s+[–—-]\s+")
_SPAN = re.compile(r"\d\D{0,20}\s[–—-]\s\D{0,12}\d")
_RANGE = frozenset({"-", "–", "—", "to", "until", "till", "bis", "au", "al", "tan"})
#: What a date may be of that is not the day on which something was published.
_OTHERWISE = frozenset({"closing", "deadline", "event", "starts", "begins", "ends", "expires", "due", "from", "until"})
# Words that may stand with a date and say nothing else: of the day, of the hour, and that something was published.
_FILLERS = """
    of the on at o de del der den dem dhen le la el il op am ar do da di a à um om alle las kl uhr г года r roku h
    gmt bst utc cet cest est edt
    date dated datum fecha data dyddiad published posted created added issued released updated modified last publication
    publié publiée mis en ligne veröffentlicht erstellt publicado publicada em pubblicato gepubliceerd geplaatst
    cyhoeddwyd postiwyd diweddarwyd foilsithe opublikowano نشر في تاريخ بتاريخ النشر פורסם
"""
_SAYING_NOTHING = frozenset(_FILLERS.split())
#: What the words of a date are, in the orders that people have: day, month, year.
_ORDERS = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReader:
    """Reads dates as a page in one language has them."""

    calendar: Calendar
    #: Whether 3/2/2014 is in February; None when nobody can know.
    day_first: bool | None

    def of(self, text: str) -> date | None:
        """The day that a text names if it says nothing else, be it with a weekday, a time or a “Published”."""
        if len(text) > LINE or not YEAR.search(text):
            return None
        line = _JOINED.sub(" ", fold(text))
        if eastern := _EASTERN.fullmatch(line):
            return _day(int(eastern[1]), int(eastern[2]), int(eastern[3]))
        words = [word.casefold().strip(_EDGES) for word in line.split(" ", _MOST_WORDS)]
        telling = [word for word in words if word and word not in _SAYING_NOTHING and not _TIME.fullmatch(word)]
        days = [word for word in telling if word not in self.calendar.weekdays]
        if len(days) == 1:
            return self._numeric(days[0])
        # In some languages a weekday is called like a month (“mar.”, “Mawrth”), but only it stands before the day.
        after = list(dropwhile(self.calendar.weekdays.__contains__, telling))
        return self._worded(days) or self._worded(after)

    def among(self, text: str) -> date | None:
        """The day in a line of which other parts, kept apart by bars, dots or dashes, say other things."""
        if len(text) > LINE or not YEAR.search(text):
            return None
        if whole := self.of(text) or (self.of(text.partition(": ")[0]) if ": " in text else None):
            return whole
        parts = _BETWEEN.split(text)
        days = [day for part in parts if (day := self.of(part))] if len(parts) > 1 else []
        # “31 August – 3 September 2014” is no day, and neither is it two.
        return days[0] if len(days) == 1 and not _SPAN.search(text) else None

    def within(self, text: str) -> date | None:
        """The one day in a line of small print, as in “Posted on 3 May 2014 by Ann Lee in News”."""
        if day := self.among(text):
            return day
        words = fold(text).split() if len(text) <= LINE else []
        if any(word.casefold().strip(_EDGES) in _OTHERWISE for word in words):
            return None
        found = {day for end in range(len(words)) if (day := self._ending(words, end))}
        return found.pop() if len(found) == 1 else None

    def settled(self, lines: Iterable[str]) -> "DateReader":
        """The same, knowing what the page's own dates show of the order of days and months."""
        orders = {order for line in lines if (order := _order(line)) is not None}
        return replace(self, day_first=orders.pop()) if len(orders) == 1 else self

    def _ending(self, words: list[str], end: int) -> date | None:
        """The day whose last word, or only one as in 2014-05-03, stands at `end`, if what is before lets it begin."""
        for begin in range(end, max(end - 5, -1), -1) if YEAR.search(words[end]) else ():
            day = self.of(" ".join(words[begin : end + 1]).strip(_EDGES))
            if day and (begin == 0 or _lets_begin(words[begin - 1])):
                return day
        return None

    def _worded(self, words: list[str]) -> date | None:
        """The day in three words such as “3rd”, “May”, “2014”, in any of the usual orders."""
        kinds = [self._kind(word) for word in words] if len(words) == 3 else []
        order = _ORDERS.get("".join(kind for kind, _ in kinds))
        return _day(*(kinds[place][1] for place in order)) if order else None

    def _kind(self, word: str) -> tuple[str, int]:
        """Whether a word is a year, a month or a day, and which; neither for any other."""
        if number := _NUMBER.fullmatch(word):
            return "y" if len(number[1]) == 4 else "d", int(number[1])
        name = _ARTICLE.sub("", word, count=1)
        # Hebrew writes “in May” as one word.
        month = self.calendar.months.get(name) or self.calendar.months.get(name.removeprefix("ב"))
        return ("m", month) if month else ("", 0)

    def _numeric(self, word: str) -> date | None:
        if iso := _YEAR_FIRST.fullmatch(word):
            return _day(int(iso[1]), int(iso[3]), int(iso[4]))
        parts = _NUMERIC.fullmatch(word)
        if parts is None:
            return None
        first, second, year = int(parts[1]), int(parts[3]), int(parts[4])
        shown = _order(word)
        # Points part days and months in countries that put the day first, and in no other.
        order = shown if shown is not None else (True if parts[2] == "." else self.day_first)
        if order is None:
            return _day(year, first, second) if first == second else None
        return _day(year, second, first) if order else _day(year, first, second)


def reader_for(language: str) -> DateReader:
    """The reader of dates in a language by its tag; of English ones, too, and of these alone where it is unknown."""
    calendar = calendar_of(language)
    return DateReader(calendar=calendar, day_first=calendar.day_first)


def machine_date(text: str) -> date | datetime | None:
    """A moment as `datetime` attributes, JSON-LD and meta elements have it: an instant with its zone, else a day."""
    given = text.strip()
    iso = _ISO.match(given) if len(given) <= 60 else None
    with suppress(ValueError, OverflowError):
        if iso is None:
            return _mail_date(given)
        if iso[1] and iso.end() == len(given):
            whole = given.replace(",", ".").replace(" ", "T", 1).replace(" ", "")
            return datetime.fromisoformat(whole.upper())
        return date.fromisoformat(given[:10])
    return None


def _mail_date(text: str) -> datetime | None:
    """An instant as in mail headers, which some pages have."""
    if len(text) > 60 or not _MAIL.match(text):
        return None
    when = parsedate_to_datetime(text)
    return when if when.tzinfo else None


def _lets_begin(word: str) -> bool:
    """Whether a date may follow a word: in “Posted 12 May 2014” it may, in “Room 12 May 2014” it does not."""
    bare = word.casefold().strip(_EDGES)
    return bare not in _RANGE and (not bare.isalnum() or bare in _SAYING_NOTHING or word[-1] in ",;:)")


def _order(text: str) -> bool | None:
    """Whether a date in numbers can only have its day first, or only second."""
    numeric = _NUMERIC.search(text)
    if numeric is None or (int(numeric[1]) > 12) == (int(numeric[3]) > 12):
        return None
    return int(numeric[1]) > 12


def _day(year: int, month: int, day: int) -> date | None:
    with suppress(ValueError):
        return date(year, month, day) if 1900 <= year < 2200 else None
    return None
